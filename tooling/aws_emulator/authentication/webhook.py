"""TokenReview over HTTP on loopback, for the API server's `--authentication-token-webhook-config-file`.

Tokens are neither logged nor echoed.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tooling.aws_emulator.authentication.identity import user_of
from tooling.aws_emulator.authentication.token import TokenRefused
from tooling.aws_emulator.determinism import STATE_LOCK

_LARGEST_BODY = 1 << 20
_log = logging.getLogger(__name__)


def reviewed(review: dict[str, Any]) -> dict[str, Any]:
    """Answers an `authentication.k8s.io/v1` TokenReview; the cause of a refusal is in `status.error`."""
    try:
        with STATE_LOCK:
            user = user_of(review["spec"]["token"], now=datetime.datetime.now(datetime.UTC))
        status = {"authenticated": True, "user": dataclasses.asdict(user)}
    except TokenRefused as refusal:
        _log.info("token refused: %s", refusal)
        status = {"authenticated": False, "error": str(refusal)}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # the name is the base class's
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= _LARGEST_BODY:
            self._answer(400, {"error": "not a TokenReview"})
            return
        try:
            review = json.loads(self.rfile.read(length))
            if review["kind"] != "TokenReview" or not isinstance(review["spec"]["token"], str):
                raise ValueError("not a TokenReview")
        except (ValueError, KeyError, TypeError):
            self._answer(400, {"error": "not a TokenReview"})
            return
        self._answer(200, reviewed(review))

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        _log.debug(format, *args)


class WebhookServer(ThreadingHTTPServer):
    """Bound on construction; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)

"""A proxy in front of the emulated AWS that answers faults instead, or loses the answer to what was carried out.

It takes the lane's own AWS port in the lane's record, so that every client of the lane comes by; the emulation stays
where it is. Loopback only, and gone with its `with`.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tooling.aws_emulator.actions import named_action
from tooling.lane.ports import free_ports

WRITES = r"(?!Describe|List|Get|Head|Assume|GET|HEAD).*"
"""The actions that change something."""

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to requests whose action matches.

    Attributes:
        action: regular expression for the whole of the action's name, or of `<METHOD> <path>` where AWS names none.
        status: HTTP status; 0: the connection breaks without an answer.
        code: AWS' error code.
        share: of the requests that match.
        after: this many matching requests pass first.
        times: no more than this many of the next ones are concerned.
        of_each_action: `after` and `times` count the requests of one action, not of all that match.
        carried_out: the request reaches AWS all the same, and its answer is lost.
        delay_seconds: before anything else.
    """

    action: str = ".*"
    status: int = 500
    code: str = "InternalError"
    message: str = "An injected fault"
    share: float = 1.0
    after: int = 0
    times: int = 1_000_000
    of_each_action: bool = False
    carried_out: bool = False
    delay_seconds: float = 0.0


class AwsProxy:
    """`faults` may be set at any time; the first that matches a request decides."""

    def __init__(self, port: int, backend_port: int) -> None:
        self.port = port
        self.faults: tuple[Fault, ...] = ()
        self.injected: Counter[str] = Counter()
        """Faults by `<code> <action>`."""
        self.seen: Counter[str] = Counter()
        self._matched: Counter[tuple[Fault, str]] = Counter()
        self._random = random.Random(20261124)
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                pass

            def answer(self) -> None:
                proxy.serve(self, backend_port)

        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"):
            setattr(Handler, f"do_{method}", Handler.answer)
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True

    def set(self, *faults: Fault) -> None:
        with self._lock:
            self.faults = faults
            self.injected.clear()
            self.seen.clear()
            self._matched.clear()

    def serve(self, handler: BaseHTTPRequestHandler, backend_port: int) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        path, _, query = handler.path.partition("?")
        action = named_action(path, query, headers, body) or f"{handler.command} {path}"
        fault = self._fault(action)
        if fault is not None:
            time.sleep(fault.delay_seconds)
            if fault.carried_out:
                self._forward(handler, backend_port, body)
            if fault.status == 0:
                handler.close_connection = True
                return
            answer = self._refusal(headers, fault)
        else:
            answer = self._forward(handler, backend_port, body)
        status, answer_headers, content = answer
        handler.send_response_only(status)
        for name, value in answer_headers:
            handler.send_header(name, value)
        if handler.command != "HEAD":
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    def _fault(self, action: str) -> Fault | None:
        if action.startswith("GET /tiers/"):
            return None
        with self._lock:
            self.seen[action] += 1
            for fault in self.faults:
                if re.fullmatch(fault.action, action):
                    counted = (fault, action if fault.of_each_action else "")
                    self._matched[counted] += 1
                    concerned = fault.after < self._matched[counted] <= fault.after + fault.times
                    if concerned and self._random.random() < fault.share:
                        self.injected[f"{fault.code} {action}"] += 1
                        return fault
        return None

    @staticmethod
    def _forward(handler: BaseHTTPRequestHandler, port: int, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP}
            connection.request(handler.command, handler.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            if handler.command == "HEAD" and answer.getheader("Content-Length"):
                kept.append(("Content-Length", str(answer.getheader("Content-Length"))))
            return answer.status, kept, content
        finally:
            connection.close()

    @staticmethod
    def _refusal(headers: dict[str, str], fault: Fault) -> tuple[int, list[tuple[str, str]], bytes]:
        """In the shape that the request's protocol reads."""
        kind = headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            error = f"<Error><Code>{fault.code}</Code><Message>{escape(fault.message)}</Message></Error>"
            # EC2 reads the first form, the others of the `query` family the second.
            ec2 = "/ec2/" in headers.get("authorization", "")
            text = (
                f"<Response><Errors>{error}</Errors></Response>" if ec2 else f"<ErrorResponse>{error}</ErrorResponse>"
            )
            return fault.status, [("Content-Type", "text/xml")], text.encode()
        if "/s3/" in headers.get("authorization", ""):
            text = f"<Error><Code>{fault.code}</Code><Message>{escape(fault.message)}</Message></Error>"
            return fault.status, [("Content-Type", "application/xml")], text.encode()
        document = json.dumps({"__type": fault.code, "message": fault.message})
        return fault.status, [("Content-Type", "application/json"), ("x-amzn-ErrorType", fault.code)], document.encode()


@contextmanager
def proxied_aws(lane_directory: Path) -> Iterator[AwsProxy]:
    """Puts a proxy before the emulated AWS of a running lane, and takes it away again."""
    record = lane_directory / "lane.json"
    before = record.read_text()
    document: dict[str, Any] = json.loads(before)
    (port,) = free_ports(1)
    proxy = AwsProxy(port, document["ports"]["aws"])
    document["ports"]["aws"] = port
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    try:
        record.write_text(json.dumps(document))
        yield proxy
    finally:
        record.write_text(before)
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join()

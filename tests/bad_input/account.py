"""An AWS on loopback that says whose credentials it was shown, and takes note of everything else that it is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{account}:user/somebody</Arn><UserId>AIDA</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
_REFUSAL = "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


class Aws(ThreadingHTTPServer):
    """`caller`: the account that it answers with, or the code of an error."""

    def __init__(self, caller: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.caller = caller
        self.asked: list[str] = []
        """Actions other than GetCallerIdentity, which changes nothing."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def aws(caller: str) -> Iterator[Aws]:
    server = Aws(caller)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Aws  # pyright: ignore[reportIncompatibleVariableOverride]  socketserver sets it to whoever made us

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        action = parse_qs(body).get("Action", [f"{self.command} {self.path}"])[0]
        known = self.server.caller.isdigit()
        if action != "GetCallerIdentity":
            self.server.asked.append(action)
        text = _IDENTITY.format(account=self.server.caller) if known else _REFUSAL.format(code=self.server.caller)
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815  the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in http.server
        """Says nothing: what was asked is in `asked`."""

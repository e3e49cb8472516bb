"""The WSGI application around moto: one request at a time, changes journalled, the journal replayed at start.

Also answers `GET /tiers/health`, turns moto's crash for an action it lacks into a refusal by name, and begins a new
journal when moto's `/moto-api/reset` empties the account. A request that waits (a long poll on a queue) makes the
others wait: the platform has none.
"""

from __future__ import annotations

import datetime
import io
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wsgi import get_input_stream

from tooling.aws_emulator import determinism
from tooling.aws_emulator.actions import changes_account, named_action
from tooling.aws_emulator.authorization.guard import refusal_of
from tooling.aws_emulator.callers import Caller, access_key_in, caller_of, root_of, serving
from tooling.aws_emulator.federation import pod_identity
from tooling.aws_emulator.journal import Entry, Journal
from tooling.aws_emulator.refusals import not_modelled

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

RESET_PATH = "/moto-api/reset"
HEALTH_PATH = "/tiers/health"

_SECRET_HEADERS = frozenset({"authorization", "x-amz-security-token", "cookie"})
_CONNECTION_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "expect", "accept-encoding"})

_log = logging.getLogger(__name__)


@dataclass
class _Answer:
    body: bytes = b""
    status: str = "500 Internal Server Error"
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def code(self) -> int:
        return int(self.status.split(" ", 1)[0])

    def start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], None]:
        self.status, self.headers = status, list(headers)
        return lambda _: None


class Application:
    """Args:
    journal: open; replayed by `replay` before the first request is served.
    after_change: called, with the lock held, after each journalled request and after a reset.
    health: what `/tiers/health` adds to the facts about the journal.
    """

    def __init__(
        self, journal: Journal, *, after_change: Callable[[], None], health: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._journal = journal
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._after_change = after_change
        self._health = health
        self._number = 0
        self._replayed = 0
        self._diverged: list[int] = []
        self._ready = False

    def replay(self) -> None:
        """Serves the journal's requests again. One that now gets another status is remembered for the health answer."""
        for entry in self._journal.entries:
            self._number = entry.number
            caller = Caller(arn=entry.caller, account=entry.account, principal_id=entry.account)
            environ = _environ_of(entry)
            with determinism.STATE_LOCK:
                answer = self._numbered(environ, entry.number, entry.time, caller)
            if answer.code != entry.status:
                self._diverged.append(entry.number)
                _log.error("request %d: %s when replayed, %s before", entry.number, answer.code, entry.status)
        self._replayed = len(self._journal.entries)
        self._journal.entries = []
        self._ready = True
        self._after_change()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == HEALTH_PATH:
            answer = self._health_answer()
        else:
            body = get_input_stream(environ).read()
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            with determinism.STATE_LOCK:
                answer = self._served(environ, body)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _served(self, environ: Environ, body: bytes) -> _Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        headers = _headers_of(environ)
        action = named_action(path, environ.get("QUERY_STRING", ""), headers, body)
        if path == RESET_PATH and method == "POST":
            return self._reset(environ)
        try:
            refusal = refusal_of(environ, body)
        except Exception:
            _log.exception("%s %s %s", method, path, action)
            return _failed()
        if refusal is not None:
            return _Answer(**refusal)
        if pod_identity.asked(environ):
            return _Answer(**pod_identity.served(environ, body))
        if not changes_account(method, action):
            determinism.unnumbered_request()
            return self._asked_of_moto(environ, action)
        caller = caller_of(access_key_in(environ.get("HTTP_AUTHORIZATION", "")))
        account = headers.get("x-moto-account-id", caller.account)
        if account != caller.account:
            caller = root_of(account)
        number, now = self._number + 1, datetime.datetime.now(datetime.UTC)
        self._number = number
        answer = self._numbered(environ, number, now, caller)
        entry = Entry(
            number=number,
            at=now.isoformat(),
            method=method,
            target=environ["RAW_URI"],
            headers=_journalled_headers(headers, account),
            body=body,
            account=account,
            caller=caller.arn,
            status=answer.code,
        )
        try:
            self._journal.append(entry)
        except OSError as error:
            # Memory now holds what the journal does not. Ending unanswered leaves what a kill would leave: the account
            # as of the last request that was acknowledged.
            _log.critical("request %d cannot be journalled, ending: %s", number, error)
            os._exit(1)
        self._after_change()
        return answer

    def _numbered(self, environ: Environ, number: int, at: datetime.datetime, caller: Caller) -> _Answer:
        action = named_action(environ["PATH_INFO"], environ.get("QUERY_STRING", ""), _headers_of(environ), b"")
        # A service is imported when it is first asked for, and may draw while it is.
        self._moto.get_application(environ)
        with determinism.numbered_request(self._journal.salt, number, at), serving(caller):
            return self._asked_of_moto(environ, action)

    def _asked_of_moto(self, environ: Environ, action: str) -> _Answer:
        answer = _Answer()
        try:
            answer.body = b"".join(self._moto(environ, answer.start))
        except NotImplementedError as error:
            answer = _Answer(**not_modelled(environ.get("CONTENT_TYPE", ""), action, str(error)))
        except Exception:
            _log.exception("%s %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], action)
            answer = _failed()
        return answer

    def _reset(self, environ: Environ) -> _Answer:
        answer = self._asked_of_moto(environ, "")
        self._journal.truncate()
        determinism.set_salt(self._journal.salt)
        self._number = 0
        self._after_change()
        return answer

    def _health_answer(self) -> _Answer:
        facts = {
            "state": "ready" if self._ready else "replaying",
            "replayed": self._replayed,
            "diverged": self._diverged,
            "dropped_line": self._journal.dropped_line,
            "requests": self._number,
            **self._health(),
        }
        body = json.dumps(facts).encode("utf-8")
        return _Answer(body=body, status="200 OK", headers=[("Content-Type", "application/json")])


def _failed() -> _Answer:
    return _Answer(status="500 Internal Server Error", body=b"the emulated AWS failed; see emulator.log")


def _headers_of(environ: Environ) -> dict[str, str]:
    """Names in lower case; S3 metadata names keep the spelling that moto needs."""
    kept: Mapping[str, str] = environ.get("moto.preserved_header_names") or {}
    headers: dict[str, str] = {}
    for key, value in environ.items():
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH") or key.startswith("HTTP_"):
            name = kept.get(key) or key.removeprefix("HTTP_").replace("_", "-").lower()
            headers[name] = value
    return headers


def _journalled_headers(headers: Mapping[str, str], account: str) -> dict[str, str]:
    journalled = {
        name: value
        for name, value in headers.items()
        if name not in _SECRET_HEADERS and name not in _CONNECTION_HEADERS
    }
    journalled["x-moto-account-id"] = account
    scope = headers.get("authorization", "").partition(", Signature=")[0]
    if scope:
        # moto finds service and region here; without the signature nobody can use it.
        journalled["authorization"] = scope
    return journalled


def _environ_of(entry: Entry) -> Environ:
    """The WSGI environment that the server made of the request, PEP 3333."""
    target = urlsplit(entry.target)
    environ: Environ = {
        "REQUEST_METHOD": entry.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
        "QUERY_STRING": target.query,
        "REQUEST_URI": entry.target,
        "RAW_URI": entry.target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(entry.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(entry.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    preserved: dict[str, str] = {}
    for name, value in entry.headers.items():
        key = name.upper().replace("-", "_")
        if "_" in name:
            preserved[f"HTTP_{key}"] = name
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if preserved:
        environ["moto.preserved_header_names"] = preserved
    return environ

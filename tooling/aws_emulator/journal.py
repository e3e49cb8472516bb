"""The account on disk: every request that changed it, in order, one JSON line each.

The first line has the salt of the account's ids and moto's version, since another version gives other ids for the
same requests. A line is with the kernel before its request is answered, so `kill -9` loses nothing that was
acknowledged. Not its business: what a request means, or replaying it.
"""

from __future__ import annotations

import base64
import datetime
import errno
import fcntl
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from shared.errors import PlatformError, Refused

_FORMAT = 1
_ROOM_SECONDS = 3.0
"""Several times what `tooling.runner.ballast` takes to see that the disk is full."""
_ROOM_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One journalled request.

    `number` seeds its ids, `at` is its time (ISO 8601, UTC), `target` is path and query as sent, `headers` go without
    what authenticates, `caller` is the ARN that sent it, `account` that ARN's account, `status` the HTTP status it got.
    """

    number: int
    at: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    account: str
    caller: str
    status: int

    @property
    def time(self) -> datetime.datetime:
        return datetime.datetime.fromisoformat(self.at)

    def line(self) -> bytes:
        fields = asdict(self)
        try:
            fields["body"] = self.body.decode("utf-8")
        except UnicodeDecodeError:
            del fields["body"]
            fields["body_base64"] = base64.b64encode(self.body).decode("ascii")
        return json.dumps(fields, separators=(",", ":")).encode("utf-8") + b"\n"


class Journal:
    """The open journal of one directory. Not safe for threads: its one user holds the state lock.

    Raises:
        Refused: another emulator has it open.
        PlatformError: it was written by another moto, or a line that is not the last one cannot be read.
    """

    def __init__(self, path: Path, *, moto_version: str) -> None:
        self.path = path
        self._moto_version = moto_version
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise Refused(
                "emulator-running",
                "another emulated AWS keeps this journal",
                at=str(path),
                hint="tiers local status",
            ) from error
        self.salt = ""
        self.entries: list[Entry] = []
        self.dropped_line = False
        self._load()

    def append(self, entry: Entry) -> None:
        self._write(entry.line())

    def truncate(self) -> None:
        """Begins a new account: other ids, no entries."""
        self.entries = []
        self._file.truncate(0)
        self._write_head()

    def close(self) -> None:
        self._file.close()

    def _load(self) -> None:
        content = self._file.read()
        lines = content.split(b"\n")
        if lines.pop():
            # The process was killed while it wrote: the request was not answered, so nobody counts on it.
            self.dropped_line = True
            self._file.truncate(len(content) - len(content.rsplit(b"\n", 1)[-1]))
        if not lines:
            self._write_head()
            return
        head = self._parsed(lines[0], 1)
        if head.get("journal") != _FORMAT or head.get("moto") != self._moto_version:
            raise PlatformError(
                "journal-of-another-version",
                f"moto {head.get('moto')} wrote the journal, and moto {self._moto_version} would give other ids",
                at=str(self.path),
                hint="tiers local reset",
            )
        self.salt = head["salt"]
        self.entries = [self._entry(line, index) for index, line in enumerate(lines[1:], start=2)]

    def _write_head(self) -> None:
        self.salt = secrets.token_hex(16)
        head = {"journal": _FORMAT, "moto": self._moto_version, "salt": self.salt}
        self._write(json.dumps(head).encode("utf-8") + b"\n")

    def _write(self, line: bytes) -> None:
        """Waits a moment for room on a full disk: a running operation has some put aside, and gives it up."""
        left, deadline = memoryview(line), time.monotonic() + _ROOM_SECONDS
        while left:
            try:
                left = left[os.write(self._file.fileno(), left) :]
            except OSError as error:
                if error.errno != errno.ENOSPC or time.monotonic() > deadline:
                    raise
                time.sleep(_ROOM_POLL_SECONDS)

    def _parsed(self, line: bytes, index: int) -> dict[str, Any]:
        try:
            return json.loads(line)
        except ValueError as error:
            raise PlatformError(
                "journal-damaged", f"line {index} is not JSON", at=str(self.path), hint="tiers local reset"
            ) from error

    def _entry(self, line: bytes, index: int) -> Entry:
        fields = self._parsed(line, index)
        encoded = fields.pop("body_base64", None)
        body = base64.b64decode(encoded) if encoded is not None else fields.pop("body").encode("utf-8")
        return Entry(**fields, body=body)

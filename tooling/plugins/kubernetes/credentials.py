"""Turns a connection's identity into a bearer token, and keeps exec tokens until they expire.

A program that prints tokens may take a second, so its token is shared by all connections of this process that run the
same program with the same arguments and environment against the same server; two users never share one. Tokens are kept
in memory only and appear in no message. `aws eks get-token` itself is not run where `eks_token` knows what it would
say.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import BadInput, PlatformError
from tooling.plugins.kubernetes import eks_token
from tooling.plugins.kubernetes.kubeconfig import WHERE, Connection, ExecPlugin

EXPIRY_MARGIN = timedelta(seconds=30)
"""A token this close to its end is not handed out: the request would arrive too late. Picked by feeling."""
EXEC_TIMEOUT = timedelta(seconds=60)


@dataclass
class _Slot:
    """One exec user's token; the lock makes parallel requests run the program once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str | None = None
    expires: datetime | None = None


_slots: dict[tuple[ExecPlugin, str], _Slot] = {}
_slots_lock = threading.Lock()


def bearer_token(connection: Connection) -> str | None:
    """The token to send, or `None` for an identity that is a client certificate.

    Raises:
        PlatformError: `exec-plugin-missing`, `exec-plugin-failed`.
        BadInput: `kubeconfig-invalid`, if the token file cannot be read.
    """
    if connection.exec_plugin is not None:
        return _exec_token(connection.exec_plugin, connection.server)
    if connection.token:
        return connection.token
    if connection.token_file is None:
        return None
    try:
        return connection.token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput(
            "kubeconfig-invalid",
            f"the kubeconfig's token file cannot be read ({error.strerror})",
            at=str(connection.token_file),
            hint="check `tokenFile` of the kubeconfig's user",
        ) from error


def forget(connection: Connection, token: str) -> bool:
    """Drops an exec token that the API server rejected; returns whether a new one can help."""
    if connection.exec_plugin is None:
        return False
    slot = _slot(connection.exec_plugin, connection.server)
    with slot.lock:
        if slot.token == token:
            slot.token = None
    return True


def _slot(plugin: ExecPlugin, server: str) -> _Slot:
    with _slots_lock:
        return _slots.setdefault((plugin, server), _Slot())


def _exec_token(plugin: ExecPlugin, server: str) -> str:
    slot = _slot(plugin, server)
    with slot.lock:
        fresh = slot.expires is None or slot.expires - EXPIRY_MARGIN > datetime.now(UTC)
        if slot.token is None or not fresh:
            slot.token, slot.expires = _run(plugin, server)
        return slot.token


def _run(plugin: ExecPlugin, server: str) -> tuple[str, datetime | None]:
    environment = {**os.environ, **dict(plugin.environment)}
    command_line = shlex.join([plugin.command, *plugin.arguments])
    program = shutil.which(plugin.command, path=environment.get("PATH"))
    if program is None:
        raise PlatformError(
            "exec-plugin-missing",
            f"the kubeconfig's credential plug-in `{plugin.command}` is not installed",
            at=WHERE,
            hint=plugin.install_hint or f"install `{plugin.command}` and put it on PATH",
        )
    request = eks_token.request_of(plugin, program, environment)
    if request is not None:
        # Where it fails, the command fails too, and says why in its own words.
        with contextlib.suppress(BotoCoreError, ClientError):
            return eks_token.token(request)
    info: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        info["cluster"] = {"server": server}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(
        {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": info}
    )
    try:
        done = subprocess.run(
            [program, *plugin.arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=EXEC_TIMEOUT.total_seconds(),
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _failed(command_line, type(error).__name__) from error
    if done.returncode != 0:
        raise _failed(command_line, f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    try:
        status = json.loads(done.stdout)["status"]
        token = str(status["token"])
        expires = status.get("expirationTimestamp")
        return token, datetime.fromisoformat(expires) if expires else None
    except (ValueError, KeyError, TypeError):
        # What it printed may be the token: nothing of it is passed on.
        raise _failed(command_line, "it printed no ExecCredential with a `status.token`") from None


def _failed(command_line: str, reason: str) -> PlatformError:
    return PlatformError(
        "exec-plugin-failed",
        f"the kubeconfig's credential plug-in failed: {reason}",
        at=WHERE,
        hint=f"run it by hand, with the `env` that the kubeconfig gives it: {command_line}",
    )

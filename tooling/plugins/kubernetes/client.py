"""HTTP to one API server: a request, and the lines of a watch. What the requests mean is not its business.

The `kubernetes` package's client is not used: it takes a second to import, and its dynamic client asks the server for
all kinds one group at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from shared.errors import PlatformError
from tooling.plugins.kubernetes import credentials
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.kubeconfig import Connection

APPLY_PATCH = "application/apply-patch+yaml"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
USER_AGENT = "pulumi-kubernetes-local-lane"

CONNECT_TIMEOUT = timedelta(seconds=30)
"""TLS included: an API server that stalls for a while accepts connections and says nothing."""
REQUEST_TIMEOUT = timedelta(seconds=60)
"""The API server ends its own requests after 60 s (`--request-timeout`)."""


class ApiError(Exception):
    """The API server's own refusal (meta/v1 Status). `failures.explain` makes it readable.

    Args:
        status: HTTP status code.
        reason: the machine-readable reason, e.g. `AlreadyExists`; empty if the answer was no Status.
        message: the server's sentence, whole.
        details: `Status.details`: kind and name of the object, and `causes`.
    """

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details
        super().__init__(f"{status} {reason}: {message}")


class Unreachable(PlatformError):
    """The API server does not answer at all."""

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(
            "kubernetes-unreachable",
            f"the Kubernetes API server at {server} is unreachable: {reason}",
            at="`kubeconfig` of the kubernetes provider",
            hint="start the local lane again: tiers local up\n"
            "if the cluster is gone for good, drop its objects from the state: set `deleteUnreachable` on the provider "
            "or PULUMI_K8S_DELETE_UNREACHABLE=true, and refresh",
        )


class Client:
    """Thread-safe; one pool of connections."""

    def __init__(self, connection: Connection, *, timeout: timedelta | None = None) -> None:
        self.connection = connection
        self._timeout = timeout or REQUEST_TIMEOUT
        self._pool = _pool(connection)
        self._prefix = urlsplit(connection.server).path.rstrip("/")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        """Sends one request and decodes the answer.

        Raises:
            ApiError: for a status of 400 and above.
            Unreachable: if no answer came.
            PlatformError: what `credentials.bearer_token` raises.
        """
        headers = {"Accept": accept, "Content-Type": content_type}
        response = self._send(method, path, query or {}, body, headers, self._timeout)
        return json.loads(response.data) if response.data else {}

    def text(self, path: str, *, query: Mapping[str, str] | None = None) -> str:
        """The answer to a GET as it is: a pod's log is no JSON. Raises: as `request`."""
        response = self._send("GET", path, query or {}, None, {"Accept": "*/*"}, self._timeout)
        return response.data.decode(errors="replace")

    def watch(
        self, path: str, query: Mapping[str, str], *, lasting: timedelta, cancellation: Cancellation
    ) -> Iterator[dict[str, Any]]:
        """Yields the watch's events until the server ends it, which it does after `lasting`.

        A connection that breaks ends the iteration too: the caller lists and watches again.

        Raises:
            ApiError, Unreachable: as `request`. Cancelled: at Cancel.
        """
        seconds = max(1, int(lasting.total_seconds()))
        query = {**query, "watch": "true", "timeoutSeconds": str(seconds)}
        patience = timedelta(seconds=seconds + 15)
        response = self._send("GET", path, query, None, {"Accept": JSON}, patience, stream=True)
        try:
            with cancellation.lend(response):
                yield from _lines(response)
            cancellation.check()
        finally:
            # Not given back to the pool: the rest of the stream would be read by the next request.
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
        headers: Mapping[str, str],
        timeout: timedelta,
        *,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        target = self._prefix + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        for attempt in (1, 2):
            token = credentials.bearer_token(self.connection)
            response = self._exchange(method, target, data, self._headers(headers, token), timeout, stream)
            refused = response.status == 401 and token is not None and attempt == 1
            if not (refused and credentials.forget(self.connection, token or "")):
                break
            response.drain_conn()
        if response.status >= 400:
            raise _api_error(response.status, response.read() if stream else response.data)
        return response

    def _exchange(
        self,
        method: str,
        target: str,
        data: bytes | None,
        headers: urllib3.HTTPHeaderDict,
        timeout: timedelta,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        limits = urllib3.Timeout(connect=CONNECT_TIMEOUT.total_seconds(), read=timeout.total_seconds())
        try:
            return self._pool.urlopen(
                method, target, body=data, headers=headers, timeout=limits, preload_content=not stream
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
            raise Unreachable(self.connection.server, _network_reason(cause)) from error

    def _headers(self, headers: Mapping[str, str], token: str | None) -> urllib3.HTTPHeaderDict:
        complete = urllib3.HTTPHeaderDict(headers)
        complete["User-Agent"] = USER_AGENT
        if token:
            complete["Authorization"] = f"Bearer {token}"
        if self.connection.impersonated_user:
            complete["Impersonate-User"] = self.connection.impersonated_user
        for group in self.connection.impersonated_groups:
            complete.add("Impersonate-Group", group)
        return complete


def _pool(connection: Connection) -> urllib3.HTTPConnectionPool:
    parts = urlsplit(connection.server)
    # Too many requests come with a Retry-After, and are sent again; nothing else is.
    retries = urllib3.Retry(
        total=None, connect=0, read=0, redirect=0, status=5, status_forcelist=[429], allowed_methods=None
    )
    host = parts.hostname or ""
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(host, parts.port or 80, maxsize=16, retries=retries)
    return urllib3.HTTPSConnectionPool(
        host,
        parts.port or 443,
        maxsize=16,
        retries=retries,
        ssl_context=_tls(connection),
        server_hostname=connection.server_name,
        assert_hostname=connection.server_name if connection.verify else False,
    )


def _tls(connection: Connection) -> ssl.SSLContext:
    authority = connection.certificate_authority
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if connection.client_certificate and connection.client_key:
        # OpenSSL takes a client certificate from a file only; the file lives for this one call.
        descriptor, name = tempfile.mkstemp(suffix=".pem")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(connection.client_certificate + b"\n" + connection.client_key)
            context.load_cert_chain(name)
        finally:
            Path(name).unlink()
    return context


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[dict[str, Any]]:
    pending = b""
    # A broken stream and one that Cancel shut look alike, and neither is an error here.
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
        for chunk in response.stream(65536):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def _api_error(status: int, data: bytes) -> ApiError:
    try:
        answer = json.loads(data)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        return ApiError(status, "", data.decode(errors="replace").strip()[:300], {})
    return ApiError(status, answer.get("reason", ""), answer.get("message", ""), answer.get("details") or {})


def _network_reason(error: object) -> str:
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"TLS failed ({error})"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "connection refused" if "refused" in str(error) else str(error).rsplit(": ", 1)[-1]
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "it did not answer in time"
    return str(error)[:200]

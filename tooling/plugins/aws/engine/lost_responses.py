"""Requests whose response was lost: a 5xx, a broken connection, a timeout. AWS may have carried them out.

botocore retries such a request, as the released plug-in's SDK does. For most requests this is right: they are
idempotent, or the retry is refused as a duplicate. Creations that AWS does not refuse the second time (a VPC, an
Elastic IP address, a key) are not retried, since that could leave an object which is in no state. They raise
`ResponseLost`, and so does a retry that is refused as a duplicate; `lifecycle` then looks for the resource.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
)

_NEVER_REPEATED = {
    "ec2": re.compile(r"(Create(?!Tags$|Route$|LaunchTemplateVersion$)|Allocate|Run|Request)"),
    "kms": re.compile(r"CreateKey$"),
}
"""Operations that would create a second object, by service. EC2 offers client tokens for only a few of them."""

_FAILED = frozenset({500, 502, 503, 504})
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
_THROTTLED = re.compile(r"(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded)")
_DUPLICATE = re.compile(
    r"(AlreadyExist|EntityAlreadyExists|Duplicate|AlreadyAssociated|AlreadyOwnedByYou|ResourceInUse|Conflict)"
)


class ResponseLost(Exception):
    """`cause` is the last error; with `repeated`, the request was retried and refused as a duplicate."""

    def __init__(self, cause: ClientError | BotoCoreError, *, repeated: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.repeated = repeated


class LostResponses:
    """Mixin of botocore clients. Clients are shared by threads, but each request belongs to one thread."""

    meta: Any

    _seen = threading.local()

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        LostResponses._seen.lost = False
        try:
            return super()._make_api_call(operation_name, api_params)  # type: ignore[misc]
        except (ClientError, BotoCoreError) as error:
            if LostResponses._seen.lost:
                duplicate = isinstance(error, ClientError) and is_duplicate(error)
                if duplicate or never_repeated(self.meta.service_model.service_name, operation_name):
                    raise ResponseLost(error, repeated=duplicate) from error
            raise


@contextmanager
def repeats_are_done() -> Iterator[None]:
    """Wraps a request without a result of interest: a retry that is refused as a duplicate counts as success."""
    try:
        yield
    except ResponseLost as lost:
        if not lost.repeated:
            raise


def watch(
    operation: Any, response: tuple[Any, dict[str, Any]] | None, caught_exception: Exception | None, **_: object
) -> bool | None:
    """Handler of botocore's event `needs-retry`: records a lost response; returns False to prevent a retry."""
    if not _lost(response, caught_exception):
        return None
    LostResponses._seen.lost = True
    return False if never_repeated(operation.service_model.service_name, operation.name) else None


def never_repeated(service: str, operation: str) -> bool:
    pattern = _NEVER_REPEATED.get(service)
    return pattern is not None and pattern.match(operation) is not None


def is_duplicate(error: ClientError) -> bool:
    return _DUPLICATE.search(str(error.response.get("Error", {}).get("Code", ""))) is not None


def _lost(response: tuple[Any, dict[str, Any]] | None, caught: Exception | None) -> bool:
    """Whether AWS may have carried out a request without a proper response."""
    if response is None:
        return isinstance(caught, HTTPClientError) and not isinstance(caught, _NEVER_SENT)
    http, parsed = response
    code = str(parsed.get("Error", {}).get("Code", ""))
    return http.status_code in _FAILED and _THROTTLED.search(code) is None

"""Downloads from release sites: a mirror in their place, proxies, retries, resumption. Knows no program.

`requests` obeys the usual variables of proxies and certificates. A file is written to a part that a killed or failed
download leaves behind; the next one asks for the rest of it. Nothing is trusted here: `released` verifies checksums.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, ProtocolError

from shared.environment_variables import TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from shared.errors import BadInput, PlatformError
from tooling.lane.ports import is_loopback

Report = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole file; 0 if the server does not say."""

_CONNECT_SECONDS, _SILENCE_SECONDS = 10.0, 60.0
_CHUNK_BYTES = 1 << 16
"""A connection that breaks loses what it has brought of one chunk."""
_PROGRESS_BYTES = 1 << 20
"""An interrupted connection that has brought this much begins counting retries again."""

_RETRY = Retry(
    total=4,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    status_forcelist=(408, 429, 500, 502, 503, 504),
    raise_on_status=False,
    retry_after_max=60,
)
_BREAKS = (
    exceptions.ChunkedEncodingError,
    exceptions.ConnectionError,
    exceptions.ContentDecodingError,
    exceptions.Timeout,
)
"""What ends a body that had begun."""


class Downloads:
    """One session. `mirror` stands in for every release site: a site's host name is the first part of the path."""

    def __init__(self, mirror: str = "", *, retry: Retry = _RETRY) -> None:
        self._mirror = checked_mirror(mirror)
        self._retry = retry
        self._session = requests.Session()
        # Otherwise a server may compress what it sends, and "from byte n" would count something else.
        self._session.headers["Accept-Encoding"] = "identity"
        adapter = HTTPAdapter(max_retries=retry)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        self._session.close()

    def text(self, url: str) -> str:
        """A small file.

        Raises:
            PlatformError: `release-unreachable` or `release-missing`.
        """
        try:
            with self._get(url) as answer:
                return answer.text
        except _BREAKS as error:
            raise _unreachable(self._address(url), type(error).__name__) from error

    def file(self, url: str, part: Path, report: Report) -> None:
        """Completes `part`, which may have a beginning of the file already.

        Raises:
            PlatformError: `release-unreachable` or `release-missing`; the part is kept.
        """
        retry = self._retry
        while True:
            before = _size(part)
            try:
                with self._get(url, offset=before) as answer:
                    if answer.status_code != requests.codes.requested_range_not_satisfiable:
                        _receive(answer, part, before, report)
                        return
                    if answer.headers.get("Content-Range") == f"bytes */{before}":
                        return  # all of it is there already
                    part.unlink(missing_ok=True)
            except _BREAKS as error:
                if _size(part) - before >= _PROGRESS_BYTES:
                    retry = self._retry
                try:
                    retry = retry.increment("GET", url, error=ProtocolError(str(error)))
                except MaxRetryError:
                    raise _unreachable(self._address(url), type(error).__name__) from error
                retry.sleep()

    def _get(self, url: str, *, offset: int = 0) -> requests.Response:
        address = self._address(url)
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            answer = self._session.get(
                address, headers=headers, stream=True, timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS)
            )
        except exceptions.RequestException as error:
            # Its text may hold a proxy's password.
            raise _unreachable(address, type(error).__name__) from error
        hops = [*(urljoin(each.url, each.headers.get("Location", "")) for each in answer.history), answer.url]
        if address.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
            answer.close()
            raise _unreachable(address, "it redirects to an address without TLS")
        if answer.ok or (offset and answer.status_code == requests.codes.requested_range_not_satisfiable):
            return answer
        answer.close()
        if answer.headers.get("X-RateLimit-Remaining") == "0":  # GitHub's API, with 403 or 429
            raise _unreachable(address, "GitHub's API has been asked too often from this address in the last hour")
        if answer.status_code in (401, 403, 404, 410):
            raise PlatformError(
                "release-missing",
                f"the release site answers {answer.status_code} {answer.reason}",
                at=without_credentials(address),
                hint=f"check the mirror, if {TIERS_PROGRAMS_MIRROR.name} is set; or build the program with Go: "
                f"{TIERS_PROGRAMS.name}=build tiers local up",
            )
        raise _unreachable(address, f"it answers {answer.status_code} {answer.reason}")

    def _address(self, url: str) -> str:
        return f"{self._mirror}/{url.partition('://')[2]}" if self._mirror else url


def checked_mirror(mirror: str) -> str:
    """`mirror` without a slash at its end; empty stays empty.

    Raises:
        BadInput: not an address, or one without TLS that is not on this machine.
    """
    if not mirror:
        return ""
    try:
        parts = urlsplit(mirror)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if (
        not host
        or parts.query
        or parts.fragment
        or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)))
    ):
        raise BadInput(
            "programs-mirror-invalid",
            "the mirror of release sites is not an https address",
            at=TIERS_PROGRAMS_MIRROR.name,
            hint=f"export {TIERS_PROGRAMS_MIRROR.name}=https://mirror.example.com/releases, or unset it; http is "
            "allowed on loopback only",
        )
    return mirror.rstrip("/")


def without_credentials(address: str) -> str:
    """`address` as messages show it: without user, password and query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _receive(answer: requests.Response, part: Path, before: int, report: Report) -> None:
    resumed = answer.status_code == requests.codes.partial_content and answer.headers.get(
        "Content-Range", ""
    ).startswith(f"bytes {before}-")
    if answer.status_code == requests.codes.partial_content and not resumed:
        part.unlink(missing_ok=True)
        raise exceptions.ChunkedEncodingError("another part of the file than was asked for")
    have = before if resumed else 0
    total = have + int(answer.headers.get("Content-Length") or 0)
    with part.open("ab" if resumed else "wb") as file:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            have += len(chunk)
            report(have, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _unreachable(address: str, why: str) -> PlatformError:
    return PlatformError(
        "release-unreachable",
        f"a release could not be downloaded: {why}",
        at=without_credentials(address),
        hint="check the network, HTTPS_PROXY and NO_PROXY, and run the same command again; downloaded parts are kept\n"
        f"or build the program with Go: {TIERS_PROGRAMS.name}=build tiers local up",
    )

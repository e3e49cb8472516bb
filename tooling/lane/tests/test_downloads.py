"""Downloads end with the whole file, or with an error that says what to do, whatever the site does on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from urllib3 import Retry

from shared.errors import BadInput, PlatformError
from tooling.lane import downloads as module
from tooling.lane.downloads import Downloads, checked_mirror
from tooling.lane.ports import free_ports
from tooling.lane.tests.release_sites import Sites, release_sites

URL = "https://dl.k8s.io/release/v1/bin/linux/amd64/kube-apiserver"
ADDRESS = URL.removeprefix("https://")
CONTENT = bytes(range(256)) * 12_000
CHUNK = 1 << 16
AT_ONCE = Retry(total=3, status_forcelist=(429, 503), raise_on_status=False)
"""As the real one, without its waits."""


@pytest.fixture
def sites() -> Iterator[Sites]:
    with release_sites() as sites:
        sites.files[ADDRESS] = CONTENT
        yield sites


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "part"


def fetch(sites: Sites, part: Path, mirror: str = "") -> list[tuple[int, int]]:
    reported: list[tuple[int, int]] = []
    downloads = Downloads(mirror or sites.root, retry=AT_ONCE)
    downloads.file(URL, part, lambda have, total: reported.append((have, total)))
    downloads.close()
    return reported


def failure(sites: Sites, part: Path, mirror: str = "") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        fetch(sites, part, mirror)
    return caught.value


def test_a_file_comes_from_the_mirror_under_the_name_of_its_site(sites: Sites, part: Path) -> None:
    reported = fetch(sites, part, f"{sites.root}/")
    assert part.read_bytes() == CONTENT
    assert sites.requests == [(ADDRESS, "")]
    assert reported[-1] == (len(CONTENT), len(CONTENT))


def test_what_an_earlier_run_downloaded_is_not_downloaded_again(sites: Sites, part: Path) -> None:
    part.write_bytes(CONTENT[:1_000_000])
    reported = fetch(sites, part)
    assert part.read_bytes() == CONTENT
    assert sites.requests == [(ADDRESS, "bytes=1000000-")]
    assert reported[-1] == (len(CONTENT), len(CONTENT))


def test_a_complete_file_is_recognized(sites: Sites, part: Path) -> None:
    part.write_bytes(CONTENT)
    fetch(sites, part)
    assert part.read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_given_up(sites: Sites, part: Path) -> None:
    part.write_bytes(CONTENT + b"more")
    fetch(sites, part)
    assert part.read_bytes() == CONTENT


def test_a_site_without_ranges_sends_the_whole_file(sites: Sites, part: Path) -> None:
    sites.ranges = False
    part.write_bytes(b"other")
    fetch(sites, part)
    assert part.read_bytes() == CONTENT


def test_a_connection_that_breaks_is_resumed_where_it_broke(sites: Sites, part: Path) -> None:
    sites.cuts[ADDRESS] = [2 * CHUNK, 3 * CHUNK + 10]
    fetch(sites, part)
    assert part.read_bytes() == CONTENT
    assert [span for _, span in sites.requests] == ["", f"bytes={2 * CHUNK}-", f"bytes={5 * CHUNK}-"]


def test_a_connection_that_keeps_breaking_is_an_error_and_the_part_is_kept(sites: Sites, part: Path) -> None:
    sites.cuts[ADDRESS] = [CHUNK] * 9
    error = failure(sites, part)
    assert error.code == "release-unreachable"
    assert "downloaded parts are kept" in error.hint
    assert part.read_bytes() == CONTENT[: 4 * CHUNK]


def test_a_slow_connection_that_makes_progress_is_never_given_up(sites: Sites, part: Path) -> None:
    sites.files[ADDRESS] = CONTENT * 4
    sites.cuts[ADDRESS] = [1 << 20] * 11
    fetch(sites, part)
    assert part.read_bytes() == CONTENT * 4


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_site_is_asked_again(status: int, sites: Sites, part: Path) -> None:
    sites.statuses[ADDRESS] = [status, status]
    fetch(sites, part)
    assert part.read_bytes() == CONTENT


def test_a_site_that_stays_busy_is_named(sites: Sites, part: Path) -> None:
    sites.statuses[ADDRESS] = [503] * 9
    error = failure(sites, part)
    assert (error.code, error.what) == (
        "release-unreachable",
        "a release could not be downloaded: it answers 503 Service Unavailable",
    )
    assert error.at == f"{sites.root}/{ADDRESS}"


def test_a_file_that_is_not_there_is_not_asked_for_again(sites: Sites, part: Path) -> None:
    sites.files.clear()
    error = failure(sites, part)
    assert (error.code, error.at) == ("release-missing", f"{sites.root}/{ADDRESS}")
    assert "TIERS_PROGRAMS=build tiers local up" in error.hint
    assert len(sites.requests) == 1


def test_an_exhausted_rate_limit_is_not_a_missing_file(sites: Sites, part: Path) -> None:
    sites.rate_limited = True
    sites.statuses[ADDRESS] = [403]
    error = failure(sites, part)
    assert error.code == "release-unreachable"
    assert error.what.endswith("GitHub's API has been asked too often from this address in the last hour")


def test_a_site_that_nobody_serves_is_unreachable(sites: Sites, part: Path) -> None:
    (port,) = free_ports(1)
    assert failure(sites, part, f"http://127.0.0.1:{port}").code == "release-unreachable"


def test_a_redirect_is_followed_as_githubs_are(sites: Sites, part: Path) -> None:
    sites.moved[ADDRESS] = f"{sites.root}/objects/1"
    sites.files["objects/1"] = CONTENT
    part.write_bytes(CONTENT[:10])
    fetch(sites, part)
    assert part.read_bytes() == CONTENT
    assert sites.requests[-1] == ("objects/1", "bytes=10-")


def test_credentials_of_a_mirror_are_sent_and_never_shown(sites: Sites, part: Path) -> None:
    mirror = sites.root.replace("http://", "http://reader:secret-word@")
    fetch(sites, part, mirror)
    assert sites.authorizations == ["Basic cmVhZGVyOnNlY3JldC13b3Jk"]
    sites.files.clear()
    part.unlink()
    assert "secret-word" not in str(failure(sites, part, mirror))


def test_proxies_of_the_environment_are_obeyed(sites: Sites, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", sites.root)
    # No such host: only the proxy can answer.
    monkeypatch.setattr(module, "is_loopback", lambda _: True)
    fetch(sites, part, "http://mirror.invalid")
    assert part.read_bytes() == CONTENT
    assert sites.requests == [(ADDRESS, "")]


def test_a_proxys_password_is_not_shown(sites: Sites, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("https_proxy", f"http://me:secret-word@127.0.0.1:{port}")
    error = failure(sites, part, "https://mirror.invalid")
    assert error.code == "release-unreachable"
    assert "secret-word" not in str(error)


@pytest.mark.parametrize(
    "mirror",
    [
        "mirror.example.com",
        "http://mirror.example.com",
        "ftp://mirror.example.com",
        "https://",
        "https://[::1",
        "https://mirror.example.com:port/",
        "https://mirror.example.com/?q=1",
    ],
)
def test_a_mirror_that_is_no_https_address_is_refused(mirror: str) -> None:
    with pytest.raises(BadInput) as caught:
        Downloads(mirror)
    assert (caught.value.code, caught.value.at) == ("programs-mirror-invalid", "TIERS_PROGRAMS_MIRROR")


@pytest.mark.parametrize("mirror", ["https://mirror.example.com/a", "http://localhost:1/a", "http://[::1]:1/a"])
def test_a_mirror_is_an_https_address_or_on_this_machine(mirror: str) -> None:
    assert checked_mirror(f"{mirror}/") == mirror

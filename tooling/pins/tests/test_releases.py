"""The checksums that release sites publish, and how they are pinned."""

from __future__ import annotations

import hashlib
import json

import pytest

from tooling.lane.releases import HOSTS, RELEASED, Host, release_of
from tooling.lane.tests.release_sites import publish_all, release_sites
from tooling.pins import releases as module
from tooling.pins.releases import Checksum, completed, published

HOST: Host = ("linux", "amd64")
A, B = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_every_released_file_of_every_machine_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {release.url for name in RELEASED for host in HOSTS if (release := release_of(name, host)) is not None}
    kwok = release_of("kwok", HOST)
    assert kwok is not None
    monkeypatch.setattr(module, "pinned_checksums", lambda: {kwok.url: A})
    with release_sites() as sites:
        monkeypatch.setenv("TIERS_PROGRAMS_MIRROR", sites.root)
        for host in HOSTS:
            publish_all(sites, host)
        found = {each.url: each for each in published()}
        served = {f"https://{address}": hashlib.sha256(file).hexdigest() for address, file in sites.files.items()}
    assert {url: each.now for url, each in found.items()} == {url: served[url] for url in files}
    assert [url for url, each in found.items() if each.moved] == [kwok.url]


def test_a_site_that_does_not_have_its_checksums_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with release_sites() as sites:
        monkeypatch.setenv("TIERS_PROGRAMS_MIRROR", sites.root)
        found = list(published())
    assert {each.now for each in found} == {""}
    assert found[0].why.startswith(f"the release site answers 404 Not Found ({sites.root}/get.pulumi.com/")


def test_a_pinned_checksum_is_never_replaced_and_a_new_one_is_added() -> None:
    text = json.dumps({"https://x/moved": A, "https://x/old-version": A, "https://x/silent": A})
    checksums = [
        Checksum(name="moved", url="https://x/moved", pinned=A, now=B),
        Checksum(name="silent", url="https://x/silent", pinned=A, why="no answer"),
        Checksum(name="new", url="https://x/new", now=B),
        Checksum(name="unknown", url="https://x/unknown", why="no answer"),
    ]
    assert json.loads(completed(text, checksums)) == {
        "https://x/moved": A,
        "https://x/new": B,
        "https://x/silent": A,
    }

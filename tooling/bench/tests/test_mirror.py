"""The mirror of the first run: what it serves is what is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.bench.mirror import fill, served
from tooling.lane import released
from tooling.lane.downloads import Downloads
from tooling.lane.releases import HOSTS, RELEASED, Host, release_of
from tooling.lane.tests.conftest import RecordedProgress


@pytest.mark.parametrize("host", HOSTS, ids="-".join)
def test_every_program_comes_out_of_the_mirror_as_it_went_in(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(released, "pinned_checksums", dict)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    programs = {name: tmp_path / name for name in RELEASED}
    for name, path in programs.items():
        path.write_text(f"#!/bin/sh\necho {name}\n", encoding="utf-8")
    fill(tmp_path / "mirror", host, programs.get, RELEASED)
    wanted = {release.url: release for name in RELEASED if (release := release_of(name, host)) is not None}
    with served(tmp_path / "mirror") as address:
        downloads = Downloads(address)
        cache = tmp_path / "cache"
        released.obtain(list(wanted.values()), cache, host, lambda *_: "", downloads, RecordedProgress())
        downloads.close()
    found = {
        name: (cache / release.directory(host) / name).read_text(encoding="utf-8")
        for name in RELEASED
        if (release := release_of(name, host)) is not None
    }
    assert found == {name: f"#!/bin/sh\necho {name}\n" for name in found}
    assert len(found) == (len(RELEASED) if host[0] == "linux" else len(RELEASED) - 3)

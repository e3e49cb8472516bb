"""Released programs are obtained whole and verified, or not at all; and only if somebody asked for it."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.errors import BadInput, PlatformError
from tooling.lane import binaries, hosts, locks, released, releases
from tooling.lane.binaries import binary, ensure
from tooling.lane.program_choice import Programs, chosen
from tooling.lane.program_table import PROGRAMS
from tooling.lane.releases import Host, Release, release_of
from tooling.lane.tests.conftest import RecordedProgress
from tooling.lane.tests.release_sites import VERSIONS, Sites, program, publish_all, release_sites
from tooling.paths import REPOSITORY
from tooling.system_errors import from_os_error

LINUX: Host = ("linux", "amd64")
OF_THE_LANE = [name for name, of in PROGRAMS.items() if of.of_the_lane]
ETCD = "github.com/etcd-io/etcd/releases/download/v3.6.5/etcd-v3.6.5-linux-amd64.tar.gz"
KWOK = "github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwok-linux-amd64"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of a Linux machine, without Go and without the real pinned checksums."""
    monkeypatch.setattr(hosts.platform, "system", lambda: "Linux")
    monkeypatch.setattr(hosts.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    pin(monkeypatch, {})
    return tmp_path / "cache/eks-platform/bin"


@pytest.fixture
def sites(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sites]:
    with release_sites() as sites:
        monkeypatch.setenv("TIERS_PROGRAMS_MIRROR", f"{sites.root}/")
        publish_all(sites, LINUX)
        yield sites


def pin(monkeypatch: pytest.MonkeyPatch, checksums: dict[str, str]) -> None:
    for module in (released, releases):
        monkeypatch.setattr(module, "pinned_checksums", lambda: checksums)


def known(name: str, host: Host = LINUX) -> Release:
    release = release_of(name, host)
    assert release is not None
    return release


def failure(progress: RecordedProgress, *names: str) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        ensure(progress, names, programs=Programs.RELEASE)
    return caught.value


def test_an_empty_cache_is_filled_from_the_releases(sites: Sites, cache: Path, progress: RecordedProgress) -> None:
    ensure(progress, programs=Programs.RELEASE)
    assert {name: binary(name).parent.name for name in OF_THE_LANE} == {
        "pulumi": "pulumi-3.259.0-linux-amd64",
        "etcd": "etcd-3.6.5-linux-amd64",
        "kube-apiserver": "kube-apiserver-1.35.4-linux-amd64",
        "kube-controller-manager": "kube-controller-manager-1.35.4-linux-amd64",
        "kube-scheduler": "kube-scheduler-1.35.4-linux-amd64",
        "kwok": "kwok-0.8.0-linux-amd64",
        "kwokctl": "kwokctl-0.8.0-linux-amd64",
    }
    assert {binary(name).read_bytes() == program(name) for name in OF_THE_LANE} == {True}
    assert sorted(path.name for path in binary("pulumi").parent.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    assert progress.titles == ["downloading 7 released files (about 600 MB, once)"]
    assert [path for path in cache.iterdir() if path.name.startswith(".")] == []
    asked = len(sites.requests)
    ensure(progress, programs=Programs.RELEASE)
    assert len(sites.requests) == asked


def test_helm_is_downloaded_when_it_is_asked_for(sites: Sites, progress: RecordedProgress) -> None:
    ensure(progress, ["helm"], programs=Programs.RELEASE)
    assert binary("helm").read_bytes() == program("helm")
    assert not any("k8s" in address for address, _ in sites.requests)


@pytest.mark.parametrize("host", [("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64")], ids="-".join)
def test_other_machines_get_their_own_files(
    host: Host, sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts.platform, "system", lambda: {"linux": "Linux", "darwin": "Darwin"}[host[0]])
    monkeypatch.setattr(hosts.platform, "machine", lambda: {"amd64": "x86_64", "arm64": "arm64"}[host[1]])
    sites.files.clear()
    publish_all(sites, host)
    names = [name for name in VERSIONS if release_of(name, host)]
    ensure(progress, names, programs=Programs.RELEASE)
    assert {binary(name).read_bytes() == program(name) for name in names} == {True}
    assert {binary(name).parent.name.endswith("-".join(host)) for name in names} == {True}


def test_what_is_not_released_for_a_machine_needs_go_before_anything_is_downloaded(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts.platform, "system", lambda: "Darwin")
    error = failure(progress)
    assert error.code == "go-missing"
    assert error.what == (
        "kube-apiserver, kube-controller-manager, kube-scheduler must be built, and there is no `go` on PATH"
    )
    assert "TIERS_PROGRAMS" not in error.hint
    with pytest.raises(PlatformError) as caught:
        ensure(progress, programs=Programs.AUTO, ask=lambda _: pytest.fail("asked, although it cannot go on"))
    assert caught.value.code == "go-missing"
    assert sites.requests == []


@pytest.mark.parametrize("choice", [Programs.AUTO, Programs.BUILD])
def test_nothing_is_downloaded_unasked(choice: Programs, sites: Sites, progress: RecordedProgress) -> None:
    with pytest.raises(PlatformError) as caught:
        ensure(progress, programs=choice)
    assert caught.value.code == "go-missing"
    assert "TIERS_PROGRAMS=release tiers local up" in caught.value.hint
    assert sites.requests == []


def test_a_person_is_asked_once_about_what_is_missing(sites: Sites, progress: RecordedProgress) -> None:
    asked: list[list[str]] = []

    def yes(files: Sequence[Release]) -> bool:
        asked.append([release.title for release in files])
        return True

    ensure(progress, ["etcd"], programs=Programs.RELEASE, ask=yes)
    assert asked == []
    ensure(progress, ["etcd", "kwok"], programs=Programs.AUTO, ask=yes)
    ensure(progress, ["etcd", "kwok"], programs=Programs.AUTO, ask=yes)
    assert asked == [["kwok-0.8.0"]]


def test_a_person_who_says_no_gets_a_build(sites: Sites, progress: RecordedProgress) -> None:
    with pytest.raises(PlatformError) as caught:
        ensure(progress, programs=Programs.AUTO, ask=lambda _: False)
    assert caught.value.code == "go-missing"
    assert sites.requests == []


def test_the_environment_chooses_and_the_flag_overrules_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERS_PROGRAMS", raising=False)
    assert chosen() is Programs.AUTO
    monkeypatch.setenv("TIERS_PROGRAMS", "release")
    assert chosen() is Programs.RELEASE
    assert chosen("build") is Programs.BUILD
    with pytest.raises(BadInput) as caught:
        chosen("realease")
    assert (caught.value.code, caught.value.at) == ("programs-unknown", "--programs")
    assert 'did you mean "release"?' in caught.value.what


def test_a_download_that_failed_falls_back_to_go_only_if_go_was_an_answer(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    monkeypatch.setattr(binaries, "find_go", object)
    monkeypatch.setattr(binaries, "_built_directory", lambda module, go: Path("/nowhere"))
    monkeypatch.setattr(binaries, "_build", lambda go, module, names, progress: built.extend(names))
    del sites.files[KWOK]
    ensure(progress, ["etcd", "kwok"], programs=Programs.AUTO, ask=lambda _: True)
    assert built == ["kwok"]
    assert progress.notes == [
        f"warning: the release site answers 404 Not Found ({sites.root}/{KWOK}); building with Go instead"
    ]
    assert failure(progress, "kwok").code == "release-missing"
    sites.files[KWOK] = b"other"
    with pytest.raises(PlatformError) as caught:
        ensure(progress, ["kwok"], programs=Programs.AUTO, ask=lambda _: True)
    assert caught.value.code == "release-checksum-wrong", "a file that somebody changed is not passed over in silence"


def test_a_file_with_another_checksum_is_deleted(sites: Sites, cache: Path, progress: RecordedProgress) -> None:
    sites.files[ETCD] += b"\0"
    error = failure(progress, "etcd")
    assert error.code == "release-checksum-wrong"
    assert "but the published one is" in error.what
    assert list((cache / ".downloads").iterdir()) == []
    assert not (cache / "etcd-3.6.5-linux-amd64").exists()


def test_a_pinned_checksum_counts_more_than_a_published_one(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, {f"https://{ETCD}": "0" * 64})
    error = failure(progress, "etcd")
    assert error.code == "release-checksum-wrong"
    assert "but the pinned one is 000000000000…" in error.what
    assert sites.asked_for(known("etcd").checksums) == [], "a site that serves the file could also serve its checksum"


def test_a_file_without_a_checksum_is_not_even_downloaded(sites: Sites, progress: RecordedProgress) -> None:
    sites.files["api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v0.8.0"] = b'{"assets": []}'
    error = failure(progress, "kwok")
    assert error.code == "release-unverifiable"
    assert sites.asked_for(known("kwok").url) == []


def test_a_truncated_file_is_completed(sites: Sites, progress: RecordedProgress) -> None:
    sites.cuts[KWOK] = [70_000]
    ensure(progress, ["kwok"], programs=Programs.RELEASE)
    assert binary("kwok").read_bytes() == program("kwok")
    assert sites.asked_for(known("kwok").url) == ["", "bytes=65536-"]


def test_a_file_that_is_truncated_without_a_sign_fails_its_checksum(sites: Sites, progress: RecordedProgress) -> None:
    sites.cuts[KWOK] = [-70_000]
    assert failure(progress, "kwok").code == "release-checksum-wrong"
    ensure(progress, ["kwok"], programs=Programs.RELEASE)
    assert binary("kwok").exists()


def test_a_part_of_another_file_is_replaced(sites: Sites, cache: Path, progress: RecordedProgress) -> None:
    (cache / ".downloads").mkdir(parents=True)
    (cache / ".downloads/kwok-0.8.0-linux-amd64-kwok-linux-amd64").write_bytes(b"other")
    ensure(progress, ["kwok"], programs=Programs.RELEASE)
    assert binary("kwok").read_bytes() == program("kwok")
    assert sites.asked_for(known("kwok").url) == ["bytes=5-", ""]


def test_a_run_that_was_killed_half_way_is_taken_up_where_it_was(
    sites: Sites, cache: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "obtain.py"
    script.write_text(
        "import os\n"
        "from tooling.lane import binaries, downloads, released\n"
        "from tooling.lane.progress import progress_on\n"
        "from tooling.lane.program_choice import Programs\n"
        # The real checksum of etcd is not that of the etcd of these sites.
        "released.pinned_checksums = dict\n"
        "original = downloads._receive\n"
        "def receive(answer, part, before, report):\n"
        "    def killed(have, total):\n"
        "        if have >= 200_000:\n"
        f"            os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "    original(answer, part, before, killed if 'kwok' in part.name else report)\n"
        "downloads._receive = receive\n"
        "binaries.ensure(progress_on(), ['etcd', 'kwok'], programs=Programs.RELEASE)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    killed = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert binary("etcd").read_bytes() == program("etcd")
    (part,) = (cache / ".downloads").iterdir()
    have = part.stat().st_size
    assert 0 < have < len(program("kwok"))
    ensure(progress, ["etcd", "kwok"], programs=Programs.RELEASE)
    assert binary("kwok").read_bytes() == program("kwok")
    assert sites.asked_for(known("kwok").url) == ["", f"bytes={have}-"]
    assert sites.asked_for(known("etcd").url) == [""]


def test_a_read_only_cache_is_named_with_the_variable_that_moves_it(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(locks.os, "open", refused)
    with pytest.raises(OSError, match="Read-only") as caught:
        ensure(progress, ["kwok"], programs=Programs.RELEASE)
    error = from_os_error(caught.value)
    assert error.code == "read-only"
    assert "export XDG_CACHE_HOME=" in error.hint
    assert sites.requests == []


def test_programs_of_a_read_only_cache_are_used(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(progress, ["kwok"], programs=Programs.RELEASE)

    def refused(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(locks.os, "open", refused)
    ensure(progress, ["kwok"], programs=Programs.RELEASE)


@pytest.mark.parametrize(
    ("says", "wrong"),
    [
        ("kwok version v0.9.0", "`kwok` has version 0.9.0"),
        ("", "`kwok --version` does not report a version on this machine"),
    ],
)
def test_a_program_that_is_not_the_pinned_one_is_not_kept(
    says: str, wrong: str, sites: Sites, cache: Path, progress: RecordedProgress
) -> None:
    sites.files.clear()
    sites.publish(known("kwok"), f"#!/bin/sh\necho '{says}'\n".encode())
    error = failure(progress, "kwok")
    assert (error.code, error.what) == ("release-broken", f"kwok-linux-amd64 is not usable: {wrong}")
    assert not (cache / "kwok-0.8.0-linux-amd64").exists()


def test_a_program_of_another_machine_is_not_kept(sites: Sites, progress: RecordedProgress) -> None:
    sites.files.clear()
    sites.publish(known("kwok"), b"\x7fELF of another processor")
    assert "does not report a version on this machine" in failure(progress, "kwok").what


def _tar(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (_tar(other=b"x"), "it has no etcd-v3.6.5-linux-amd64/etcd"),
        (b"<html>sign in to this network</html>", "it cannot be unpacked (ReadError)"),
        (_tar(other=os.urandom(50_000))[:-20_000], "it cannot be unpacked (EOFError)"),
        (b"", "it cannot be unpacked (ReadError)"),
    ],
    ids=["without the program", "a page", "cut off by its project", "empty"],
)
def test_an_archive_that_is_not_one_is_named(
    content: bytes, wrong: str, sites: Sites, cache: Path, progress: RecordedProgress
) -> None:
    sites.files.clear()
    sites.publish(known("etcd"), content)
    error = failure(progress, "etcd")
    assert (error.code, error.what) == ("release-broken", f"etcd-v3.6.5-linux-amd64.tar.gz is not usable: {wrong}")
    assert not (cache / "etcd-3.6.5-linux-amd64").exists()


def test_an_archive_writes_nothing_outside_its_directory(sites: Sites, cache: Path, progress: RecordedProgress) -> None:
    ensure(progress, ["etcd"], programs=Programs.RELEASE)
    assert [path.name for path in (cache / "etcd-3.6.5-linux-amd64").iterdir()] == ["etcd"]
    assert list(cache.parent.parent.parent.rglob("escaped")) == []


def test_a_mirror_that_is_no_address_is_refused_before_anything_is_downloaded(
    sites: Sites, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERS_PROGRAMS_MIRROR", "mirror.example.com")
    assert failure(progress, "kwok").code == "programs-mirror-invalid"
    with pytest.raises(BadInput):
        ensure(progress, ["kwok"], programs=Programs.AUTO, ask=lambda _: pytest.fail("asked in vain"))

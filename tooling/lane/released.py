"""Obtains released programs: downloads each file, verifies it, unpacks the programs, and starts each once.

A file is verified against the checksum that this repository pins or, without one, against the one that the project
publishes. Nothing unverified is unpacked, and a program appears in the cache only after it reported its version.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shared.environment_variables import TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from shared.errors import PlatformError
from tooling.lane.downloads import Downloads, Report
from tooling.lane.progress import Progress
from tooling.lane.releases import Host, Release, pinned_checksums

_MEGABYTE = 1_000_000
_PARTS = ".downloads"
"""Of files that are not complete yet, or not unpacked."""

Check = Callable[[str, Path], str]
"""Starts a program, given its name and path; returns what is wrong with it, or nothing."""


def megabytes(releases: Sequence[Release]) -> int:
    return sum(release.megabytes for release in releases)


def obtain(
    releases: Sequence[Release], cache: Path, host: Host, check: Check, downloads: Downloads, progress: Progress
) -> None:
    """Obtains the programs of `releases`. The caller holds the cache's lock. May be killed at any time.

    Raises:
        PlatformError: a file cannot be downloaded, does not have its checksum, or does not have its programs.
    """
    parts = cache / _PARTS
    parts.mkdir(parents=True, exist_ok=True)
    count = f"{len(releases)} released file{'s' if len(releases) > 1 else ''}"
    with progress.task(f"downloading {count} (about {megabytes(releases)} MB, once)") as task:
        done = 0
        for number, release in enumerate(releases):

            def report(
                have: int, total: int, title: str = release.title, rest: int = number, before: int = done
            ) -> None:
                expected = before + (total or have) + _MEGABYTE * megabytes(releases[rest + 1 :])
                task.update(f"MB, {title}", done=(before + have) // _MEGABYTE, total=expected // _MEGABYTE)

            part = parts / f"{release.directory(host)}-{release.file}"
            _complete(release, part, downloads, report)
            done += part.stat().st_size
            _install(release, part, cache / release.directory(host), check)
            part.unlink()
    shutil.rmtree(parts, ignore_errors=True)


def expected_checksum(release: Release, downloads: Downloads) -> str:
    """The pinned SHA-256 of the file, else the published one.

    Raises:
        PlatformError: `release-unverifiable`; or the project's checksums cannot be downloaded.
    """
    pinned = pinned_checksums().get(release.url)
    return pinned or published_checksum(release, downloads)


def published_checksum(release: Release, downloads: Downloads) -> str:
    """The SHA-256 that the project states. Raises: as `expected_checksum`."""
    found = checksum_in(downloads.text(release.checksums), release.file)
    if not found:
        raise PlatformError(
            "release-unverifiable",
            f"the published checksums have none of {release.file}, so the file cannot be verified",
            at=release.checksums,
            hint=_build_hint(),
        )
    return found


def checksum_in(text: str, file: str) -> str:
    """The SHA-256 of `file` in what a project publishes: a list of `sha256sum`, a lone checksum, or the answer of
    GitHub's API to a release. Empty if it is not there."""
    if text.lstrip().startswith("{"):
        try:
            assets = json.loads(text).get("assets") or ()
            digests = (str(asset.get("digest") or "") for asset in assets if asset.get("name") == file)
            found = next(digests, "").removeprefix("sha256:")
        except (ValueError, AttributeError, TypeError):
            return ""
        return found if re.fullmatch(r"[0-9a-f]{64}", found) else ""
    for line in text.splitlines():
        match = re.fullmatch(r"([0-9a-fA-F]{64})(?:\s+\*?(?:\./)?(\S+))?", line.strip())
        if match and (match[2] or file) == file:
            return match[1].lower()
    return ""


def _complete(release: Release, part: Path, downloads: Downloads, report: Report) -> None:
    expected = expected_checksum(release, downloads)
    resumed = part.exists()
    downloads.file(release.url, part, report)
    if resumed and _checksum(part) != expected:
        # The part was of another file, or its site ignores ranges: nothing is known of a file fetched as a whole.
        part.unlink()
        downloads.file(release.url, part, report)
    found = _checksum(part)
    if found != expected:
        part.unlink()
        pinned = release.url in pinned_checksums()
        raise PlatformError(
            "release-checksum-wrong",
            f"{release.file} has the SHA-256 {found[:12]}…, but the "
            f"{'pinned' if pinned else 'published'} one is {expected[:12]}…; the file was deleted",
            at=release.url,
            hint="run the same command again; if it fails again, a proxy or the mirror changes the file\n"
            + _build_hint(),
        )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _install(release: Release, file: Path, destination: Path, check: Check) -> None:
    # On the same file system as the destination, so that it appears there as a whole.
    with tempfile.TemporaryDirectory(prefix=".building-", dir=destination.parent) as directory:
        unpacked = Path(directory) / "programs"
        unpacked.mkdir()
        try:
            for name, source in _members(release, file):
                _write(source, unpacked / name)
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _broken(release, f"it cannot be unpacked ({type(error).__name__})") from error
        for name in release.members:
            if not (unpacked / name).exists():
                raise _broken(release, f"it has no {release.members[name]}")
            wrong = check(name, unpacked / name)
            if wrong:
                raise _broken(release, wrong)
        shutil.rmtree(destination, ignore_errors=True)
        unpacked.replace(destination)


def _members(release: Release, file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Programs of the file, with their content. Nothing else is read, and no path of an archive is written to."""
    names = {path: name for name, path in release.members.items()}
    if "" in names:
        with file.open("rb") as content:
            yield names[""], content
    elif release.file.endswith(".zip"):
        with zipfile.ZipFile(file) as archive:
            for path in names.keys() & set(archive.namelist()):
                with archive.open(path) as content:
                    yield names[path], content
    else:
        with tarfile.open(file) as archive:
            for entry in archive:
                name = names.get(entry.name.removeprefix("./"))
                if name and entry.isfile():
                    with _content(archive, entry) as content:
                        yield name, content


@contextmanager
def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    content = archive.extractfile(entry)
    if content is None:
        raise tarfile.TarError("not a file")
    with content:
        yield content


def _write(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())  # a program that a power failure cut short would look complete
    target.chmod(0o755)


def _broken(release: Release, why: str) -> PlatformError:
    return PlatformError(
        "release-broken",
        f"{release.file} is not usable: {why}",
        at=release.url,
        hint=f"check the mirror, if {TIERS_PROGRAMS_MIRROR.name} is set\n{_build_hint()}",
    )


def _build_hint() -> str:
    return f"or build the program with Go: {TIERS_PROGRAMS.name}=build tiers local up"

"""The programs that the lane runs: where they are found, and how missing ones are obtained.

A program on PATH is used if its version fits; else one in the user's cache, which all clones share. What is in neither
is downloaded from its project's releases or built from the pinned Go modules in `tooling/binaries/`, as
`program_choice` says. `kubectl` and `aws` come with the Python environment.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.environment_variables import TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from shared.errors import PlatformError
from shared.versions import KUBERNETES, KWOK
from tooling.lane.go_build import GoInstallation, build, find_go
from tooling.lane.hosts import available_memory_bytes, supported_host
from tooling.lane.locks import hold
from tooling.lane.program_choice import Ask, Programs, chosen
from tooling.lane.program_table import MODULES, PROGRAMS, PYTHON_PROGRAMS, TITLES, Version, numbers_in
from tooling.lane.progress import Progress
from tooling.lane.releases import RELEASED, Release, release_of
from tooling.paths import cache_directory

_GIBIBYTE = 1024**3
_BUILD_MEMORY_BYTES = 3 * _GIBIBYTE
"""Two parallel linkers of programs as large as the API server; an estimate."""


def binary(name: str) -> Path:
    """The program called `name`, one of `PROGRAMS` or `PYTHON_PROGRAMS`.

    Raises:
        PlatformError: it is not there yet; `ensure` obtains it.
    """
    if name in PYTHON_PROGRAMS:
        return _beside_interpreter(name)
    path = _find(name)
    if path is None:
        raise PlatformError(
            "program-missing", f"the lane's `{name}` has not been obtained yet", at="", hint="tiers local up"
        )
    return path


def ensure(
    progress: Progress, names: Sequence[str] = (), *, programs: Programs | None = None, ask: Ask | None = None
) -> None:
    """Obtains every program that `binary` would not find. Safe to run concurrently, and to kill.

    Args:
        names: of `PROGRAMS`; empty: all that the lane runs.
        programs: how to obtain what is missing; None: as the environment says.
        ask: asks on a terminal whether to download; None: there is nobody to ask.

    Raises:
        Refused: the lane does not run on this machine.
        BadInput: the environment's choice, or its mirror, is invalid.
        PlatformError: a program cannot be obtained; the hint says what to install.
    """
    supported_host()
    choice = programs or chosen()
    for name in PYTHON_PROGRAMS:
        _beside_interpreter(name)
    wanted = names or [name for name, program in PROGRAMS.items() if program.of_the_lane]
    missing = _missing(wanted)
    if not missing:
        return
    download = _may_download(missing, choice, ask)
    with hold(_bin_directory() / "lock", "tiers local up (obtaining programs)", waiting=progress.note):
        missing = _missing(wanted)  # the previous holder of the lock may have obtained them
        _remove_abandoned(_bin_directory())
        if download:
            _download(missing, choice, progress)
            missing = _missing(missing)
        if missing:
            go = _go_for(missing)
            for module in MODULES:
                names = [name for name in missing if PROGRAMS[name].module == module]
                if names:
                    _build(go, module, names, progress)


def search_path() -> list[str]:
    """Directories for the front of PATH, so that the lane's programs take precedence over others of the same name."""
    directories = [
        Path(sys.executable).parent,
        *(binary(name).parent for name, of in PROGRAMS.items() if of.of_the_lane),
    ]
    return list(dict.fromkeys(str(directory) for directory in directories))


def engine_at(executable: str) -> tuple[Version | None, bool]:
    """The version of a `pulumi`, None if it does not report one, and whether the programs can use it."""
    program = PROGRAMS["pulumi"]
    version = _version_of(executable, program.version_argument, Path(executable).stat().st_mtime_ns)
    return version, version is not None and program.fits(version)


def _beside_interpreter(name: str) -> Path:
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise PlatformError(
            "environment-incomplete",
            f"`{name}` is missing from the Python environment",
            at=str(path),
            hint="install requirements.lock into it again, and use the `tiers` of that environment",
        )
    return path


def _missing(names: Iterable[str]) -> list[str]:
    return [name for name in names if _find(name) is None]


def _find(name: str) -> Path | None:
    program = PROGRAMS[name]
    candidate = shutil.which(name)
    if candidate is not None:
        version = _version_of(candidate, program.version_argument, Path(candidate).stat().st_mtime_ns)
        if version is not None and program.fits(version):
            return Path(candidate).absolute()
    return next((path for path in _cached(name) if os.access(path, os.X_OK)), None)


@functools.lru_cache
def _version_of(executable: str, argument: str, _modified: int) -> Version | None:
    try:
        answer = subprocess.run(
            [executable, argument],
            capture_output=True,
            text=True,
            timeout=20,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return numbers_in(answer.stdout) if answer.returncode == 0 else None


def _bin_directory() -> Path:
    return cache_directory() / "bin"


def _cached(name: str) -> Iterable[Path]:
    module = PROGRAMS[name].module
    go = find_go()
    if go is not None:
        yield _built_directory(module, go) / name
    else:
        # Built with a Go that has been removed since; a build by any Go version will do.
        yield from sorted(path / name for path in _bin_directory().glob(f"{_fingerprint(module)}-go*"))
    release = release_of(name, supported_host())
    if release is not None:
        yield _bin_directory() / release.directory(supported_host()) / name


def _built_directory(module: str, go: GoInstallation) -> Path:
    return _bin_directory() / f"{_fingerprint(module)}-go{go.version}"


def _fingerprint(module: str) -> str:
    """Module, content of its pins and stamps, and this kind of machine: `kwok-1a2b3c4d5e6f-linux-amd64`."""
    described = MODULES[module]
    digest = hashlib.sha256(described.linker_flags.encode())
    for file in ("go.mod", "go.sum"):
        # Without comments: a changed comment must not cause a build of ten minutes.
        lines = (described.directory / file).read_text().splitlines()
        said = (line.partition("//")[0].strip() for line in lines)
        digest.update("\n".join(line for line in said if line).encode())
    for file in sorted(described.directory.glob("*.go")):
        digest.update(file.read_bytes())
    return "-".join((module, digest.hexdigest()[:12], *supported_host()))


def _build(go: GoInstallation, module: str, names: list[str], progress: Progress) -> None:
    memory = available_memory_bytes()
    if memory is not None and memory < _BUILD_MEMORY_BYTES:
        progress.note(
            f"warning: {memory / _GIBIBYTE:.1f} GiB of memory are free, and a build needs "
            f"{_BUILD_MEMORY_BYTES // _GIBIBYTE} GiB; if it is killed: GOFLAGS=-p=1 tiers local up"
        )
    destination = _built_directory(module, go)
    destination.mkdir(parents=True, exist_ok=True)
    # On the same file system as the destination, so that each program appears there atomically.
    with (
        tempfile.TemporaryDirectory(prefix=".building-", dir=destination.parent) as directory,
        progress.task(TITLES[module]) as task,
    ):
        build(go, MODULES[module], [PROGRAMS[name].package for name in names], Path(directory), task)
        for name in names:
            (Path(directory) / PROGRAMS[name].output).replace(destination / name)


def _remove_abandoned(directory: Path) -> None:
    """Removes what a killed run left; safe, since the caller holds the lock. Parts of downloads stay: they resume."""
    for path in directory.glob(".building-*"):
        shutil.rmtree(path, ignore_errors=True)


def _releases(names: Iterable[str]) -> dict[str, Release]:
    """Released files for this machine, by their address; one file may have several programs."""
    found = (release_of(name, supported_host()) for name in names)
    return {release.url: release for release in found if release is not None}


def _may_download(missing: Sequence[str], choice: Programs, ask: Ask | None) -> bool:
    releases = _releases(missing)
    if not releases or choice is Programs.BUILD or (choice is Programs.AUTO and ask is None):
        return False
    from tooling.lane.downloads import checked_mirror

    checked_mirror(os.environ.get(TIERS_PROGRAMS_MIRROR.name, ""))
    unreleased = [name for name in missing if release_of(name, supported_host()) is None]
    if unreleased:
        _go_for(unreleased)  # before anybody is asked, and before anything is downloaded
    return choice is Programs.RELEASE or (ask is not None and ask(list(releases.values())))


def _download(missing: Sequence[str], choice: Programs, progress: Progress) -> None:
    from tooling.lane.downloads import Downloads
    from tooling.lane.released import obtain

    releases = _releases(missing)
    with contextlib.closing(Downloads(os.environ.get(TIERS_PROGRAMS_MIRROR.name, ""))) as downloads:
        try:
            obtain(list(releases.values()), _bin_directory(), supported_host(), _fault, downloads, progress)
        except PlatformError as error:
            unavailable = error.code in ("release-unreachable", "release-missing")
            if choice is Programs.RELEASE or not unavailable or find_go() is None:
                raise
            progress.note(f"warning: {error.what} ({error.at}); building with Go instead")


def _fault(name: str, path: Path) -> str:
    """What is wrong with a program that was downloaded: it must start on this machine and be of a version that fits."""
    if name not in RELEASED:
        return ""  # what a release contains besides
    program = PROGRAMS[name]
    version = _version_of(str(path), program.version_argument, path.stat().st_mtime_ns)
    if version is None:
        return f"`{name} {program.version_argument}` does not report a version on this machine"
    return "" if program.fits(version) else f"`{name}` has version {'.'.join(map(str, version))}"


def _go_for(names: Sequence[str]) -> GoInstallation:
    go = find_go()
    if go is not None:
        return go
    download = f"or download what the projects release: {TIERS_PROGRAMS.name}=release tiers local up"
    raise PlatformError(
        "go-missing",
        f"{', '.join(names)} must be built, and there is no `go` on PATH",
        at="PATH",
        hint=f"install Go {MODULES['kwok'].go_directive} or newer and run the same command again\n"
        + (f"{download}\n" if _releases(names) else "")
        + f"or put Kubernetes {KUBERNETES.value}, etcd 3.6 and kwok {KWOK.value} programs on PATH",
    )

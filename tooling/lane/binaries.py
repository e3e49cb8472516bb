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
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.environment_variables import TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from shared.errors import PlatformError
from shared.versions import ACTIONLINT, BUILDKIT, CYCLONUS, ENGINE, HELM, KUBERNETES, KUBERNETES_PATCH, KWOK
from tooling.lane.go_build import GoInstallation, GoModule, build, find_go
from tooling.lane.hosts import available_memory_bytes, supported_host
from tooling.lane.locks import hold
from tooling.lane.program_choice import Ask, Programs, chosen
from tooling.lane.progress import Progress
from tooling.lane.releases import RELEASED, Release, release_of
from tooling.paths import REPOSITORY, cache_directory

Version = tuple[int, int, int]

_ETCD_OLDEST: Version = (3, 6, 0)
"""Kubernetes 1.35 needs etcd's 3.6 storage interface: k8s.io/kubernetes v1.35.4 CHANGELOG, etcd 3.6.5."""


def _numbers(version: str) -> Version | None:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _pinned(version: str) -> Version:
    numbers = _numbers(version)
    if numbers is None:
        raise ValueError(f"not a version: {version}")
    return numbers


def _is_engine(version: Version) -> bool:
    oldest = _pinned(ENGINE.value)
    return version >= oldest and version[0] == oldest[0]


def _is_kubernetes(version: Version) -> bool:
    return version[:2] == _pinned(KUBERNETES_PATCH.value)[:2]


def _is_etcd(version: Version) -> bool:
    return version >= _ETCD_OLDEST and version[0] == _ETCD_OLDEST[0]


def _is_helm(version: Version) -> bool:
    return version >= _pinned(HELM.value) and version[0] == _pinned(HELM.value)[0]


def _is_kwok(version: Version) -> bool:
    return version == _pinned(KWOK.value)


@dataclass(frozen=True)
class Program:
    """A program that is found on PATH, downloaded or built.

    `module` names a key of `MODULES`, `package` is its import path, `output` is Go's name of the built file.
    `version_argument` makes it print its version; `fits` tells whether that version is usable.
    """

    module: str
    package: str
    output: str
    version_argument: str
    fits: Callable[[Version], bool]
    of_the_lane: bool = True
    """False if `tiers local up` does not obtain it: only tests, or programs that use a chart, need it."""


PROGRAMS = {
    "pulumi": Program("control-plane", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "pulumi", "version", _is_engine),
    # Go names a program after its import path's last element, less the major version.
    "etcd": Program("control-plane", "go.etcd.io/etcd/server/v3", "server", "--version", _is_etcd),
    **{
        name: Program("control-plane", f"k8s.io/kubernetes/cmd/{name}", name, "--version", _is_kubernetes)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    },
    **{
        name: Program("kwok", f"sigs.k8s.io/kwok/cmd/{name}", name, "--version", _is_kwok)
        for name in ("kwok", "kwokctl")
    },
    "helm": Program("helm", "helm.sh/helm/v3/cmd/helm", "helm", "version", _is_helm, of_the_lane=False),
    "actionlint": Program(
        "actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        "actionlint",
        "-version",
        lambda version: version == _pinned(ACTIONLINT.value),
        of_the_lane=False,
    ),
    "dockerfile-check": Program(
        "dockerfile-check",
        "platform.local/dockerfile-check",
        "dockerfile-check",
        "--version",
        lambda version: version == _pinned(BUILDKIT.value),
        of_the_lane=False,
    ),
    "network-verdicts": Program(
        "network-verdicts",
        "platform.local/network-verdicts",
        "network-verdicts",
        "--version",
        lambda version: version == _pinned(CYCLONUS.value),
        of_the_lane=False,
    ),
    # The one released with the Pulumi CLI cannot print its version, so it never fits.
    "pulumi-language-python": Program(
        "language-host",
        "platform.local/language-host",
        "language-host",
        "--version",
        lambda _: False,
        of_the_lane=False,
    ),
}

PYTHON_PROGRAMS = ("kubectl", "aws")
"""Installed by PyPI packages beside this interpreter."""


def _stamps(stamps: dict[str, str]) -> str:
    return " ".join(("-s", "-w", *(f"-X {variable}={value}" for variable, value in stamps.items())))


_GIBIBYTE = 1024**3
_BUILD_MEMORY_BYTES = 3 * _GIBIBYTE
"""Two parallel linkers of programs as large as the API server; an estimate."""

_MAJOR, _MINOR = KUBERNETES.value.split(".")
MODULES = {
    "control-plane": GoModule(
        REPOSITORY / "tooling" / "binaries" / "control-plane",
        # Without its version the engine cannot preview through the Automation API, though `up` works and hides it.
        _stamps(
            {
                "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{ENGINE.value}",
                "k8s.io/component-base/version.gitVersion": f"v{KUBERNETES_PATCH.value}",
                "k8s.io/component-base/version.gitMajor": _MAJOR,
                "k8s.io/component-base/version.gitMinor": _MINOR,
            }
        ),
    ),
    "helm": GoModule(
        REPOSITORY / "tooling" / "binaries" / "helm",
        _stamps({"helm.sh/helm/v3/internal/version.version": f"v{HELM.value}"}),
    ),
    "kwok": GoModule(REPOSITORY / "tooling" / "binaries" / "kwok", _stamps({})),
    "actionlint": GoModule(REPOSITORY / "tooling" / "binaries" / "actionlint", _stamps({})),
    "dockerfile-check": GoModule(REPOSITORY / "tooling" / "binaries" / "dockerfile-check", _stamps({})),
    "network-verdicts": GoModule(REPOSITORY / "tooling" / "binaries" / "network-verdicts", _stamps({})),
    "language-host": GoModule(
        REPOSITORY / "tooling" / "binaries" / "language-host",
        _stamps({"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{ENGINE.value}"}),
    ),
}
_TITLES = {
    "control-plane": "building the engine and the Kubernetes control plane (about 8 minutes on two cores, once)",
    "kwok": "building kwok (about 2 minutes on two cores, once)",
    "helm": "building Helm (about 2 minutes on two cores, once)",
    "actionlint": "building actionlint (a few seconds, once)",
    "dockerfile-check": "building BuildKit's linter (about 1 minute on two cores, once)",
    "network-verdicts": "building cyclonus' reading of network policies (about 1 minute on two cores, once)",
    "language-host": "building the test suite's Python language host (a few seconds, once)",
}


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
    return _numbers(answer.stdout) if answer.returncode == 0 else None


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
        progress.task(_TITLES[module]) as task,
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

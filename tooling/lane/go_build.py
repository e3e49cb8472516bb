"""Building programs from one of the pinned Go modules in `tooling/binaries/`, with progress and readable errors.

`binaries` decides which programs, and where they are kept. A killed build resumes from Go's own cache.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import PlatformError
from tooling.lane.hosts import supported_host
from tooling.lane.progress import Task

_GIBIBYTE = 1024**3
_CACHE_BYTES = 5 * _GIBIBYTE
"""Go's build cache after both modules were built from scratch: 4.8 GiB (measured)."""

_OUTPUT_BYTES = _GIBIBYTE
"""All programs of both modules: 0.6 GiB (measured), twice that while they are linked."""


@dataclass(frozen=True)
class GoModule:
    """A directory with a go.mod of this repository, and the linker flags that set its programs' versions."""

    directory: Path
    linker_flags: str

    @property
    def go_directive(self) -> str:
        """The Go version that go.mod requires, e.g. `1.26.0`."""
        match = re.search(r"^go (\S+)$", (self.directory / "go.mod").read_text(), re.MULTILINE)
        if not match:
            raise PlatformError(
                "go-mod-without-version",
                "go.mod has no Go version",
                at=str(self.directory / "go.mod"),
                hint="git checkout -- tooling/binaries",
            )
        return match.group(1)


@dataclass(frozen=True)
class GoInstallation:
    version: str
    """e.g. `1.26.8`."""
    may_fetch_newer: bool
    """Whether `go` may replace itself with the version that a go.mod requires (GOTOOLCHAIN is not `local`)."""
    proxy_hosts: tuple[str, ...]
    """Never shown in messages: the name of a registry may be private."""
    build_cache: Path


def find_go() -> GoInstallation | None:
    """The `go` on PATH, or None."""
    return _go_at(shutil.which("go"), os.environ.get("GOTOOLCHAIN"), os.environ.get("GOPROXY"))


@functools.lru_cache
def _go_at(executable: str | None, _toolchain: str | None, _proxy: str | None) -> GoInstallation | None:
    if executable is None:
        return None
    # Run in the root directory: inside a module, `go` may already replace itself with a newer version.
    answer = subprocess.run(
        [executable, "env", "-json", "GOVERSION", "GOTOOLCHAIN", "GOPROXY", "GOCACHE"],
        cwd="/",
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise PlatformError(
            "go-unusable",
            "`go env` fails",
            at=executable,
            hint=f"fix `{executable} env`, or remove it from PATH",
        )
    values = json.loads(answer.stdout)
    proxies = [part for part in re.split(r"[,|]", values["GOPROXY"]) if "://" in part]
    return GoInstallation(
        version=values["GOVERSION"].split()[0].removeprefix("go"),
        may_fetch_newer=values["GOTOOLCHAIN"] != "local",
        proxy_hosts=tuple(host for host in (urlsplit(proxy).hostname for proxy in proxies) if host),
        build_cache=Path(values["GOCACHE"]),
    )


def build(go: GoInstallation, module: GoModule, packages: Sequence[str], destination: Path, task: Task) -> None:
    """Builds `packages` (import paths of commands) into `destination`, one file each, named as Go names them.

    Raises:
        PlatformError: Go too old, no disk space, sources out of reach, or a package that does not compile.
    """
    _check_version(go, module)
    # The linker strips debugging information, so it need not be made.
    flags = ["-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", module.linker_flags]
    stale = _stale_packages(go, module, flags, packages, task)
    total = len(stale)
    needed = {destination: _OUTPUT_BYTES}
    if total > len(packages):  # not only the programs themselves must be compiled
        needed[go.build_cache] = _CACHE_BYTES
    _check_space(needed)
    task.update("linking" if total <= len(packages) else "compiling", done=0, total=total)
    done = 0
    tail: list[str] = []
    command = ["go", "build", "-v", *flags, "-o", f"{destination}{os.sep}", *packages]
    with subprocess.Popen(
        command,
        cwd=module.directory,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stderr or ():
                package = line.strip()
                if package in stale:
                    done += 1
                    task.update(package, done=done, total=total)
                else:
                    tail = [*tail[-40:], package]
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise _failure(go, module, command, process.returncode, tail)


def _stale_packages(
    go: GoInstallation, module: GoModule, flags: Sequence[str], packages: Sequence[str], task: Task
) -> set[str]:
    """What `go build` will compile. This makes Go fetch missing sources, most of the time of a first run."""
    task.update("looking for missing sources")
    command = ["go", "list", *flags, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", *packages]
    fetched = 0
    tail: list[str] = []
    # The list goes to a file: with two pipes read one after the other, a full one would block.
    with (
        tempfile.TemporaryFile("w+") as listed,
        subprocess.Popen(
            command,
            cwd=module.directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=listed,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stderr or ():
                if line.startswith("go: downloading "):
                    fetched += 1
                    task.update(f"fetching sources, {fetched} modules so far")
                else:
                    tail = [*tail[-40:], line.strip()]
        except BaseException:
            process.terminate()
            raise
        if process.wait() != 0:
            raise _failure(go, module, command, process.returncode, tail)
        listed.seek(0)
        return set(listed.read().split())


def _environment() -> dict[str, str]:
    """The user's environment, GOFLAGS and GOPROXY included, but for this host and this module only."""
    system, processor = supported_host()
    return {**os.environ, "GOOS": system, "GOARCH": processor, "GOWORK": "off"}


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _check_version(go: GoInstallation, module: GoModule) -> None:
    wanted = module.go_directive
    if go.may_fetch_newer or _version_numbers(go.version) >= _version_numbers(wanted):
        return
    raise PlatformError(
        "go-too-old",
        f"Go {go.version} is too old: the lane's programs need {wanted} or newer",
        at=str(module.directory / "go.mod"),
        hint=f"install Go {wanted} or newer, or unset GOTOOLCHAIN so that Go can download it",
    )


def _check_space(needed: dict[Path, int]) -> None:
    for path, wanted in needed.items():
        existing = next(parent for parent in (path, *path.parents) if parent.exists())
        free = shutil.disk_usage(existing).free
        if free < wanted:
            raise _disk_full(
                existing, f"{free / _GIBIBYTE:.1f} GiB are free, but {wanted / _GIBIBYTE:.0f} GiB are needed"
            )


def _disk_full(at: Path, what: str) -> PlatformError:
    return PlatformError(
        "disk-full",
        f"not enough disk space to build the lane's programs: {what}",
        at=str(at),
        hint="free some space and run the same command again; finished parts of the build are kept",
    )


def _failure(
    go: GoInstallation, module: GoModule, command: Sequence[str], status: int, lines: Sequence[str]
) -> PlatformError:
    text = "\n".join(lines)
    if "no space left on device" in text:
        return _disk_full(go.build_cache, "the disk became full during the build")
    if re.search(r"dial tcp|no such host|i/o timeout|TLS handshake|proxyconnect|connection re|GOPROXY=off", text):
        return PlatformError(
            "go-sources-unreachable",
            "the sources of the lane's programs could not be downloaded",
            at=f"`go list` in {module.directory}",
            hint="check the network and `go env GOPROXY`, and run the same command again; finished downloads are kept",
        )
    if "signal: killed" in text or status == -9:
        return PlatformError(
            "build-killed",
            "the build was killed, most likely because memory ran out",
            at=str(module.directory),
            hint="GOFLAGS=-p=1 tiers local up",
        )
    last = [scrub(line, go.proxy_hosts) for line in lines if line][-5:]
    return PlatformError(
        "build-failed",
        "the lane's programs could not be built: " + (" / ".join(last) or f"`go` exited with status {status}"),
        at=str(module.directory),
        hint=f"to see the full output: cd {shlex.quote(str(module.directory))} && {shlex.join(command)}",
    )


def scrub(line: str, hosts: Iterable[str]) -> str:
    """`line` without addresses and without the names of `hosts`."""
    line = re.sub(r"\b\w+://\S+", "<address>", line)
    for host in hosts:
        line = line.replace(host, "<host>")
    return line

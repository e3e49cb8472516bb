"""The commands behind `make check`, `make test` and `make lock`, so that developers and CI run the same thing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tooling.paths import REPOSITORY, cache_directory

_BIN = Path(sys.executable).parent

STATIC = (
    ("style", ["ruff", "check", "--quiet", "."]),
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("types", ["pyright"]),
)

PYTEST = ("pytest", "--dist", "loadgroup", "--no-loadscope-reorder", "--times")
_MOST_WORKERS = 4


def static() -> int:
    """Style, format and types; returns the number of checks that failed."""
    return sum(_run(name, command) != 0 for name, command in STATIC)


def test() -> int:
    """Builds the binaries first, so that this does not count as a slow test; then runs checks and tests side by side.

    Returns 0 if all passed. The output of the checks is printed only if one fails.
    """
    from tooling.lane.binaries import PROGRAMS, ensure
    from tooling.lane.go_build import find_go
    from tooling.lane.progress import progress_on

    # Without Go, only the lane's binaries are available; tests of the others report what is missing.
    ensure(progress_on(), tuple(PROGRAMS) if find_go() else ())
    with ThreadPoolExecutor(1) as beside:
        checks = beside.submit(_static_beside)
        failed = _run("tests", [*PYTEST, "-n", str(_workers())])
        return failed or checks.result()


def unit(*directories: str) -> int:
    """Runs the tests that need neither an engine nor a cluster."""
    return _run("tests", [*PYTEST, "-n", str(_workers()), "-q", "-m", "not engine and not lane", *directories])


def _workers() -> int:
    """One per processor, limited since a lane needs 0.5 GB; two on one processor, which would be idle half the time."""
    return min(max(os.cpu_count() or 1, 2), _MOST_WORKERS)


def _static_beside() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tooling.checks", "static"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(
        f"\nchecks: {'done' if done.returncode == 0 else 'failed'}\n{done.stdout if done.returncode else ''}",
        flush=True,
    )
    return done.returncode


def lock() -> int:
    """Resolves `requirements.lock` with hashes, for every platform and Python version, without registry addresses."""
    uv = sorted(cache_directory().glob("uv-*/bin/uv"))[-1]
    return _run(
        "lock",
        [
            str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
            "--no-annotate", "--no-header", "--no-emit-index-url", "--group", "dev", "pyproject.toml",
            "--output-file", "requirements.lock",
        ],
    )  # fmt: skip


def _run(name: str, command: Sequence[str]) -> int:
    program = command[0] if "/" in command[0] else str(_BIN / command[0])
    started = time.monotonic()
    print(f"{name}: {' '.join(Path(part).name if part == command[0] else part for part in command)}", flush=True)
    code = subprocess.run([program, *command[1:]], cwd=REPOSITORY).returncode
    print(f"{name}: {time.monotonic() - started:.0f} s, {'done' if code == 0 else 'failed'}", flush=True)
    return code


_COMMANDS: dict[str, Callable[..., int]] = {"static": static, "test": test, "unit": unit, "lock": lock}

if __name__ == "__main__":
    sys.exit(1 if _COMMANDS[sys.argv[1]](*sys.argv[2:]) else 0)

"""The commands behind `make check`, `make test` and `make lock`, so that developers and CI run the same thing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tooling.images.services import service_directories
from tooling.paths import REPOSITORY, cache_directory

_BIN = Path(sys.executable).parent

STATIC = (
    ("style", ["ruff", "check", "--quiet", "."]),
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("types", ["pyright"]),
    ("images", ["python", "-m", "tooling.images"]),
)

PYTEST = ("pytest", "--dist", "loadgroup", "--no-loadscope-reorder", "--times")
UNIT = "not engine and not lane and not process"
REPORT_OF_ATTACKS = ("--attacks", str(REPOSITORY / ".local" / "attacks"))
ATTACKS = ("tests/attack", "tests/admission/test_admission_policies.py")
_MOST_WORKERS = 4


def static() -> int:
    """Check style, format and types; return the number of checks that failed."""
    return sum(_run(name, command) != 0 for name, command in STATIC)


def test() -> int:
    """Build the binaries, so that this does not count as a slow test; then run static checks and tests in parallel.

    Returns 0 if everything passed. The output of the static checks is printed only if one fails.
    """
    from tooling.lane.binaries import ensure
    from tooling.lane.go_build import find_go
    from tooling.lane.program_table import PROGRAMS
    from tooling.lane.progress import progress_on

    # Without Go, only the programs of the lane are available; tests of the others report what is missing.
    ensure(progress_on(), tuple(PROGRAMS) if find_go() else ())
    with ThreadPoolExecutor(1) as background:
        checks = background.submit(_static_in_background)
        failed = _run("tests", [*PYTEST, *REPORT_OF_ATTACKS, "-n", str(_workers())])
        return failed or checks.result()


def unit(*directories: str) -> int:
    """Run the tests that need no engine, no cluster and no other program."""
    return _run("tests", [*PYTEST, "-n", str(_workers()), "-q", "-m", UNIT, *directories])


def attack() -> int:
    """Attack tenants from inside, as their people, pipelines and pods; write the report of it."""
    return _run("attacks", [*PYTEST, *REPORT_OF_ATTACKS, "-n", str(_workers()), "-q", *ATTACKS])


def _workers() -> int:
    """One per processor, at most 4 since a lane takes half a gigabyte, at least 2 since tests wait half of the time."""
    return min(max(os.cpu_count() or 1, 2), _MOST_WORKERS)


def _static_in_background() -> int:
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
    """Resolve `requirements.lock`: hashes, every platform and Python version, no registry address.

    It contains what the services of applications need too, so that tests run them with the versions of their images.
    """
    uv = sorted(cache_directory().glob("uv-*/bin/uv"))[-1]
    services = [str(path.relative_to(REPOSITORY) / "pyproject.toml") for path in service_directories()]
    return _run(
        "lock",
        [
            str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
            "--no-annotate", "--no-header", "--no-emit-index-url", "--group", "dev", "pyproject.toml", *services,
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


_COMMANDS: dict[str, Callable[..., int]] = {
    "static": static,
    "test": test,
    "attack": attack,
    "unit": unit,
    "lock": lock,
}

if __name__ == "__main__":
    sys.exit(1 if _COMMANDS[sys.argv[1]](*sys.argv[2:]) else 0)

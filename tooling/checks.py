"""What `make check`, `make test` and `make lock` run, so that people and CI run the same."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tooling.paths import REPOSITORY, cache_directory

_BIN = Path(sys.executable).parent

STATIC = (
    ("style", ["ruff", "check", "--quiet", "."]),
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("types", ["pyright"]),
)


def static() -> int:
    """Style, format and types; returns the number of checks that failed."""
    return sum(_run(name, command) != 0 for name, command in STATIC)


def test() -> int:
    """Binaries first, so that building them counts as set-up and not as a slow test; then checks, then pytest."""
    from tooling.lane.binaries import ensure
    from tooling.lane.progress import progress_on

    ensure(progress_on())
    failed = static()
    return _run("tests", ["pytest", "-n", "2", "--dist", "loadgroup"]) or failed


def lock() -> int:
    """Resolves `requirements.lock`: hashes, every platform and Python version, no registry address."""
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


_COMMANDS: dict[str, Callable[[], int]] = {"static": static, "test": test, "lock": lock}

if __name__ == "__main__":
    sys.exit(1 if _COMMANDS[sys.argv[1]]() else 0)

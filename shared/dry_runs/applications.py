"""The applications of the repository, for tests that hold for each of them."""

from __future__ import annotations

from pathlib import Path

_APPLICATIONS = Path(__file__).resolve().parents[2] / "applications"
_USUAL = "dev"


def application_directories() -> list[Path]:
    """Every directory of an application's program, in alphabetical order."""
    return sorted(path.parent for path in _APPLICATIONS.glob("*/Pulumi.yaml"))


def stack_of_application(directory: Path) -> str:
    """`dev`, or the first stack that the application has a file for, if its tenant does not exist in `dev`."""
    stacks = sorted(path.name.split(".")[1] for path in directory.glob("Pulumi.*.yaml"))
    return _USUAL if _USUAL in stacks or not stacks else stacks[0]

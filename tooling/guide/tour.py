"""One guided tour of an environment: its settings, and how a step runs a command."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from shared.environment import Environment
from shared.errors import ExitCode, PlatformError
from tooling.guide.settings import GuideSettings
from tooling.paths import REPOSITORY

_TIERS = (sys.executable, "-c", "from tooling.cli.main import main; main()")


@dataclass(frozen=True, kw_only=True)
class Tour:
    settings: GuideSettings
    environment: Environment
    tenant: str
    """The application's tenant."""
    console: Console
    yes: bool = False
    """Nobody is asked."""
    variables: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def stack(self) -> str:
        return self.environment.name

    @property
    def is_local(self) -> bool:
        return self.stack == "local"

    @property
    def application(self) -> Path:
        return REPOSITORY / "applications" / self.settings.application

    def tiers(self, *arguments: str) -> None:
        """Shows the command and runs it on this terminal.

        Raises:
            PlatformError: `guide-step-failed`, with the command's exit code. KeyboardInterrupt: it was interrupted.
        """
        self._run(["tiers", *arguments], [*_TIERS, *arguments])

    def output_of_tiers(self, *arguments: str) -> str:
        """As `tiers`, but returns what the command prints on stdout."""
        return self._run(["tiers", *arguments], [*_TIERS, *arguments], stdout=subprocess.PIPE)

    def python(self, module: str, *arguments: str) -> None:
        """As `tiers`, for a module of the repository."""
        self._run(["python", "-m", module, *arguments], [sys.executable, "-m", module, *arguments])

    def note(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    def _run(self, shown: Sequence[str], command: Sequence[str], *, stdout: int | None = None) -> str:
        line = shlex.join(shown)
        self.console.print(f"$ {line}", markup=False, soft_wrap=True, style="bold")
        variables = {**self.variables, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(command, cwd=REPOSITORY, env=variables, stdout=stdout, text=True)
        if done.returncode == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if done.returncode != 0:
            known = {int(code): code for code in ExitCode}
            raise PlatformError(
                "guide-step-failed",
                f"`{line}` ended with exit code {done.returncode}",
                at=f"environment {self.stack}",
                hint="do what its message says; then the same command of the guide goes on from here",
                exit_code=known.get(done.returncode, ExitCode.DEPLOYMENT_FAILED),
            )
        return done.stdout or ""

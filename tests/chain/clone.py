"""A clone of the working tree in a directory of its own, with a lane of its own: a newcomer's machine in a test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.lane.environments import washed
from tooling.paths import REPOSITORY


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.stdout)


class Clone:
    """Commands run as a person would run them, from the clone's root."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "clone"
        self.local = self.path / ".local"
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            source, target = REPOSITORY / name, self.path / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "clone")

    def git(self, *arguments: str) -> str:
        return self._run(["git", *arguments]).stdout

    def tiers(self, *arguments: str, expect: int = 0) -> Finished:
        """Runs `tiers`; any other exit code than `expect` fails the test with everything that was said."""
        finished = self._run([sys.executable, "-c", "from tooling.cli.main import main; main()", *arguments])
        said = f"tiers {' '.join(arguments)} ended with {finished.exit_code}\n{finished.stdout}\n{finished.stderr}"
        assert finished.exit_code == expect, said
        assert "Traceback" not in finished.stderr, said
        return finished

    def kubectl(self, kubeconfig: Path, *arguments: str, expect: int = 0) -> Finished:
        finished = self._run(
            [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(kubeconfig), *arguments]
        )
        assert finished.exit_code == expect, f"{finished.stdout}\n{finished.stderr}"
        return finished

    def _run(self, command: list[str]) -> Finished:
        done = subprocess.run(
            command,
            cwd=self.path,
            env={**washed(), "PYTHONPATH": str(self.path), "PATH": os.environ["PATH"], "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

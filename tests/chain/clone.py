"""A clone of the working tree in a directory of its own, with a lane of its own: a newcomer's machine in a test."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked_tiers import SDK_MODULES
from tests.preloaded import Preloaded
from tooling.lane.environments import washed
from tooling.lane.state import Lane
from tooling.paths import REPOSITORY

_TIERS = (sys.executable, "-c", "from tooling.cli.main import main; main()")


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.stdout)


def listed_files() -> list[str]:
    """Files that are in git, or would be with the next commit, in one order."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    names = sorted(set(filter(None, listed.stdout.decode().split("\0"))))
    return [name for name in names if (REPOSITORY / name).is_file()]


def copy_tree(directory: Path) -> None:
    """Copies what is in git, or would be with the next commit."""
    for name in listed_files():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target)
        # Compiled modules name the time and the size of their source, which the copy has too.
        compiled = _compiled(Path(name))
        if compiled is not None:
            (directory / compiled).parent.mkdir(exist_ok=True)
            shutil.copy2(REPOSITORY / compiled, directory / compiled)


def _compiled(module: Path) -> Path | None:
    if module.suffix != ".py":
        return None
    compiled = Path(importlib.util.cache_from_source(str(module)))
    return compiled if (REPOSITORY / compiled).is_file() else None


_THIRD_PARTY = (
    "cryptography.hazmat.primitives.ciphers.aead",
    "networkx",
    "pydantic",
    "rich.console",
    "rich.live",
    "rich.table",
    "typer.main",
    "typer.rich_utils",
    "yaml",
)
"""What `tiers` imports that no clone has a copy of."""


@functools.cache
def _preloaded() -> Preloaded:
    """One per test process. Modules of the repository are not loaded: each clone has its own."""
    return Preloaded(*_THIRD_PARTY, *SDK_MODULES, "tests.forked_tiers", root=REPOSITORY, variables=washed())


class Clone:
    """Commands run as a person would run them, from the clone's root; `tiers` with third-party modules preloaded."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "clone"
        self.local = self.path / ".local"
        self.prefix: list[str] = []
        """What every command is run by, e.g. `nsenter …`."""
        self.variables: dict[str, str] = {}
        """Further environment variables of every command."""
        copy_tree(self.path)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "clone")

    def git(self, *arguments: str) -> str:
        return self._run(["git", *arguments]).stdout

    def tiers(self, *arguments: str, expect: int | None = 0) -> Finished:
        """Runs `tiers`; any other exit code than `expect`, if one is, fails the test with everything that was said."""
        finished = self._run([*_TIERS, *arguments]) if self.prefix else self._forked(arguments)
        said = f"tiers {' '.join(arguments)} ended with {finished.exit_code}\n{finished.stdout}\n{finished.stderr}"
        assert expect is None or finished.exit_code == expect, said
        assert "Traceback" not in finished.stderr, said
        return finished

    @property
    def administrator(self) -> Path:
        """The lane's own kubeconfig, whose client certificate spares each `kubectl` a run of `aws` for a token."""
        lane = Lane.load(self.local)
        assert lane is not None
        return lane.cluster.kubeconfig

    def resources(self, project: str, stack: str = "local") -> list[dict[str, Any]]:
        """What the state of a stack holds, as the engine wrote it."""
        file = self.local / f"state/.pulumi/stacks/{project}/{stack}.json"
        return json.loads(file.read_text())["checkpoint"]["latest"]["resources"]

    def outputs(self, project: str, stack: str = "local") -> dict[str, Any]:
        """Of a stack, from its state; a secret one is not readable."""
        (root,) = [one for one in self.resources(project, stack) if one["type"] == "pulumi:pulumi:Stack"]
        return root["outputs"]

    def python(self, code: str) -> str:
        """Runs Python code in the clone and returns what it prints."""
        finished = self._run([sys.executable, "-c", code])
        assert finished.exit_code == 0, finished.stderr
        return finished.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts `tiers` and does not wait for it; its stderr is a pipe, its stdout is not looked at."""
        return subprocess.Popen(
            [*_TIERS, *arguments],
            cwd=self.path,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kubectl(self, kubeconfig: Path, *arguments: str, expect: int = 0) -> Finished:
        finished = self._run(
            [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(kubeconfig), *arguments]
        )
        assert finished.exit_code == expect, f"{finished.stdout}\n{finished.stderr}"
        return finished

    def _forked(self, arguments: Sequence[str]) -> Finished:
        done = _preloaded().run(
            "tests.forked_tiers:main", arguments, cwd=self.path, variables=self._environment(), tree=self.path
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def _run(self, command: list[str]) -> Finished:
        done = subprocess.run(
            [*self.prefix, *command],
            cwd=self.path,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        own = {"PYTHONPATH": str(self.path), "PATH": os.environ["PATH"], "NO_COLOR": "1"}
        return {**washed(), **own, **self.variables}


def kubeconfig(clone: Clone, name: str, *options: str) -> Path:
    """Writes the kubeconfig that `tiers kubeconfig` prints to a file of that name in the lane."""
    path = clone.local / f"{name}.kubeconfig"
    path.write_text(clone.tiers("kubeconfig", "--stack", "local", *options).stdout)
    path.chmod(0o600)
    return path

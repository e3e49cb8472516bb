"""Where a row runs: a copy of the working tree, a lane directory, and what can be seen of both afterwards.

One copy serves all rows of a test process, since `tiers` is forked from a process that has the copy's modules loaded.
After each row, what the row changed is put back.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bad_input.account import Aws
from tests.chain.clone import Finished, copy_tree
from tests.preloaded import Preloaded
from tooling.lane.environments import washed
from tooling.lane.state import Lane

_TIERS = (sys.executable, "-c", "from tooling.cli.main import main; main()")
_PLAIN = {"NO_COLOR": "1"}


_MODULES = (
    "tooling.cli.main",
    "tooling.lane.audit",
    "tooling.lane.snapshot_operations",
    "tooling.runner.aws_account",
    "tooling.runner.execution",
    "tooling.runner.guards",
    "tooling.runner.one_run",
    "tooling.runner.report",
    "tooling.runner.stack_settings",
    "tooling.runner.tenant_guards",
    "shared.settings",
    "shared.testing",
    "boto3",
    "pulumi_aws",
    "pulumi_kubernetes",
)
"""What `tiers` imports at once, and most of what its commands import when they run."""


class Tree:
    """A copy of the working tree, and the process that has its modules loaded."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_tree(root)
        self._contents = {path: path.read_bytes() for path in self._entries() if path.is_file()}
        self._entries_at_first = self._entries()
        self.preloaded = Preloaded(*_MODULES, root=root, variables={**washed(), **_PLAIN})

    def restore(self) -> None:
        """Undoes what a row changed in the copy."""
        now = self._entries()
        for path in sorted(set(now) - set(self._entries_at_first), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for path, entry in self._entries_at_first.items():
            if now.get(path) == entry:
                continue
            mode, _size, modified_ns = entry
            if stat.S_ISDIR(mode):
                path.mkdir(exist_ok=True)
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            path.write_bytes(self._contents[path])
            path.chmod(stat.S_IMODE(mode))
            # What was compiled from it is still right.
            os.utime(path, ns=(modified_ns, modified_ns))

    def _entries(self) -> dict[Path, tuple[int, int, int]]:
        """Mode, size and time of change of everything in the copy but compiled modules; of directories, the mode."""
        return dict(_entries_below(self.root))


def _entries_below(directory: Path) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            path, found = Path(entry.path), entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield path, (found.st_mode, 0, 0)
                yield from _entries_below(path)
            else:
                yield path, (found.st_mode, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, kw_only=True)
class Site:
    tree: Tree
    lane: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    aws: Aws | None = None

    @property
    def root(self) -> Path:
        return self.tree.root

    def tiers(self, *arguments: str) -> Finished:
        """Runs `tiers` as a script would: no terminal, no account, nothing but this lane."""
        done = self.tree.preloaded.run("tooling.cli.main:main", arguments, cwd=self.root, variables=self._environment())
        return Finished(done.returncode, done.stdout, done.stderr)

    def new_tiers(self, *arguments: str) -> Finished:
        """The same in an interpreter of its own."""
        done = subprocess.run(
            [*_TIERS, *arguments],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        return {
            **washed(),
            **_PLAIN,
            "PYTHONPATH": str(self.root),
            "TIERS_LOCAL_DIR": str(self.lane),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **self._credentials(),
            **{name: value.format(lane=self.lane) for name, value in self.variables.items()},
        }

    def _credentials(self) -> dict[str, str]:
        if self.aws is None:
            return {}
        keys = {"AWS_ACCESS_KEY_ID": "TEST", "AWS_SECRET_ACCESS_KEY": "test"} if self.aws.caller else {}
        return {"AWS_ENDPOINT_URL": self.aws.endpoint, **keys}

    def sent(self) -> dict[str, Any]:
        """What a command that sent something would have changed: resources in stacks, requests that change AWS."""
        journal = self.lane / "aws" / "journal.jsonl"
        resources = {}
        for file in sorted((self.lane / "state").glob(".pulumi/stacks/*/*.json")):
            latest = json.loads(file.read_bytes())["checkpoint"]["latest"] or {}
            # A refused `up` may leave an empty stack behind: its root, and nothing in it.
            held = [each for each in latest.get("resources") or () if not each["type"].startswith("pulumi:")]
            if held:
                resources[f"{file.parent.name}/{file.stem}"] = held
        return {
            "resources": resources,
            "lane's requests": journal.read_bytes() if journal.exists() else b"",
            "requests": [] if self.aws is None else list(self.aws.asked),
        }


def make_stopped_lane(directory: Path) -> Lane:
    """A lane as a reboot leaves it: every file, no process."""
    lane = Lane.new(directory)
    for each in (directory, directory / "aws", directory / "cluster", lane.state_directory):
        each.mkdir(parents=True)
    for file in ("this-is-a-lane", "baseline.json", "aws/journal.jsonl", "cluster/made"):
        (directory / file).touch()
    lane.state_key_file.write_text("{}")
    lane.save()
    return lane

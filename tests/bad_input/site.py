"""Where a row runs: a copy of the working tree, a lane directory, and what can be seen of both afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bad_input.account import Aws
from tests.chain.clone import Finished, copy_tree
from tooling.lane.environments import washed
from tooling.lane.state import Lane

_TIERS = (sys.executable, "-c", "from tooling.cli.main import main; main()")


def pristine_tree(directory: Path) -> Path:
    """A copy of the working tree, compiled, of which each row gets a copy."""
    copy_tree(directory)
    packages = ("shared", "tooling", "infrastructure", "applications")
    subprocess.run([sys.executable, "-m", "compileall", "-q", *packages], cwd=directory, check=True)
    return directory


@dataclass(frozen=True, kw_only=True)
class Site:
    root: Path
    lane: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    aws: Aws | None = None

    def tiers(self, *arguments: str) -> Finished:
        """Runs `tiers` as a script would: no terminal, no account, nothing but this lane."""
        done = subprocess.run(
            [*_TIERS, *arguments],
            cwd=self.root,
            env={
                **washed(),
                "PYTHONPATH": str(self.root),
                "TIERS_LOCAL_DIR": str(self.lane),
                "NO_COLOR": "1",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                **self._credentials(),
                **{name: value.format(lane=self.lane) for name, value in self.variables.items()},
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

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


def copied(pristine: Path, directory: Path) -> Path:
    return Path(shutil.copytree(pristine, directory / "clone", symlinks=True))


def make_stopped_lane(directory: Path) -> Lane:
    """A lane as a reboot leaves it: every file, no process."""
    lane = Lane.new(directory)
    for each in (directory, directory / "aws", directory / "cluster", lane.state_directory):
        each.mkdir(parents=True)
    for file in ("this-is-a-lane", "baseline.json", "aws/journal.jsonl", "cluster/made"):
        (directory / file).touch()
    lane.passphrase_file.write_text("of no use to anybody")
    lane.save()
    return lane

"""Runs trials on a clone with a lane of its own.

After a trial, one plain rerun (`tiers local up`, then the same command) must reach the wanted state: nothing left to
do, and as many objects of each kind as after a run that nobody disturbed; after a destroy, nothing at all.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tests.chain.clone import Clone
from tests.chaos.trials import TENANT, Operation, Trial, Victim
from tests.chaos.victims import hit
from tooling.lane.audit import found
from tooling.lane.state import Lane

_POLL_SECONDS = 0.005
_SETTLE_SECONDS = 120
"""Kubernetes' garbage collector needs some time after the API server was gone."""
_LONGEST_SECONDS = 900
"""Waits of the released plug-ins end after ten minutes; what lasts longer hangs."""

Counts = Counter[tuple[str, str, str]]


class Wrong(Exception):
    """A trial whose rerun did not fix what the kill did."""


@dataclass(frozen=True, kw_only=True)
class Result:
    trial: Trial
    hit: bool
    """False if the operation was over before the point that the seed chose."""
    harmed_exit_code: int
    seconds: float
    remarks: tuple[str, ...]
    """What the rerun said it had fixed."""


class Harness:
    """`standing` is where the clone's lane is at the beginning."""

    def __init__(self, clone: Clone, standing: Standing | None = None) -> None:
        self.clone = clone
        self._file = clone.path / "tenants/catalog" / f"{TENANT}.yaml"
        self._original = self._file.read_text(encoding="utf-8")
        self._changed = re.sub(
            r"(pods: *)(\d+)", lambda match: f"{match[1]}{int(match[2]) + 7}", self._original, count=1
        )
        self._is: Standing | None = standing or Standing.EMPTY
        """`None` while nobody knows: an operation was hit and its rerun has not ended."""
        self._wanted: dict[Standing, Counts] = {}

    def start(self) -> None:
        self.clone.tiers("local", "up")

    def stop(self) -> None:
        self.clone.tiers("local", "down", "--yes")

    def run(self, trial: Trial) -> Result:
        """Brings the lane to where the trial begins, hits, runs the command again, and looks.

        Raises:
            Wrong: with what was found.
        """
        before, after = _MOVES[trial.operation]
        self._learn(after)
        self._bring(before)
        self._learn(before)
        if trial.operation is Operation.TENANT_CHANGE:
            # Toggled: undoing each change would be one more deployment per trial.
            deployed = self._file.read_text(encoding="utf-8")
            self._file.write_text(self._changed if deployed == self._original else self._original, encoding="utf-8")
        started = time.monotonic()
        self._is = None
        arguments = _ARGUMENTS[trial.operation]
        was_hit, exit_code, said = self._harmed(trial, arguments)
        self._check_said(trial, said, exit_code)
        self.clone.tiers("local", "up")
        rerun = self.clone.tiers(*arguments)
        try:
            self._check_state(trial, after)
        except Wrong as error:
            raise Wrong(f"{error}\n--- it had said:\n{said}\n--- the rerun said:\n{rerun.stderr}") from None
        self._is = after
        remarks = tuple(line for line in rerun.stderr.splitlines() if "adopted" in line or "removed the lock" in line)
        return Result(
            trial=trial,
            hit=was_hit,
            harmed_exit_code=exit_code,
            seconds=time.monotonic() - started,
            remarks=remarks,
        )

    def lane(self) -> Lane:
        lane = Lane.load(self.clone.local)
        assert lane is not None
        return lane

    def begin_anew(self) -> None:
        """After a trial that went wrong: an empty lane."""
        self._file.write_text(self._original, encoding="utf-8")
        self.clone.tiers("local", "reset", "--yes")
        self._is = Standing.EMPTY

    def _learn(self, standing: Standing) -> None:
        """Counts the objects after operations that nobody disturbs, the first time that a trial needs them."""
        if standing is not Standing.EMPTY and standing not in self._wanted:
            self._bring(standing)
            self._wanted[standing] = self._counts()

    def _bring(self, wanted: Standing) -> None:
        if self._is is None:
            self.begin_anew()
        for operation in _ROUTES.get((self._is, wanted), ()):
            self.clone.tiers(*_ARGUMENTS[operation])
        self._is = wanted

    def _harmed(self, trial: Trial, arguments: tuple[str, ...]) -> tuple[bool, int, str]:
        lane = self.lane()
        state = lane.state_directory / ".pulumi" / "stacks" / f"{trial.stack}.json"
        process = self.clone.start(*arguments)
        try:
            was_hit = _after_writes(state, trial.writes, process) and not process.poll()
            if was_hit:
                time.sleep(trial.pause_seconds)
                was_hit = process.poll() is None and hit(trial.victim, process.pid, lane, random.Random(trial.seed))
            _, said = process.communicate(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
            raise Wrong(f"the command that was hit did not end within {_LONGEST_SECONDS} s:\n{said}") from None
        return was_hit, process.returncode, said

    def _check_said(self, trial: Trial, said: str, exit_code: int) -> None:
        if "Traceback" in said:
            raise Wrong(f"a traceback:\n{said}")
        if trial.victim in (Victim.CTRL_C, Victim.CTRL_C_TWICE) and exit_code not in (0, 130):
            raise Wrong(f"Ctrl-C ended with {exit_code}:\n{said}")
        if trial.victim is not Victim.RUNNER and exit_code not in (0, 1, 130):
            raise Wrong(f"ended with {exit_code}:\n{said}")

    def _check_state(self, trial: Trial, after: Standing) -> None:
        if after is Standing.EMPTY:
            self._check_that_nothing_is_left()
            return
        if trial.operation is not Operation.TENANT_DESTROY:
            arguments = ("preview", *_ARGUMENTS[trial.operation][1:], "--expect-no-changes", "--json")
            preview = self.clone.tiers(*arguments, expect=None)
            if preview.exit_code != 0:
                changes = [stack for stack in preview.document["stacks"] if stack["resources"] or stack["errors"]]
                raise Wrong(f"something is left to do: {json.dumps(changes, indent=1)}")
        self.check_counts(after)

    def _check_that_nothing_is_left(self) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (left := self.clone.tiers("audit", "--stack", "local", "--json", expect=None)).exit_code != 0:
            if time.monotonic() > deadline:
                raise Wrong(f"the destroy left: {left.stdout}{left.stderr}")

    def check_counts(self, standing: Standing, settle_seconds: float = _SETTLE_SECONDS) -> None:
        """Raises: Wrong: with the kinds of which there are more or fewer objects than after an undisturbed run."""
        wanted = self._wanted[standing]
        deadline = time.monotonic() + settle_seconds
        while (counts := self._counts()) != wanted:
            if time.monotonic() > deadline:
                raise Wrong(f"too many: {counts - wanted}; too few: {wanted - counts}")
            time.sleep(1)

    def _counts(self) -> Counts:
        """How many objects of each kind and namespace there are; Pods and what controllers make of them aside."""
        return Counter(
            (entry["in"], f"{entry.get('service', '')}{entry['kind']}", entry.get("namespace", ""))
            for entry in self._found()
            if entry["kind"] not in _COME_AND_GO
        )

    def _found(self) -> list[dict[str, Any]]:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            try:
                return found(self.lane())
            except OSError:
                # An API server that has just come back answers 429 for kinds whose definition it still reads.
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


_COME_AND_GO = {"Pod", "ReplicaSet", "ControllerRevision", "ComponentStatus"}

_ONE = ("--stack", "local", "--tenant", TENANT)
_ARGUMENTS = {
    Operation.UP: ("up", "--stack", "local"),
    Operation.DESTROY: ("destroy", "--stack", "local", "--yes"),
    Operation.TENANT_UP: ("up", "tenants", *_ONE),
    Operation.TENANT_DESTROY: ("destroy", "tenants", *_ONE, "--yes"),
    Operation.TENANT_CHANGE: ("up", "tenants", *_ONE),
}


class Standing(Enum):
    """Where a lane is between two trials."""

    EMPTY = "empty"
    WITHOUT_TENANT = "without the tenant"
    ALL = "all"


_MOVES = {
    Operation.UP: (Standing.EMPTY, Standing.ALL),
    Operation.DESTROY: (Standing.ALL, Standing.EMPTY),
    Operation.TENANT_UP: (Standing.WITHOUT_TENANT, Standing.ALL),
    Operation.TENANT_DESTROY: (Standing.ALL, Standing.WITHOUT_TENANT),
    Operation.TENANT_CHANGE: (Standing.ALL, Standing.ALL),
}
_ROUTES: dict[tuple[Standing | None, Standing], tuple[Operation, ...]] = {
    (Standing.EMPTY, Standing.ALL): (Operation.UP,),
    (Standing.EMPTY, Standing.WITHOUT_TENANT): (Operation.UP, Operation.TENANT_DESTROY),
    (Standing.ALL, Standing.EMPTY): (Operation.DESTROY,),
    (Standing.ALL, Standing.WITHOUT_TENANT): (Operation.TENANT_DESTROY,),
    (Standing.WITHOUT_TENANT, Standing.ALL): (Operation.TENANT_UP,),
    (Standing.WITHOUT_TENANT, Standing.EMPTY): (Operation.DESTROY,),
}


def _after_writes(file: Path, writes: int, process: subprocess.Popen[str]) -> bool:
    """Waits until `file` was written anew so many times; False if the process ended before."""
    last, seen = _stamp(file), 0
    while process.poll() is None:
        now = _stamp(file)
        if now != last:
            last, seen = now, seen + 1
            if seen >= writes:
                return True
        time.sleep(_POLL_SECONDS)
    return False


def _stamp(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_ino)

"""Clones whose lane has been deployed already: restored in seconds from a snapshot that is made once.

Snapshots are kept in the user's cache, under a hash of everything that decides what a deployment makes; a change of a
program, of the tooling or of the lock makes new ones. A restored lane has the ports of its snapshot, so that a snapshot
serves one lane at a time: each test that needs one while all others are in use makes a further one.
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chain.clone import Clone, listed_files
from tooling.lane.copying import copy_tree
from tooling.lane.locks import hold
from tooling.paths import REPOSITORY, cache_directory

_NAME = "deployed"
_KEPT = 24
"""Sets of snapshots, of 3 to 30 MB each: of the last commits that were tested."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is deployed on a lane of its own."""

    name: str
    deploy: Callable[[Clone], object]
    """Deploys it on a lane that is up; runs only where there is no snapshot."""
    configure: Callable[[Clone], object] = lambda _: None
    """Writes its settings into the clone, since a snapshot has the lane alone; runs each time, after the lane is up."""
    files: tuple[str, ...] = ()
    """Files of tests and their data that decide what it deploys: those of the programs always do."""


def _deploy_chain(clone: Clone) -> None:
    document = clone.tiers("up", "--stack", "local", "--json").document
    assert {stack["status"] for stack in document["stacks"]} == {"done"}, document


CHAIN = Deployment(name="chain", deploy=_deploy_chain)
"""All four tiers with their committed settings."""

INFRASTRUCTURE = Deployment(
    name="infrastructure", deploy=lambda clone: clone.tiers("up", "infrastructure", "--stack", "local")
)
"""Tier 1 alone, with its committed settings."""


class _InUse(Exception):
    """Another test holds the snapshot."""


@contextmanager
def deployed(directory: Path, deployment: Deployment = CHAIN) -> Iterator[Clone]:
    """A clone in `directory` on whose lane `deployment` has been deployed; the lane is removed at the end."""
    clone = Clone(directory)
    store = cache_directory() / "deployed" / f"{content_hash(deployment.files)}-{deployment.name}"
    store.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        snapshot = stack.enter_context(_free_place(store))
        stack.callback(clone.tiers, "local", "down", "--yes")
        restored = _restored(clone, snapshot)
        if not restored:
            clone.tiers("local", "up")
        deployment.configure(clone)
        if not restored:
            deployment.deploy(clone)
            _keep(clone, snapshot)
        yield clone


def content_hash(further: Collection[str] = ()) -> str:
    """Of all files that decide what a deployment makes: programs, tooling and lock; of tests and pages, `further`."""
    digest = hashlib.sha256()
    for name in listed_files():
        path = Path(name)
        unrelated = "tests" in path.parts or path.suffix == ".md" or path.parts[0] in ("docs", ".github", ".ci")
        if unrelated and name not in further:
            continue
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256((REPOSITORY / path).read_bytes()).digest())
    return digest.hexdigest()[:16]


@contextmanager
def _free_place(store: Path) -> Iterator[Path]:
    """The first place for a snapshot that nobody uses, for as long as the block lasts."""

    def in_use(_: str) -> None:
        raise _InUse

    with ExitStack() as stack:
        for number in itertools.count():
            try:
                stack.enter_context(hold(store / f"{number}.lock", "a test of a deployed lane", waiting=in_use))
            except _InUse:
                continue
            yield store / str(number)
            return


def _restored(clone: Clone, snapshot: Path) -> bool:
    """False if there is no snapshot, or none that runs: somebody else has its ports."""
    if not snapshot.is_dir():
        return False
    here = clone.local / "snapshots" / _NAME
    here.parent.mkdir(parents=True)
    copy_tree(snapshot, here, skip=lambda _: False)
    finished = clone.tiers("local", "restore", _NAME, expect=None)
    # As `tiers local forget`, which would be one more process in every group of tests.
    shutil.rmtree(here.parent)
    if finished.exit_code == 0:
        return True
    assert "error[port-taken]" in finished.stderr, finished.stderr
    clone.tiers("local", "down", "--yes")
    shutil.rmtree(snapshot)
    return False


def _keep(clone: Clone, snapshot: Path) -> None:
    clone.tiers("local", "save", _NAME)
    unfinished = snapshot.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    copy_tree(clone.local / "snapshots" / _NAME, unfinished, skip=lambda _: False)
    unfinished.rename(snapshot)
    clone.tiers("local", "forget", _NAME)
    sets = sorted(snapshot.parent.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in sets[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)

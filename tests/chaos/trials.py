"""What one trial does, drawn from its seed: which operation, on which process, when. Data only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    UP = "up"
    """Of the whole chain, on an empty lane."""
    DESTROY = "destroy"
    """Of the whole chain."""
    TENANT_UP = "tenant up"
    """Of one tenant that was not there."""
    TENANT_DESTROY = "tenant destroy"
    TENANT_CHANGE = "tenant change"
    """`up` of one tenant whose file was edited."""


class Victim(StrEnum):
    RUNNER = "runner"
    WORKER = "worker"
    ENGINE = "engine"
    PLUGINS = "plug-ins"
    EMULATOR = "emulator"
    API_SERVER = "kube-apiserver"
    ETCD = "etcd"
    KUBELET = "kubelet"
    CTRL_C = "ctrl-c"
    CTRL_C_TWICE = "ctrl-c twice"


TENANT = "tenant-b"
"""The one that comes, changes and goes: no application is its."""

_MADE = {"infrastructure/local": 130, "platform-addons/local": 24, "tenants/local.tenant-a": 40, "demo/local": 10}
_REMOVED = {"infrastructure/local": 100, "platform-addons/local": 16, "tenants/local.tenant-a": 26, "demo/local": 4}
_TENANT = f"tenants/local.{TENANT}"

STACKS = {
    Operation.UP: _MADE,
    Operation.DESTROY: _REMOVED,
    Operation.TENANT_UP: {_TENANT: 40},
    Operation.TENANT_DESTROY: {_TENANT: 26},
    Operation.TENANT_CHANGE: {_TENANT: 2},
}
"""Stacks that an operation works on, with how often the state of each is seen to be written: some twice a resource."""

_SHARES = {
    Operation.UP: 2,
    Operation.DESTROY: 2,
    Operation.TENANT_UP: 6,
    Operation.TENANT_DESTROY: 4,
    Operation.TENANT_CHANGE: 2,
}
"""Of a hundred trials most are of one tenant: the whole chain takes five times as long, for the same kinds of calls."""
_LONGEST_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`victim` is hit `pause_seconds` after the state of `stack` was written for the `writes`-th time.

    Counting writes, not seconds, keeps a trial where it is on a machine of any speed.
    """

    seed: int
    operation: Operation
    victim: Victim
    stack: str
    writes: int
    pause_seconds: float

    def __str__(self) -> str:
        when = f"write {self.writes} of {self.stack} and {self.pause_seconds:.2f} s"
        return f"seed {self.seed}: {self.operation}, {self.victim} hit after {when}"


def trial(seed: int) -> Trial:
    """The same trial for the same seed."""
    draw = random.Random(seed)
    operation = draw.choices(list(_SHARES), weights=list(_SHARES.values()))[0]
    stack, most = draw.choice(list(STACKS[operation].items()))
    return Trial(
        seed=seed,
        operation=operation,
        victim=draw.choice(list(Victim)),
        stack=stack,
        writes=draw.randint(1, most),
        pause_seconds=round(draw.uniform(0, _LONGEST_PAUSE_SECONDS), 2),
    )

"""What a worker is asked and what it answers: one JSON object a line, each a dataclass here.

Values that the engine marks secret arrive masked; nothing here ever holds one.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

HELM_RELEASE = "kubernetes:helm.sh/v3:Release"

Operation = Literal["up", "preview", "destroy", "refresh"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """The first line that a worker reads."""

    environment: dict[str, str]
    """Its whole environment, and the engine's."""
    engine_version: str = ""
    """At least that; empty to ask the engine on PATH."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One operation on one stack of the worker's project."""

    number: int
    operation: Operation
    stack: str
    work_dir: str
    """Holds `Pulumi.yaml` and the stack's file."""
    new: bool = False
    """The stack is known not to exist: it is created first, which saves the engine a start that only fails."""
    refresh: bool = False
    """Compare with the real state first."""
    remove: bool = False
    """After `destroy`: forget the stack too."""
    targets: list[str] = field(default_factory=list)
    """Of `refresh`: only the resources with these URNs; all if there are none."""
    secrets_provider: str = ""
    policy_pack: str = ""
    """Directory of a policy pack that `up` and `preview` run with."""


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    path: str
    kind: str
    """As the engine calls it: `add`, `update`, `delete`, or one of them with `-replace`."""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One resource that an operation starts, finishes or fails on."""

    number: int
    phase: Literal["started", "done", "failed"]
    operation: str
    """`create`, `update`, `delete`, `replace`, `read`, `refresh`, …; `same` is not reported."""
    type: str
    name: str
    changes: list[PropertyChange] = field(default_factory=list)
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    number: int
    severity: Literal["error", "warning", "info"]
    message: str
    resource: str = ""


@dataclass(frozen=True, kw_only=True)
class FailedCreate:
    """A resource whose creation failed: whether it exists all the same, nobody has said.

    `resource` is the engine's description: `urn`, `type`, `inputs`, `parent`, `provider`, `custom`, `protect`.
    """

    number: int
    resource: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The end of an operation. `changes` counts resources by operation, `same` included."""

    number: int
    ok: bool
    changes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    """What went wrong, if no diagnostic says it."""
    exit_code: int = 1
    """Whose move is next if it failed: `shared.errors.ExitCode`; 2 where the program refused a setting."""
    problem: dict[str, str] = field(default_factory=dict)
    """What the program raised, if it did: `code`, `what`, `at`, `hint`, as in every JSON document of an error."""


Message = Step | Diagnostic | FailedCreate | Result

_KINDS: dict[str, type[Any]] = {
    "step": Step,
    "diagnostic": Diagnostic,
    "failed-create": FailedCreate,
    "result": Result,
    "request": Request,
    "start": Start,
}


def to_line(message: Message | Request | Start) -> str:
    kind = next(name for name, cls in _KINDS.items() if isinstance(message, cls))
    return json.dumps({"kind": kind, **dataclasses.asdict(message)})


def from_line(line: str) -> Any:
    content = json.loads(line)
    cls = _KINDS[content.pop("kind")]
    if "changes" in content and isinstance(content["changes"], list):
        content["changes"] = [PropertyChange(**change) for change in content["changes"]]
    return cls(**content)

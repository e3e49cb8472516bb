"""The messages between runner and worker: one JSON object per line, each a dataclass here.

The engine masks secret values before they get here.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from shared.errors import PlatformError

HELM_RELEASE = "kubernetes:helm.sh/v3:Release"

Operation = Literal["up", "preview", "destroy", "refresh"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """The first message to a worker."""

    environment: dict[str, str]
    """The complete environment of the worker and its engines."""
    engine_version: str = ""
    """A lower bound of the engine's version; empty to ask the engine on PATH."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One operation on one stack of the worker's project."""

    number: int
    operation: Operation
    stack: str
    work_dir: str
    """Holds `Pulumi.yaml` and the stack's file."""
    new: bool = False
    """The stack is known not to exist: create it first, which saves an engine run that only fails."""
    refresh: bool = False
    """First update the state to match what exists."""
    remove: bool = False
    """After `destroy`: remove the stack too."""
    targets: list[str] = field(default_factory=list)
    """For `refresh`: URNs of the only resources to read; empty for all."""
    secrets_provider: str = ""
    policy_pack: str = ""
    """Directory of a policy pack that `up` and `preview` run with."""


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    path: str
    kind: str
    """The engine's name of it: `add`, `update`, `delete`, or one of them with `-replace`."""
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
    """A resource whose creation failed; it may exist nevertheless.

    `resource` is the engine's description: `urn`, `type`, `inputs`, `parent`, `provider`, `custom`, `protect`.
    """

    number: int
    resource: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an operation did not complete."""

    message: str = ""
    """Empty if a diagnostic reports it."""
    exit_code: int = 1
    """Tells who has to act next: `shared.errors.ExitCode`; 2 if the program refused a setting."""
    document: dict[str, str] = field(default_factory=dict)
    """The error's `code`, `what`, `at`, `hint`, as in every JSON document of an error; empty for any other error."""

    @classmethod
    def of(cls, error: PlatformError) -> Self:
        return cls(message=str(error), exit_code=int(error.exit_code), document=error.document())


@dataclass(frozen=True, kw_only=True)
class Result:
    """The end of an operation. `changes` counts resources by operation, `same` included."""

    number: int
    changes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        return self.failure is None


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
    if content.get("failure"):
        content["failure"] = Failure(**content["failure"])
    return cls(**content)

"""How outputs cross from one tier to the next: `publish` in the upstream tier, `consume` in the downstream one.

`consume` is the only place in the repository that creates a `StackReference`. A program cannot catch the engine's error
for a reference to a stack that does not exist, so the stack is probed first with the engine's own `readStackOutputs`.
In a preview, missing outputs become unknown values with one warning, so that a chain can be previewed before it exists;
in an `up` they are an error.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, Protocol, TypeVar, get_args, get_origin, get_type_hints

import pulumi
from pulumi.runtime.settings import is_dry_run

from shared.environment import load_environment
from shared.narrowing import is_list, is_mapping
from shared.program_errors import ProgramInputError, ProgramRefused, program_errors

VERSION_OUTPUT = "contract_version"
_READ_TRIES = 5
_READ_PAUSE_SECONDS = 0.1


class Contract(Protocol):
    """A frozen dataclass whose fields are all `pulumi.Output`."""

    project: ClassVar[str]
    version: ClassVar[int]
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


C = TypeVar("C", bound=Contract)


def publish(contract: Contract) -> None:
    """Exports every field as a flat, plain output, plus `contract_version`.

    Raises (once the value is known; the deployment fails):
        ProgramRefused: `secret-in-contract`.
        ProgramInputError: `output-empty`.
    """
    for field in dataclasses.fields(contract):
        pulumi.export(field.name, _publishable(type(contract).__name__, field.name, getattr(contract, field.name)))
    pulumi.export(VERSION_OUTPUT, contract.version)


def consume(contract: type[C], *, stack: str) -> C:
    """Reads the outputs of `stack` in the contract's project, typed.

    Args:
        contract: the contract's class, which names the project.
        stack: stack of that project, e.g. `dev` or `dev.tenant-a`.

    Raises:
        ProgramInputError: during `up`: `stack-missing`, `output-missing`; always: `output-empty`, `output-invalid`,
            `contract-too-old`.
    """
    reference = f"{_organization(stack)}/{contract.project}/{stack}"
    published = _probe(reference)
    if published is None:
        return _unknown_or_raise(contract, stack, "stack-missing", "which does not exist", list(output_types(contract)))
    version = published.get(VERSION_OUTPUT)
    if version is not None and not fits(version, int):
        raise _error(contract, stack, "output-invalid", "which has published a value that is not int", [VERSION_OUTPUT])
    if version is not None and int(version) < contract.version:
        raise ProgramInputError(
            "contract-too-old",
            f"{_who()} needs contract version {contract.version} of {contract.project}/{stack}, "
            f"which has published version {int(version)}",
            at=f"contract {contract.__name__}",
            hint=_up_command(contract, stack),
        )
    missing = [name for name in output_types(contract) if name not in published]
    if missing:
        return _unknown_or_raise(contract, stack, "output-missing", "which has not published it", missing)
    for name, kind in output_types(contract).items():
        if kind is str and published[name] == "":
            raise _error(contract, stack, "output-empty", "which has published an empty value", [name])
        if not fits(published[name], kind):
            shown = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind)
            raise _error(contract, stack, "output-invalid", f"which has published a value that is not {shown}", [name])
    source = pulumi.StackReference(contract.project, stack_name=reference)
    return contract(
        **{
            name: source.require_output(name).apply(lambda value, kind=kind: restore(value, kind))
            for name, kind in output_types(contract).items()
        }
    )


def last_published(contract: type[Contract]) -> Mapping[str, Any]:
    """The plain outputs of the running stack after its last deployment; empty before the first."""
    return published(contract, stack=pulumi.get_stack())


def published(contract: type[Contract], *, stack: str) -> Mapping[str, Any]:
    """The plain outputs of `stack` as values, for decisions that a program makes before its first resource.

    Empty if the stack does not exist. Values that resources use come from `consume`.
    """
    return _probe(f"{_organization(stack)}/{contract.project}/{stack}") or {}


def restore(value: Any, kind: Any) -> Any:
    """Converts a value read from a stack to the type in its contract: Pulumi returns whole numbers as floats."""
    if kind is int:
        return int(value)
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return [restore(entry, item) for entry in value]
    if get_origin(kind) is dict:
        _, item = get_args(kind)
        return {key: restore(entry, item) for key, entry in value.items()}
    return value


def fits(value: Any, kind: Any) -> bool:
    """Whether a value read from a stack has the type in its contract."""
    if kind is int:
        return isinstance(value, int | float) and not isinstance(value, bool) and int(value) == value
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if get_origin(kind) is list:
        return is_list(value) and all(fits(entry, get_args(kind)[0]) for entry in value)
    if get_origin(kind) is dict:
        return is_mapping(value) and all(fits(entry, get_args(kind)[1]) for entry in value.values())
    return not isinstance(kind, type) or isinstance(value, kind)


def output_types(contract: type[Contract]) -> dict[str, Any]:
    """Maps each field to the type inside its `Output[...]`."""
    hints = get_type_hints(contract)
    return {field.name: get_args(hints[field.name])[0] for field in dataclasses.fields(contract)}


def _publishable(contract: str, name: str, value: pulumi.Output[Any]) -> pulumi.Output[Any]:
    async def checked() -> Any:
        if await value.is_secret():
            raise ProgramRefused(
                "secret-in-contract",
                f"output `{name}` is a secret, and contracts must not contain secrets",
                at=f"contract {contract}",
                hint="publish what the consumer needs to authenticate itself, never a token or key",
            )
        result = await value.future(with_unknowns=True)
        if await value.is_known() and result in ("", None):
            raise ProgramInputError(
                "output-empty",
                f"output `{name}` is empty",
                at=f"contract {contract}",
                hint="publish a non-empty value; an empty one would select defaults in the downstream tier",
            )
        return result

    return _output(value.resources(), checked(), value.is_known())


def _probe(reference: str) -> Mapping[str, Any] | None:
    """The plain outputs of a stack, or `None` if it does not exist. Secret outputs are left out.

    A file backend rewrites a state's attributes file in place, so a read at that moment fails with `EOF`. The running
    stack's own state is written while its program starts, so a failed read is retried.
    """
    tries = _READ_TRIES
    while True:
        tries -= 1
        try:
            result = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": reference}).value
        except Exception as error:
            if "unknown stack" in str(error) or "no stack named" in str(error) or "not found" in str(error):
                return None
            if not tries:
                raise
            time.sleep(_READ_PAUSE_SECONDS)
        else:
            answer: Mapping[str, Any] = result or {}
            outputs = answer.get("outputs")
            return outputs if is_mapping(outputs) else {}


def _unknown_or_raise(contract: type[C], stack: str, code: str, why: str, names: list[str]) -> C:
    error = _error(contract, stack, code, why, names)
    if not is_dry_run():
        raise error
    pulumi.log.warn(f"{error.what}; shown as unknown in this preview\nhint: {error.hint}")
    return contract(**{name: _unknown() for name in output_types(contract)})


def _unknown() -> pulumi.Output[Any]:
    async def nothing() -> Any:
        return pulumi.output.UNKNOWN

    async def known() -> bool:
        return False

    async def from_nowhere() -> set[pulumi.Resource]:
        return set()

    return _output(from_nowhere(), nothing(), known())


def _output(
    resources: Coroutine[Any, Any, set[pulumi.Resource]],
    value: Coroutine[Any, Any, Any],
    known: Coroutine[Any, Any, bool],
) -> pulumi.Output[Any]:
    """Starts the coroutines at once; otherwise Python warns about never-awaited coroutines when a program fails."""
    return pulumi.Output(asyncio.ensure_future(resources), asyncio.ensure_future(value), asyncio.ensure_future(known))


def _error(contract: type[Contract], stack: str, code: str, why: str, names: list[str]) -> ProgramInputError:
    shown = ", ".join(f"`{name}`" for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return ProgramInputError(
        code,
        f"{_who()} needs {shown} of {contract.project}/{stack}, {why}",
        at=f"contract {contract.__name__}, version {contract.version}",
        hint=_up_command(contract, stack),
    )


def _who() -> str:
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def _up_command(contract: type[Contract], stack: str) -> str:
    environment, _, tenant = stack.partition(".")
    return f"make {contract.project}-up STACK={environment}" + (f" TENANT={tenant}" if tenant else "")


def _organization(stack: str) -> str:
    with program_errors():
        return load_environment(stack.split(".", 1)[0]).organization

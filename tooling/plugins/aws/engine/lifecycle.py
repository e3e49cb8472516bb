"""Create, read, update and delete for resources of any type. Each ends by reading the resource back from AWS.

Contains no gRPC, which is in `servicer`, and no AWS calls, which are in the rows.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import PlatformError
from tooling.aws_types.identification import Account
from tooling.aws_types.table import ids_of
from tooling.plugins.aws.engine import state as states
from tooling.plugins.aws.engine.autonaming import DEFAULTS, name_at_creation
from tooling.plugins.aws.engine.clients import MOST_ATTEMPTS, Scope
from tooling.plugins.aws.engine.diff import changed_inputs, changes
from tooling.plugins.aws.engine.errors import STILL_IN_USE, LostAfterCreate, describe, error_code, is_gone, message
from tooling.plugins.aws.engine.lost_responses import ResponseLost
from tooling.plugins.aws.engine.row import CREATION_TAG, Operations, Row, Values
from tooling.plugins.provider.paths import Path, overlaid, text
from tooling.plugins.provider.wire import has_unknown

DELETION_PATIENCE_SECONDS = 5.0
"""Long enough for asynchronous deletions of the emulated AWS; the value is a guess."""

_RETRY_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0
_ID_WITH_REGION = re.compile(r"(?P<id>.+)@(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)")


class PartialFailure(Exception):
    """The resource exists, but a later step of its creation or update failed."""

    def __init__(self, resource_id: str, outputs: dict[str, Any], reason: str) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.outputs = outputs
        self.reason = reason


def create(row: Row, scope: Scope, inputs: Values, *, preview: bool) -> tuple[str, dict[str, Any]]:
    """Returns id and outputs; in a preview, no id, and unknown for the values that AWS would fill in.

    Raises:
        PartialFailure: it exists, but not as requested.
        LostAfterCreate: AWS accepted the request, but does not find the resource.
    """
    if preview:
        return "", states.created_in_preview(row, inputs)
    operations = row.operations(scope)
    named = name_at_creation(row.name, inputs)
    resource_id = _created(row, scope, operations, named)
    try:
        if row.tagged and operations.found_by_tag:
            operations.untag(resource_id, {}, [CREATION_TAG])
        operations.complete(resource_id, named)
    except (ClientError, BotoCoreError, PlatformError, ResponseLost) as error:
        live = operations.read(resource_id, named) or {}
        raise PartialFailure(resource_id, states.outputs(row, scope, live, inputs), _reason(error, row)) from error
    live = operations.read(resource_id, named)
    if live is None:
        raise LostAfterCreate(row.pulumi_name, resource_id)
    outputs = states.outputs(row, scope, live, inputs)
    _insist_that_it_was_kept(row, resource_id, outputs, inputs, ())
    return resource_id, outputs


def _created(row: Row, scope: Scope, operations: Operations, inputs: Values) -> str:
    """Runs `operations.create`. If its response is lost, finds the created resource, or else tries again.

    Raises:
        ResponseLost: it may exist, but cannot be distinguished from a resource that somebody else created.
    """
    if row.tagged and operations.found_by_tag:
        inputs = {**inputs, "tagsAll": {**(inputs.get("tagsAll") or {}), CREATION_TAG: secrets.token_hex(16)}}
    pause = _RETRY_SECONDS
    for attempts_left in reversed(range(MOST_ATTEMPTS)):
        try:
            return operations.create(inputs)
        except ResponseLost as lost:
            try:
                found = _found(row, scope, operations, inputs)
            except (ClientError, BotoCoreError) as unknown:
                raise lost from unknown
            if found is not None:
                return found
            if lost.repeated or not attempts_left or scope.connection.cancelled.wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    raise AssertionError("the last attempt returns or raises")


def _found(row: Row, scope: Scope, operations: Operations, inputs: Values) -> str | None:
    """The id of what `create` creates from these inputs, if it exists."""
    account = Account(account_id=scope.account_id, partition=scope.partition, client=scope.client)
    ids = ids_of(row.pulumi_name, inputs, account)
    found = ids[0] if isinstance(ids, list) and ids else None
    live = operations.read(found, inputs) if found is not None else None
    return found if live is not None and _is_ours(row, scope, live, inputs) else None


def _is_ours(row: Row, scope: Scope, live: Values, inputs: Values) -> bool:
    """Whether the existing resource is as requested, and not another one of the same name."""
    if row.tagged:
        # The other inputs may still have to be completed.
        return (inputs.get("tagsAll") or {}).items() <= (live.get("tagsAll") or {}).items()
    return not changes(row, states.outputs(row, scope, live, inputs), inputs, ())


def read(
    row: Row, scope: Scope, resource_id: str, known: Values, inputs: Values
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Returns outputs and inputs as they are in AWS now, or `None` if the resource no longer exists.

    `known` and `inputs` are the last known outputs and inputs of a refresh, and empty for an import.
    """
    live = row.operations(scope).read(resource_id, known)
    if live is None:
        return None
    outputs = states.outputs(row, scope, live, {**_write_only(row, known), **inputs})
    return outputs, states.refreshed_inputs(row, inputs, outputs) if inputs else states.imported_inputs(row, outputs)


def update(
    row: Row, scope: Scope, resource_id: str, state: Values, inputs: Values, ignored: Iterable[Path], *, preview: bool
) -> dict[str, Any]:
    """Updates the resource to `inputs`, except for ignored inputs, which stay as in `state`.

    Raises:
        PartialFailure: a step failed after earlier ones were carried out.
    """
    ignored = list(ignored)
    changed = changed_inputs(changes(row, state, inputs, ignored))
    if preview or has_unknown(inputs):
        return states.updated_in_preview(row, state, inputs, changed)
    wanted = dict(inputs)
    for path in ignored:
        wanted = overlaid(wanted, state, path)
        if path[0] == "tags":
            wanted = overlaid(wanted, state, ("tagsAll", *path[1:]))
    wanted = {key: value for key, value in wanted.items() if value is not None and key != DEFAULTS}
    operations = row.operations(scope)
    try:
        operations.update(resource_id, state, wanted, changed)
        if row.tagged:
            _update_tags(operations, resource_id, state, wanted)
    except (ClientError, BotoCoreError, PlatformError, ResponseLost) as error:
        live = operations.read(resource_id, state)
        if live is None:
            raise
        raise PartialFailure(resource_id, states.outputs(row, scope, live, state), _reason(error, row)) from error
    live = operations.read(resource_id, {**state, **wanted})
    if live is None:
        raise LostAfterCreate(row.pulumi_name, resource_id)
    outputs = states.outputs(row, scope, live, inputs)
    _insist_that_it_was_kept(row, resource_id, outputs, inputs, ignored)
    return outputs


def delete(row: Row, scope: Scope, resource_id: str, state: Values, *, patience_seconds: float) -> None:
    """Deletes it, or succeeds if it no longer exists. Retries for a while if a dependent resource prevents it."""
    operations = row.operations(scope)
    give_up_at = time.monotonic() + patience_seconds
    while True:
        try:
            operations.delete(resource_id, state)
        except ClientError as error:
            # Perhaps only an intermediate step was "not found": its response was lost, and the retry was refused.
            gone = is_gone(error)
            if gone and operations.read(resource_id, state) is None:
                return
            in_use = error_code(error) in STILL_IN_USE
            if (
                not (gone or in_use)
                or time.monotonic() >= give_up_at
                or scope.connection.cancelled.wait(_RETRY_SECONDS)
            ):
                raise
        else:
            return


def must_go_first(row: Row, state: Values, inputs: Values) -> bool:
    """Whether its type or its explicit name requires deleting the resource before its replacement is created."""
    if row.delete_before_replace:
        return True
    if row.name is None or row.name.input in inputs.get(DEFAULTS, []):
        return False
    name = inputs.get(row.name.input)
    return name is not None and name == state.get(row.name.input)


def split_region(row: Row, resource_id: str, known: Values) -> tuple[str, str | None]:
    """The id without an import's suffix `@region`, and the region to read from; `None` for the provider's region."""
    if not row.regional:
        return resource_id, None
    if known.get("region"):
        return resource_id, known["region"]
    match = _ID_WITH_REGION.fullmatch(resource_id)
    return (match["id"], match["region"]) if match else (resource_id, None)


def _insist_that_it_was_kept(
    row: Row, resource_id: str, outputs: dict[str, Any], inputs: Values, ignored: Iterable[Path]
) -> None:
    """Raises if a value was not stored: otherwise every later preview would show the same change."""
    lost = [text(change.path) for change in changes(row, outputs, inputs, ignored)]
    if lost:
        names = ", ".join(f"`{path}`" for path in lost)
        reason = f"the emulated AWS accepted {names} of {row.pulumi_name} but did not store it"
        raise PartialFailure(resource_id, outputs, reason)


def _update_tags(operations: Any, resource_id: str, state: Values, inputs: Values) -> None:
    old: Mapping[str, str] = state.get("tagsAll") or {}
    new: Mapping[str, str] = inputs.get("tagsAll") or {}
    gone = sorted(old.keys() - new.keys())
    if gone:
        operations.untag(resource_id, state, gone)
    added = {key: value for key, value in new.items() if old.get(key) != value}
    if added:
        operations.tag(resource_id, state, added)


def _write_only(row: Row, known: Values) -> dict[str, Any]:
    return {key: known[key] for key, spec in row.all_inputs().items() if spec.write_only and key in known}


def _reason(error: Exception, row: Row) -> str:
    if isinstance(error, PlatformError):
        return message(error)
    if isinstance(error, ResponseLost):
        error = error.cause
    if isinstance(error, ClientError | BotoCoreError):
        return describe(error, pulumi_name=row.pulumi_name)
    return str(error)

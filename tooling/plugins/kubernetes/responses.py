"""Conversion of requests and responses: values, states and differences in the engine's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as proto

from tooling.plugins import wire
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes import secret_values
from tooling.plugins.kubernetes.diff import Difference
from tooling.plugins.kubernetes.manifest import Manifest


def decoded(struct: struct_pb2.Struct) -> Manifest:
    return _without_none(wire.decode(struct))


def state_with(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> struct_pb2.Struct:
    """A state as the engine keeps it, with the inputs that led to it."""
    return encoded({**state, m.INPUTS_KEY: m.from_inputs(inputs)})


def encoded(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return wire.encode(secret_values.marked(values))


def old_inputs(inputs: struct_pb2.Struct, state: Mapping[str, Any]) -> Manifest:
    """The last inputs; an older engine sends none, and states of the released plug-in hold them."""
    return decoded(inputs) or dict(state.get(m.INPUTS_KEY) or {})


def changes(some: bool) -> proto.DiffResponse.DiffChanges.ValueType:
    return proto.DiffResponse.DIFF_SOME if some else proto.DiffResponse.DIFF_NONE


def diff_response(differences: Sequence[Difference], *, delete_before_replace: bool) -> proto.DiffResponse:
    return proto.DiffResponse(
        changes=changes(bool(differences)),
        diffs=sorted({str(difference.location[0]) for difference in differences}),
        replaces=[difference.path for difference in differences if difference.replaces],
        deleteBeforeReplace=delete_before_replace,
        detailedDiff={difference.path: _property_diff(difference) for difference in differences},
        hasDetailedDiff=True,
    )


def _property_diff(difference: Difference) -> proto.PropertyDiff:
    kind = proto.PropertyDiff.Kind.Value(difference.change.engine_name(replaces=difference.replaces))
    return proto.PropertyDiff(kind=kind, inputDiff=True)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value

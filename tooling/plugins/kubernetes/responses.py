"""Conversion of requests and responses: values, states and changes in the engine's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import struct_pb2

from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes import secret_values
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.provider import wire
from tooling.plugins.provider.changes import Change, diff_response
from tooling.plugins.provider.paths import text
from tooling.plugins.provider.protocol import provider_pb2


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


def diff_of(found: Sequence[Change], *, delete_before_replace: bool) -> provider_pb2.DiffResponse:
    return diff_response(
        found,
        replaces=[text(change.path) for change in found if change.replaces],
        input_diff=True,
        delete_before_replace=delete_before_replace,
    )


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value

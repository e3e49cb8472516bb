"""Converts `google.protobuf.Struct` to plain Python and back, with the engine's mark of unknown values.

Every number on the wire is a double; whole ones become `int`, since boto3 and the Kubernetes API refuse `3.0`.
Secrets never arrive here: the engine removes and restores their marks for a plug-in that does not accept secrets;
otherwise `secret_marks` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from shared.engine_marks import UNKNOWN

__all__ = ["UNKNOWN", "decode", "encode", "has_unknown"]


def has_unknown(value: Any) -> bool:
    """Whether an Output that is not known during preview lies anywhere inside `value`."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value == UNKNOWN


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: _decode_value(value) for key, value in struct.fields.items()}


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Absent (`None`) members are left out; anything without a JSON form, dates above all, becomes text."""
    struct = struct_pb2.Struct()
    struct.update(_without_none(values))
    return struct


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        return decode(value.struct_value)
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    return getattr(value, kind)


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_none(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)

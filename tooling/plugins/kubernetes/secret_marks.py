"""Pulumi's marks of secret values: removed from requests and added to responses.

The engine does this by itself for plug-ins that accept no secrets, but lets only those construct components that do.
What is marked in a request is marked at the same place of the answer, as the engine would.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf import struct_pb2
from google.protobuf.message import Message

from tooling.plugins.kubernetes.manifest import INPUTS_KEY

SIGNATURE = "4dabf18193072939515e22adb298388d"
MARK = "1b47061264138c4ac30d75fd1eb44270"
"""`pulumi.runtime.rpc`'s `_special_sig_key` and `_special_secret_sig`: importing the SDK takes a second."""

_GIVEN = ("news", "properties", "inputs")
"""Request fields whose secret marks are copied to the response."""
_ANSWERED = ("properties", "inputs")

Request = TypeVar("Request", bound=Message)


def taken_off(request: Request) -> Request:
    """The request without marks; itself if it has none."""
    if SIGNATURE.encode() not in request.SerializeToString():
        return request
    plain = type(request)()
    plain.CopyFrom(request)
    for value in _structs(plain, tuple(field.name for field in plain.DESCRIPTOR.fields)):
        value.CopyFrom(_plain_struct(value))
    return plain


def put_on(answer: Message, request: Message) -> None:
    """Marks in the answer what is marked in the request."""
    if SIGNATURE.encode() not in request.SerializeToString():
        return
    for values in _structs(answer, _ANSWERED):
        for given in _structs(request, _GIVEN):
            _mark_like(values, given)
            kept = values.fields.get(INPUTS_KEY)
            if kept is not None and not _is_marked(kept):
                _mark_like(kept.struct_value, given)


def _structs(message: Message, names: tuple[str, ...]) -> list[struct_pb2.Struct]:
    found = []
    for field in message.DESCRIPTOR.fields:
        if field.name in names and field.message_type is struct_pb2.Struct.DESCRIPTOR and message.HasField(field.name):
            found.append(getattr(message, field.name))
    return found


def _plain_struct(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    return struct_pb2.Struct(fields={key: _plain(value) for key, value in struct.fields.items()})


def _plain(value: struct_pb2.Value) -> struct_pb2.Value:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        items = [_plain(item) for item in value.list_value.values]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    if kind != "struct_value":
        return value
    if _is_marked(value):
        return _plain(value.struct_value.fields["value"])
    return struct_pb2.Value(struct_value=_plain_struct(value.struct_value))


def _is_marked(value: struct_pb2.Value) -> bool:
    return (
        value.WhichOneof("kind") == "struct_value"
        and SIGNATURE in value.struct_value.fields
        and value.struct_value.fields[SIGNATURE].string_value == MARK
    )


def _mark_like(values: struct_pb2.Struct, given: struct_pb2.Struct) -> None:
    for key, theirs in given.fields.items():
        if key not in values.fields or _is_marked(values.fields[key]):
            continue
        ours = values.fields[key]
        if _is_marked(theirs) or (theirs.WhichOneof("kind") == "list_value" and _holds_a_mark(theirs)):
            # A list is one secret: its items may have changed places.
            ours.CopyFrom(_marked(ours))
        elif theirs.WhichOneof("kind") == ours.WhichOneof("kind") == "struct_value":
            _mark_like(ours.struct_value, theirs.struct_value)


def _holds_a_mark(value: struct_pb2.Value) -> bool:
    return SIGNATURE.encode() in value.SerializeToString() and _plain(value) != value


def _marked(value: struct_pb2.Value) -> struct_pb2.Value:
    fields: dict[str, Any] = {SIGNATURE: struct_pb2.Value(string_value=MARK), "value": _plain(value)}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))

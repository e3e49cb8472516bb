"""Removes the marks of secret values from requests, and restores them in responses.

The engine does the same for plug-ins that do not accept secrets, but only plug-ins that accept them may construct
components. A value that is marked in a request is marked at the same place in the response.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf import struct_pb2
from google.protobuf.message import Message

from shared.engine_marks import SECRET, SIGNATURE

_GIVEN = ("news", "properties", "inputs")
"""Request fields whose secret marks are copied to the response."""
_RETURNED = ("properties", "inputs")

Request = TypeVar("Request", bound=Message)


def removed(request: Request) -> Request:
    """The request without marks; the same object if it has none."""
    if SIGNATURE.encode() not in request.SerializeToString():
        return request
    plain = type(request)()
    plain.CopyFrom(request)
    for value in _structs(plain, tuple(field.name for field in plain.DESCRIPTOR.fields)):
        value.CopyFrom(_plain_struct(value))
    return plain


def restore(response: Message, request: Message, *, kept_inputs: str) -> None:
    """Marks in the response what is marked in the request.

    Args:
        kept_inputs: the property of a state that holds the last inputs.
    """
    if SIGNATURE.encode() not in request.SerializeToString():
        return
    for values in _structs(response, _RETURNED):
        for given in _structs(request, _GIVEN):
            _mark_like(values, given)
            kept = values.fields.get(kept_inputs)
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
        and value.struct_value.fields[SIGNATURE].string_value == SECRET
    )


def _mark_like(values: struct_pb2.Struct, given: struct_pb2.Struct) -> None:
    for key, model in given.fields.items():
        if key not in values.fields or _is_marked(values.fields[key]):
            continue
        value = values.fields[key]
        if _is_marked(model) or (model.WhichOneof("kind") == "list_value" and _contains_mark(model)):
            # The whole list is secret: its items may have changed places.
            value.CopyFrom(_marked(value))
        elif model.WhichOneof("kind") == value.WhichOneof("kind") == "struct_value":
            _mark_like(value.struct_value, model.struct_value)


def _contains_mark(value: struct_pb2.Value) -> bool:
    return SIGNATURE.encode() in value.SerializeToString() and _plain(value) != value


def _marked(value: struct_pb2.Value) -> struct_pb2.Value:
    fields: dict[str, Any] = {SIGNATURE: struct_pb2.Value(string_value=SECRET), "value": _plain(value)}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))

"""Marks of secrets are removed from requests and restored at the same places in responses."""

from __future__ import annotations

from typing import Any

from pulumi.runtime.proto import provider_pb2 as proto

from shared.engine_marks import SIGNATURE, secret
from tooling.plugins.provider import secret_marks, wire


def answered(given: dict[str, Any], out: dict[str, Any]) -> dict[str, Any]:
    answer = proto.CreateResponse(id="1", properties=wire.encode(out))
    secret_marks.restore(answer, proto.CreateRequest(properties=wire.encode(given)), kept_inputs="__inputs")
    return wire.decode(answer.properties)


def test_marks_are_removed_at_every_depth() -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "/a"}
    request = proto.UpdateRequest(
        olds=wire.encode({"a": secret({"b": secret(1)})}), news=wire.encode({"list": [secret("x"), "y"], "file": asset})
    )
    plain = secret_marks.removed(request)
    assert wire.decode(plain.olds) == {"a": {"b": 1}}
    assert wire.decode(plain.news) == {"list": ["x", "y"], "file": asset}
    assert wire.decode(request.olds) == {"a": secret({"b": secret(1)})}


def test_response_has_the_marks_of_its_request() -> None:
    given = {"data": {"key": secret("k"), "open": "o"}, "whole": secret({"a": 1}), "gone": secret("x")}
    out = {"data": {"key": "k", "open": "o"}, "whole": {"a": 1, "more": 2}, "status": "s"}
    assert answered(given, out) == {
        "data": {"key": secret("k"), "open": "o"},
        "whole": secret({"a": 1, "more": 2}),
        "status": "s",
    }


def test_list_that_contains_a_secret_becomes_secret() -> None:
    assert answered({"env": [{"value": secret("x")}]}, {"env": [{"value": "x"}]}) == {"env": secret([{"value": "x"}])}


def test_marked_value_is_not_marked_twice() -> None:
    assert answered({"data": secret({"k": "v"})}, {"data": secret({"k": "v"})}) == {"data": secret({"k": "v"})}


def test_request_without_marks_leaves_its_response_unchanged() -> None:
    request = proto.CreateRequest(properties=wire.encode({"a": 1}))
    assert secret_marks.removed(request) is request
    assert answered({"a": 1}, {"a": 1}) == {"a": 1}

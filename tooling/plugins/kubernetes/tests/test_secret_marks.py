"""Marks of secrets: off what arrives, and at the same places on what is answered."""

from __future__ import annotations

from typing import Any

from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from tooling.plugins import wire
from tooling.plugins.kubernetes import secret_marks


def secret(value: Any) -> dict[str, Any]:
    return {_special_sig_key: _special_secret_sig, "value": value}


def answered(given: dict[str, Any], out: dict[str, Any]) -> dict[str, Any]:
    answer = proto.CreateResponse(id="1", properties=wire.encode(out))
    secret_marks.put_on(answer, proto.CreateRequest(properties=wire.encode(given)))
    return wire.decode(answer.properties)


def test_marks_are_taken_off_wherever_they_are() -> None:
    asset = {_special_sig_key: "c44067f5952c0a294b673a41bacd8c17", "path": "/a"}
    request = proto.UpdateRequest(
        olds=wire.encode({"a": secret({"b": secret(1)})}), news=wire.encode({"list": [secret("x"), "y"], "file": asset})
    )
    plain = secret_marks.taken_off(request)
    assert wire.decode(plain.olds) == {"a": {"b": 1}}
    assert wire.decode(plain.news) == {"list": ["x", "y"], "file": asset}
    assert wire.decode(request.olds) == {"a": secret({"b": secret(1)})}


def test_an_answer_bears_the_marks_of_its_request() -> None:
    given = {"data": {"key": secret("k"), "open": "o"}, "whole": secret({"a": 1}), "gone": secret("x")}
    out = {"data": {"key": "k", "open": "o"}, "whole": {"a": 1, "more": 2}, "status": "s"}
    assert answered(given, out) == {
        "data": {"key": secret("k"), "open": "o"},
        "whole": secret({"a": 1, "more": 2}),
        "status": "s",
    }


def test_a_list_with_a_secret_in_it_is_one() -> None:
    assert answered({"env": [{"value": secret("x")}]}, {"env": [{"value": "x"}]}) == {"env": secret([{"value": "x"}])}


def test_what_is_marked_already_is_not_marked_twice() -> None:
    assert answered({"data": secret({"k": "v"})}, {"data": secret({"k": "v"})}) == {"data": secret({"k": "v"})}


def test_a_request_without_marks_leaves_its_answer_alone() -> None:
    request = proto.CreateRequest(properties=wire.encode({"a": 1}))
    assert secret_marks.taken_off(request) is request
    assert answered({"a": 1}, {"a": 1}) == {"a": 1}

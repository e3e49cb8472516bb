"""A Secret's data never reaches the state in plain text, marked by the program or not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import provider_pb2 as proto

from shared.engine_marks import SIGNATURE, without_secrets
from tooling.plugins.kubernetes.tests.engine_double import STACK, Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.plugins.provider import wire

SECRET = "kubernetes:core/v1:Secret"
PLAIN = "c2VzYW1l"


def secret(namespace: str, **members: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": namespace}, **members}


def unmarked_parts(values: Any) -> str:
    """Everything that the engine would write down in plain text."""
    if isinstance(values, dict):
        if SIGNATURE in values:
            return ""
        return " ".join(unmarked_parts(value) for value in values.values())
    return str(values)


def test_checked_inputs_are_marked(provider: Provider, namespace: str) -> None:
    checked = provider.check(SECRET, "a", secret(namespace, data={"a": PLAIN}, stringData={"b": "open"}))

    assert PLAIN not in unmarked_parts(checked)
    assert "open" not in unmarked_parts(checked)


def test_outputs_of_every_step_are_marked(provider: Provider, namespace: str) -> None:
    made = provider.create(SECRET, "a", secret(namespace, data={"a": PLAIN}))
    urn, state, inputs = f"{STACK}::{SECRET}::a", wire.encode(made.state), wire.encode(made.inputs)
    stub = provider.stub

    answers = [
        stub.Read(proto.ReadRequest(id=made.id, urn=urn)),
        stub.Read(proto.ReadRequest(id=made.id, urn=urn, properties=state, inputs=inputs)),
        stub.Update(proto.UpdateRequest(id=made.id, urn=urn, olds=state, old_inputs=inputs, news=inputs)),
        stub.Create(proto.CreateRequest(urn=urn, properties=inputs, preview=True)),
    ]

    for answer in answers:
        assert without_secrets(wire.decode(answer.properties))["data"] == {"a": PLAIN}
        assert PLAIN not in unmarked_parts(wire.decode(answer.properties))
    assert PLAIN not in unmarked_parts(wire.decode(answers[0].inputs))


def test_key_that_leaves_string_data_leaves_the_object(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str
) -> None:
    provider = new_provider(enableSecretMutable=True)
    made = provider.create(SECRET, "a", secret(namespace, stringData={"keep": "1", "drop": "2"}))

    updated = provider.up(made, secret(namespace, stringData={"keep": "1"}))

    live = meddler.live(made.inputs)
    assert live is not None
    assert live["data"] == {"keep": base64.b64encode(b"1").decode()}
    assert updated.state["metadata"]["uid"] == made.state["metadata"]["uid"]


def test_mutable_config_map_is_updated_in_place(new_provider: Callable[..., Provider], namespace: str) -> None:
    provider = new_provider(enableConfigMapMutable=True)
    token = "kubernetes:core/v1:ConfigMap"
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}
    made = provider.create(token, "a", {**inputs, "data": {"a": "1"}})

    assert provider.diff(made, {**inputs, "data": {"a": "2"}}).replaces == []
    assert provider.diff(made, {**inputs, "immutable": True, "data": {"a": "2"}}).replaces == ["data.a"]

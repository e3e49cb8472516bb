"""How an object gets its name when the program gives none, and keeps it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as proto

from tooling.plugins.kubernetes.tests.cases import merged
from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.plugins.provider.wire import UNKNOWN

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
Options = proto.CheckRequest.AutonamingOptions


def nameless(namespace: str, **metadata: Any) -> dict[str, Any]:
    metadata = {"namespace": namespace, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


def test_nameless_object_is_named_after_its_resource(provider: Provider, meddler: Meddler, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "settings", nameless(namespace))

    assert re.fullmatch(r"settings-[0-9a-f]{8}", made.object_name)
    live = meddler.live(made.inputs)
    assert live is not None
    assert live["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_drawn_name_stays_over_updates(provider: Provider, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "settings", nameless(namespace))

    updated = provider.up(made, nameless(namespace, labels={"team": "a"}))

    assert updated.id == made.id
    assert updated.state["metadata"]["uid"] == made.state["metadata"]["uid"]


def test_replaced_object_with_a_drawn_name_is_created_before_the_old_one_goes(
    provider: Provider, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "settings", nameless(namespace))
    program = merged(nameless(namespace), {"data": {"a": "2"}})

    planned = provider.diff(made, provider.check(CONFIG_MAP, "settings", program, made))
    new = provider.up(made, program)

    assert planned.replaces == ["data.a"]
    assert not planned.delete_before_replace
    assert new.id != made.id


@pytest.mark.parametrize("mode", [Options.PROPOSE, Options.ENFORCE], ids=["propose", "enforce"])
def test_name_that_the_engine_proposes_is_taken(provider: Provider, namespace: str, mode: Any) -> None:
    checked = provider.check(
        CONFIG_MAP, "settings", nameless(namespace), autonaming=Options(mode=mode, proposed_name="dev-settings")
    )

    assert checked["metadata"]["name"] == "dev-settings"
    assert checked["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_disabled_autonaming_demands_a_name(provider: Provider, namespace: str) -> None:
    with pytest.raises(Refused, match=r"`metadata.name` is not set"):
        provider.check(CONFIG_MAP, "settings", nameless(namespace), autonaming=Options(mode=Options.DISABLE))


def test_generate_name_is_refused(provider: Provider, namespace: str) -> None:
    with pytest.raises(Refused, match=r"`metadata.generateName` is not supported"):
        provider.check(CONFIG_MAP, "settings", nameless(namespace, generateName="x-"))


def test_name_that_is_not_known_yet_is_left_alone(provider: Provider, namespace: str) -> None:
    checked = provider.check(CONFIG_MAP, "settings", nameless(namespace, name=UNKNOWN))

    assert checked["metadata"] == {"namespace": namespace, "name": UNKNOWN}

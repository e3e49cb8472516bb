"""What a provider may be told, what is refused before anything is contacted, and what a change of it replaces."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused
from tooling.plugins.provider.wire import UNKNOWN

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def kubeconfig_for(server: str, **user: Any) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": user or {"token": "sesame"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


def config_map(namespace: str, name: str = "a") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({}, "kubeconfig", "empty kubeconfig"),
        ({"kubeconfig": " \n"}, "kubeconfig", "empty kubeconfig"),
        ({"kubeconfig": "clusters: [\n"}, "kubeconfig", "not valid YAML, line 2"),
        ({"kubeconfig": "/nowhere/kubeconfig"}, "kubeconfig", "neither YAML nor a readable file"),
        (
            {"kubeconfig": kubeconfig_for("https://198.51.100.7")},
            "kubeconfig",
            'only talks to a loopback API server, not to "198.51.100.7"',
        ),
        (
            {"kubeconfig": kubeconfig_for("https://localhost.example.com")},
            "kubeconfig",
            'not to "localhost.example.com"',
        ),
        (
            {"kubeconfig": kubeconfig_for("https://127.0.0.1:1"), "context": "y"},
            "kubeconfig",
            'the kubeconfig has no context "y"',
        ),
        (
            {"kubeconfig": kubeconfig_for("https://127.0.0.1:1", username="u")},
            "kubeconfig",
            "does not model `username` of a kubeconfig's user",
        ),
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory", "does not model `renderYamlToDirectory`"),
        ({"enableServerSideApply": False}, "enableServerSideApply", "`enableServerSideApply: false`"),
        ({"clusterIdentifer": "x"}, "clusterIdentifer", 'did you mean "clusterIdentifier"?'),
        ({"kubeClientSettings": {"retries": 3}}, "kubeClientSettings", "`kubeClientSettings.retries`"),
    ],
)
def test_argument_that_cannot_be_used_is_refused_by_name(
    plugin_address: str, arguments: dict[str, Any], argument: str, message: str
) -> None:
    provider = Provider(plugin_address, arguments)

    failures = provider.check_config()

    assert message in failures[argument]
    provider.close()


def test_invalid_kubeconfig_is_reported_without_its_contents(plugin_address: str) -> None:
    provider = Provider(plugin_address, {"kubeconfig": "users:\n- token: sesame: open\n"})

    assert "sesame" not in str(provider.check_config())
    provider.close()


def test_kubeconfig_that_is_not_known_yet_is_accepted_and_previews_read_no_cluster(plugin_address: str) -> None:
    provider = Provider(plugin_address, {"kubeconfig": UNKNOWN}).start()

    outputs = provider.preview(CONFIG_MAP, "a", config_map("nowhere"))

    assert outputs == config_map("nowhere")
    provider.close()


def test_kubeconfig_may_be_the_path_of_a_file(
    new_provider: Callable[..., Provider], kubeconfig_text: str, tmp_path: Path, namespace: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_text)

    made = new_provider(kubeconfig=str(path)).create(CONFIG_MAP, "a", config_map(namespace))

    assert made.id == f"{namespace}/a"


def test_namespace_argument_is_where_objects_without_one_go(
    new_provider: Callable[..., Provider], namespace: str
) -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

    made = new_provider(namespace=namespace).create(CONFIG_MAP, "a", inputs)

    assert made.id == f"{namespace}/a"
    assert made.inputs["metadata"]["namespace"] == namespace


def test_providers_on_one_server_keep_their_own_settings(new_provider: Callable[..., Provider], namespace: str) -> None:
    strict, upserting = new_provider(), new_provider(upsertExistingObjects=True)
    strict.create(CONFIG_MAP, "a", config_map(namespace))

    with pytest.raises(Refused, match="already exists"):
        strict.create(CONFIG_MAP, "b", config_map(namespace))
    assert upserting.create(CONFIG_MAP, "b", config_map(namespace)).id == f"{namespace}/a"


def changed_server(text: str) -> str:
    document = yaml.safe_load(text)
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:2"
    return json.dumps(document)


BEFORE = kubeconfig_for("https://127.0.0.1:1")


@pytest.mark.parametrize(
    ("old", "new", "changed", "replaces"),
    [
        ({"kubeconfig": BEFORE}, {"kubeconfig": BEFORE}, [], []),
        (
            {"kubeconfig": BEFORE},
            {"kubeconfig": kubeconfig_for("https://127.0.0.1:1", token="new")},
            ["kubeconfig"],
            [],
        ),
        ({"kubeconfig": BEFORE}, {"kubeconfig": changed_server(BEFORE)}, ["kubeconfig"], ["kubeconfig"]),
        ({"kubeconfig": BEFORE}, {"kubeconfig": UNKNOWN}, ["kubeconfig"], ["kubeconfig"]),
        (
            {"kubeconfig": BEFORE, "clusterIdentifier": "arn:1"},
            {"kubeconfig": changed_server(BEFORE), "clusterIdentifier": "arn:1"},
            ["kubeconfig"],
            [],
        ),
        (
            {"kubeconfig": BEFORE, "clusterIdentifier": "arn:1"},
            {"kubeconfig": UNKNOWN, "clusterIdentifier": "arn:1"},
            ["kubeconfig"],
            [],
        ),
        (
            {"kubeconfig": BEFORE, "clusterIdentifier": "arn:1"},
            {"kubeconfig": BEFORE, "clusterIdentifier": "arn:2"},
            ["clusterIdentifier"],
            ["clusterIdentifier"],
        ),
        (
            {"kubeconfig": BEFORE},
            {"kubeconfig": BEFORE, "clusterIdentifier": "arn:1"},
            ["clusterIdentifier"],
            [],
        ),
        ({"kubeconfig": BEFORE}, {"kubeconfig": BEFORE, "enablePatchForce": "true"}, ["enablePatchForce"], []),
    ],
    ids=[
        "same",
        "other token",
        "other server",
        "unknown kubeconfig",
        "other server, same identifier",
        "unknown kubeconfig, same identifier",
        "other identifier",
        "identifier added",
        "switch turned on",
    ],
)
def test_provider_is_replaced_only_when_it_means_another_cluster(
    plugin_address: str, old: dict[str, Any], new: dict[str, Any], changed: list[str], replaces: list[str]
) -> None:
    provider = Provider(plugin_address, old)

    answer = provider.diff_config(new)

    assert list(answer.diffs) == changed
    assert list(answer.replaces) == replaces
    provider.close()


@pytest.fixture
def dead_server() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return kubeconfig_for(f"https://127.0.0.1:{taken.getsockname()[1]}")


def test_unreachable_cluster_is_named_with_the_way_out(
    provider: Provider, new_provider: Callable[..., Provider], dead_server: str, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace))
    cut_off = new_provider(kubeconfig=dead_server)

    for attempt in (cut_off.read, cut_off.delete):
        with pytest.raises(Refused, match=r"kubernetes-unreachable.*connection refused[\s\S]*deleteUnreachable"):
            attempt(made)


def test_unreachable_objects_leave_the_state_when_the_provider_says_so(
    provider: Provider, new_provider: Callable[..., Provider], dead_server: str, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace))
    cut_off = new_provider(kubeconfig=dead_server, deleteUnreachable=True)

    assert cut_off.read(made) is None
    cut_off.delete(made)
    assert new_provider(kubeconfig=dead_server, skipUpdateUnreachable=True).read(made) == made

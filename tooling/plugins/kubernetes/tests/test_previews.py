"""What a preview lets the API server try out, and where it keeps quiet because the real run may differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tooling.lane.cluster import Cluster
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.cases import merged
from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.plugins.provider.wire import UNKNOWN

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SERVICE = "kubernetes:core/v1:Service"


def service(namespace: str, port: int) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": port}]}}


def config_map(namespace: str, **data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": namespace},
        "data": data,
    }


def test_preview_shows_what_the_server_would_default_and_makes_nothing(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    outputs = provider.preview(SERVICE, "a", service(namespace, 80))

    assert outputs["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert "status" not in outputs
    assert meddler.live(service(namespace, 80)) is None


def test_invalid_object_is_refused_in_the_preview(provider: Provider, namespace: str) -> None:
    with pytest.raises(Refused, match=r"kubernetes-invalid[\s\S]*spec\.ports\[0\]\.port"):
        provider.preview(SERVICE, "a", service(namespace, 70000))


def test_admission_policy_refuses_in_the_preview(provider: Provider, api: Api, namespace: str, unique: str) -> None:
    deny = "/apis/admissionregistration.k8s.io/v1/"
    resources = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    only_here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    validation = {"expression": "!has(object.data.forbidden)", "message": "no forbidden keys here"}
    policy = {"matchConstraints": {"resourceRules": [resources]}, "validations": [validation]}
    binding = {"policyName": unique, "validationActions": ["Deny"], "matchResources": only_here}
    for plural, spec in (("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding)):
        api.client.request("POST", deny + plural, body={"metadata": {"name": unique}, "spec": spec})

    def preview_until_enforced() -> None:
        # The API server compiles a new policy in the background.
        for _ in range(200):
            provider.preview(CONFIG_MAP, "a", config_map(namespace, forbidden="1"))

    with pytest.raises(Refused, match="no forbidden keys here"):
        preview_until_enforced()
    assert provider.preview(CONFIG_MAP, "a", config_map(namespace, allowed="1"))["data"] == {"allowed": "1"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "not-there-yet"}},
        {"apiVersion": "example.invalid/v1", "kind": "NotThereYet", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": UNKNOWN, "b": "1"}},
    ],
    ids=["missing namespace", "missing definition", "unknown value"],
)
def test_preview_of_what_cannot_be_tried_yet_shows_the_inputs(provider: Provider, inputs: dict[str, Any]) -> None:
    token = "kubernetes:" + inputs["apiVersion"].replace("v1", "core/v1" if inputs["apiVersion"] == "v1" else "v1")

    outputs = provider.preview(f"{token}:{inputs['kind']}", "a", inputs)

    assert outputs["metadata"]["name"] == "a"
    assert "uid" not in outputs["metadata"]


def test_preview_of_a_replacement_does_not_stumble_over_the_old_object(provider: Provider, namespace: str) -> None:
    provider.create(CONFIG_MAP, "a", config_map(namespace, a="1"))

    assert provider.preview(CONFIG_MAP, "a", config_map(namespace, a="2"))["data"] == {"a": "2"}


def test_changed_port_of_a_service_is_invalid_in_a_preview_and_accepted_by_the_update(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    """A dry run keeps the port that the creation owns beside the new one; the update merges the owners first."""
    made = provider.create(SERVICE, "a", service(namespace, 80))

    with pytest.raises(Refused, match=r"kubernetes-invalid[\s\S]*spec\.ports\[0\]\.name"):
        provider.update(made, service(namespace, 81), stages=("preview",))

    updated = provider.update(made, service(namespace, 81), stages=("update",))
    live = meddler.live(updated.inputs)
    assert live is not None
    assert [port["port"] for port in live["spec"]["ports"]] == [81]
    # From then on the object has one owner.
    provider.update(updated, service(namespace, 82))


def test_preview_by_somebody_who_may_only_read_shows_the_inputs(
    new_provider: Callable[..., Provider], cluster: Cluster, namespace: str
) -> None:
    text = yaml.safe_load(cluster.kubeconfig.read_text())
    text["users"][0]["user"] |= {"as": "reader", "as-groups": ["system:authenticated"]}
    reader = new_provider(kubeconfig=yaml.safe_dump(text))
    made = new_provider().create(CONFIG_MAP, "made", merged(config_map(namespace), {"metadata": {"name": "made"}}))

    assert reader.preview(SERVICE, "a", service(namespace, 80))["spec"] == {"ports": [{"port": 80}]}
    with pytest.raises(Refused, match=r'kubernetes-forbidden[\s\S]*"reader" cannot'):
        reader.create(SERVICE, "a", service(namespace, 80))
    with pytest.raises(Refused, match=r'kubernetes-forbidden[\s\S]*"reader" cannot'):
        reader.delete(made)

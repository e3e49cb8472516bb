"""The CustomResourceDefinitions that EKS installs in every new cluster.

One row each, with as much of the schema as decides what is accepted; nothing on the lane acts on the objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tooling.aws_emulator.controllers.kubernetes_api import Manifest

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_STRINGS: Schema = {"type": "array", "items": _STRING}
_STRING_MAP: Schema = {"type": "object", "additionalProperties": _STRING}


def _object(properties: dict[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_REQUIREMENT = _object({"key": _STRING, "operator": _STRING, "values": _STRINGS}, required=("key", "operator"))
_LABEL_SELECTOR: Schema = {
    **_object({"matchLabels": _STRING_MAP, "matchExpressions": _list(_REQUIREMENT)}),
    "x-kubernetes-map-type": "atomic",
}
_PORT = _object(
    {
        "port": {"type": "integer", "format": "int32"},
        "endPort": {"type": "integer", "format": "int32"},
        "protocol": {"type": "string", "default": "TCP"},
    }
)
_ENDPOINT = _object({"cidr": _STRING, "except": _STRINGS, "ports": _list(_PORT), "action": _STRING}, required=("cidr",))
_POD = _object(
    {"hostIP": _STRING, "podIP": _STRING, "name": _STRING, "namespace": _STRING},
    required=("hostIP", "podIP", "name", "namespace"),
)


@dataclass(frozen=True, kw_only=True)
class PreinstalledKind:
    """`source` is where the schema's facts are read."""

    group: str
    version: str
    kind: str
    plural: str
    scope: Literal["Namespaced", "Cluster"]
    spec: Schema
    source: str
    short_name: str = ""

    def manifest(self) -> Manifest:
        singular = self.kind.lower()
        names: Manifest = {
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "plural": self.plural,
            "singular": singular,
            **({"shortNames": [self.short_name]} if self.short_name else {}),
        }
        status: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        schema = _object({"spec": self.spec, "status": status})
        version = {
            "name": self.version,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {"group": self.group, "names": names, "scope": self.scope, "versions": [version]},
        }


PREINSTALLED = (
    PreinstalledKind(
        group="vpcresources.k8s.aws",
        version="v1beta1",
        kind="SecurityGroupPolicy",
        plural="securitygrouppolicies",
        short_name="sgp",
        scope="Namespaced",
        spec=_object(
            {
                "podSelector": _LABEL_SELECTOR,
                "serviceAccountSelector": _LABEL_SELECTOR,
                "securityGroups": _object({"groupIds": {**_STRINGS, "minItems": 1, "maxItems": 16}}),
            }
        ),
        source="aws/amazon-vpc-resource-controller-k8s, config/crd/bases/…_securitygrouppolicies.yaml",
    ),
    PreinstalledKind(
        group="vpcresources.k8s.aws",
        version="v1alpha1",
        kind="CNINode",
        plural="cninodes",
        short_name="cnd",
        scope="Cluster",
        spec=_object({"features": _list(_object({"name": _STRING, "value": _STRING})), "tags": _STRING_MAP}),
        source="aws/amazon-vpc-resource-controller-k8s, config/crd/bases/vpcresources.k8s.aws_cninodes.yaml",
    ),
    PreinstalledKind(
        group="crd.k8s.amazonaws.com",
        version="v1alpha1",
        kind="ENIConfig",
        plural="eniconfigs",
        scope="Cluster",
        spec=_object({"subnet": _STRING, "securityGroups": _STRINGS}, required=("subnet",)),
        source="aws/amazon-vpc-cni-k8s, charts/aws-vpc-cni/crds/customresourcedefinition.yaml",
    ),
    PreinstalledKind(
        group="networking.k8s.aws",
        version="v1alpha1",
        kind="PolicyEndpoint",
        plural="policyendpoints",
        scope="Namespaced",
        spec=_object(
            {
                "podSelector": _LABEL_SELECTOR,
                "policyRef": _object({"name": _STRING, "namespace": _STRING}, required=("name", "namespace")),
                "podIsolation": _STRINGS,
                "podSelectorEndpoints": _list(_POD),
                "ingress": _list(_ENDPOINT),
                "egress": _list(_ENDPOINT),
            },
            required=("policyRef",),
        ),
        source="aws/amazon-network-policy-controller-k8s, config/crd/bases/networking.k8s.aws_policyendpoints.yaml",
    ),
)

"""What the local `eks.Cluster` refuses, and what it makes of the VPC CNI's options."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.errors import InputPropertyError

from tooling.plugins.eks.inputs import CNI_ENVIRONMENT, cni_configuration, refuse_unmodelled

GOOD: dict[str, Any] = {
    "name": "c",
    "vpcId": "vpc-1",
    "privateSubnetIds": ["subnet-1", "subnet-2"],
    "serviceRole": object(),
    "authenticationMode": "API",
    "skipDefaultNodeGroup": True,
    "skipDefaultSecurityGroups": True,
    "vpcCniOptions": {"addonVersion": "v1"},
    "kubeProxyAddonOptions": {"version": "v1"},
}


def test_what_our_programs_use_is_accepted() -> None:
    refuse_unmodelled(GOOD)


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"fargate": True}, "fargate", "does not model `fargate`"),
        ({"storageClasses": "gp2"}, "storageClasses", "does not model `storageClasses`"),
        ({"serviceRole": None}, "serviceRole", "makes no role of its own"),
        ({"vpcId": None}, "vpcId", "needs `vpcId`"),
        ({"authenticationMode": "CONFIG_MAP"}, "authenticationMode", "'API' only"),
        ({"skipDefaultNodeGroup": None}, "skipDefaultNodeGroup", "only, not None"),
        ({"createOidcProvider": True}, "createOidcProvider", "aws.iam.OpenIdConnectProvider"),
        ({"vpcCniOptions": None}, "vpcCniOptions", "takes the newest"),
        ({"vpcCniOptions": {"enableNetworkPolicy": True}}, "vpcCniOptions", "vpcCniOptions.addonVersion"),
        ({"kubeProxyAddonOptions": {}}, "kubeProxyAddonOptions", "kubeProxyAddonOptions.version"),
        (
            {"vpcCniOptions": {"addonVersion": "v1", "customNetworkConfig": True}},
            "vpcCniOptions.customNetworkConfig",
            "does not model",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else None,
)
def test_an_input_that_is_not_modelled_is_refused_by_name(change: dict[str, Any], path: str, says: str) -> None:
    with pytest.raises(InputPropertyError) as refused:
        refuse_unmodelled({**GOOD, **change})
    assert refused.value.property_path == path
    assert says in refused.value.reason


def test_cni_options_become_the_environment_of_aws_node() -> None:
    values = cni_configuration(
        {"addonVersion": "v1", "enableNetworkPolicy": True, "logLevel": "INFO", "warmPrefixTarget": 1.0}
    )
    assert values == {
        "env": {"AWS_VPC_K8S_CNI_LOGLEVEL": "INFO", "WARM_PREFIX_TARGET": "1"},
        "enableNetworkPolicy": "true",
    }


def test_the_callers_own_configuration_values_win() -> None:
    values = cni_configuration(
        {"logLevel": "INFO", "configurationValues": {"env": {"AWS_VPC_K8S_CNI_LOGLEVEL": "ERROR"}, "tolerations": []}}
    )
    assert values == {"env": {"AWS_VPC_K8S_CNI_LOGLEVEL": "ERROR"}, "tolerations": []}


def test_the_init_container_has_an_environment_of_its_own() -> None:
    values = cni_configuration(
        {"enablePodEni": True, "disableTcpEarlyDemux": True, "configurationValues": {"init": {"env": {"A": "b"}}}}
    )
    assert values == {
        "env": {"ENABLE_POD_ENI": "true"},
        "init": {"env": {"DISABLE_TCP_EARLY_DEMUX": "true", "A": "b"}},
    }


def test_no_two_options_set_one_variable() -> None:
    assert len(set(CNI_ENVIRONMENT.values())) == len(CNI_ENVIRONMENT)

"""What the local `eks.Cluster` refuses, and what it makes of the VPC CNI's options."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.errors import InputPropertyError

from tooling.plugins.eks.inputs import CNI_ENVIRONMENT, as_json, cni_configuration, refuse_unmodelled

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


PLAIN = {
    "AWS_VPC_ENI_MTU": "9001",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false",
    "AWS_VPC_K8S_CNI_EXTERNALSNAT": "false",
    "AWS_VPC_K8S_CNI_LOGLEVEL": "DEBUG",
    "AWS_VPC_K8S_CNI_LOG_FILE": "/host/var/log/aws-routed-eni/ipamd.log",
    "AWS_VPC_K8S_CNI_VETHPREFIX": "eni",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": "/var/log/aws-routed-eni/plugin.log",
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "DEBUG",
    "ENABLE_POD_ENI": "false",
    "WARM_ENI_TARGET": "1",
}
PLAIN_INIT = {"env": {"DISABLE_TCP_EARLY_DEMUX": "false"}}


def test_without_options_the_released_components_defaults_are_written() -> None:
    assert cni_configuration({"addonVersion": "v1"}) == {"env": PLAIN, "init": PLAIN_INIT}


def test_cni_options_become_the_environment_of_aws_node() -> None:
    values = cni_configuration(
        {"addonVersion": "v1", "enableNetworkPolicy": True, "logLevel": "INFO", "warmPrefixTarget": 1.0}
    )
    assert values == {
        "env": {**PLAIN, "AWS_VPC_K8S_CNI_LOGLEVEL": "INFO", "WARM_PREFIX_TARGET": "1"},
        "init": PLAIN_INIT,
        "enableNetworkPolicy": "true",
    }


def test_a_switch_that_is_off_is_as_if_it_were_not_given() -> None:
    off = {"enablePrefixDelegation": False, "nodePortSupport": False, "warmIpTarget": 0.0}
    assert cni_configuration({"addonVersion": "v1", **off})["env"] == PLAIN
    assert cni_configuration({"addonVersion": "v1", "warmEniTarget": 0.0})["env"]["WARM_ENI_TARGET"] == "0"


def test_the_callers_own_configuration_values_win() -> None:
    values = cni_configuration(
        {"logLevel": "INFO", "configurationValues": {"env": {"AWS_VPC_K8S_CNI_LOGLEVEL": "ERROR"}, "tolerations": []}}
    )
    env = {**PLAIN, "AWS_VPC_K8S_CNI_LOGLEVEL": "ERROR"}
    assert values == {"env": env, "init": PLAIN_INIT, "tolerations": []}


def test_the_init_container_has_an_environment_of_its_own() -> None:
    values = cni_configuration(
        {"enablePodEni": True, "disableTcpEarlyDemux": True, "configurationValues": {"init": {"env": {"A": "b"}}}}
    )
    assert values == {
        "env": {**PLAIN, "ENABLE_POD_ENI": "true"},
        "init": {"env": {"DISABLE_TCP_EARLY_DEMUX": "true", "A": "b"}},
    }


def test_configuration_is_written_as_the_released_component_writes_it() -> None:
    assert as_json({"b": {"d": [1], "c": "x"}, "a": "true"}) == '{"a":"true","b":{"c":"x","d":[1]}}'


def test_no_two_options_set_one_variable() -> None:
    assert len(set(CNI_ENVIRONMENT.values())) == len(CNI_ENVIRONMENT)

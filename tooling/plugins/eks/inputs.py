"""Which inputs of `eks:index:Cluster` the lane models, and what the component makes of them: the VPC CNI's
configuration and a kubeconfig.

Data and refusals only; the resources are in `cluster.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi.errors import InputPropertyError

MODELLED = frozenset(
    {
        "authenticationMode",
        "clusterSecurityGroup",
        "clusterTags",
        "createOidcProvider",
        "deletionProtection",
        "enabledClusterLogTypes",
        "encryptionConfigKeyArn",
        "endpointPrivateAccess",
        "endpointPublicAccess",
        "kubeProxyAddonOptions",
        "kubernetesServiceIpAddressRange",
        "name",
        "privateSubnetIds",
        "publicAccessCidrs",
        "publicSubnetIds",
        "serviceRole",
        "skipDefaultNodeGroup",
        "skipDefaultSecurityGroups",
        "tags",
        "upgradePolicy",
        "version",
        "vpcCniOptions",
        "vpcId",
    }
)

REQUIRED = {
    "serviceRole": "the lane makes no role of its own",
    "vpcId": "the lane has no default VPC for a cluster",
    "privateSubnetIds": "the lane picks no subnets by itself",
}

FIXED = {
    "authenticationMode": "API",
    "skipDefaultNodeGroup": True,
    "skipDefaultSecurityGroups": True,
}
"""Inputs that must be given exactly so: what the component makes otherwise is not modelled."""

CNI_ENVIRONMENT = {
    "cniConfigureRpfilter": "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER",
    "cniCustomNetworkCfg": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "cniExternalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "enablePodEni": "ENABLE_POD_ENI",
    "enablePrefixDelegation": "ENABLE_PREFIX_DELEGATION",
    "eniConfigLabelDef": "ENI_CONFIG_LABEL_DEF",
    "eniMtu": "AWS_VPC_ENI_MTU",
    "logFile": "AWS_VPC_K8S_CNI_LOG_FILE",
    "logLevel": "AWS_VPC_K8S_CNI_LOGLEVEL",
    "nodePortSupport": "AWS_VPC_CNI_NODE_PORT_SUPPORT",
    "vethPrefix": "AWS_VPC_K8S_CNI_VETHPREFIX",
    "warmEniTarget": "WARM_ENI_TARGET",
    "warmIpTarget": "WARM_IP_TARGET",
    "warmPrefixTarget": "WARM_PREFIX_TARGET",
}
"""Option of `VpcCniOptions` to environment variable of `aws-node`. Source: amazon-vpc-cni-k8s, README."""

CNI_INIT_ENVIRONMENT = {"disableTcpEarlyDemux": "DISABLE_TCP_EARLY_DEMUX"}
"""The same for the init container."""

CNI_DEFAULTS = {
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
"""Variables that the component sets where no option does. Source: pulumi-eks 4.3, nodejs/eks/addons/cni-addon.ts."""

CNI_INIT_DEFAULTS = {"DISABLE_TCP_EARLY_DEMUX": "false"}
"""The same for the init container."""

_CNI_OTHER = frozenset(
    {
        "addonVersion",
        "configurationValues",
        "enableNetworkPolicy",
        "resolveConflictsOnCreate",
        "resolveConflictsOnUpdate",
        "serviceAccountRoleArn",
    }
)

_KUBE_PROXY = frozenset(
    {"configurationValues", "enabled", "resolveConflictsOnCreate", "resolveConflictsOnUpdate", "version"}
)


def refuse_unmodelled(inputs: Mapping[str, Any]) -> None:
    """Checks the inputs of `eks:index:Cluster`.

    Raises:
        InputPropertyError: names the first input that is not modelled, missing, or not as it must be.
    """
    given = {key: value for key, value in inputs.items() if value is not None}
    for key in sorted(given.keys() - MODELLED):
        raise InputPropertyError(key, f"the local lane does not model `{key}` of eks:index:Cluster")
    for key, why in REQUIRED.items():
        if key not in given:
            raise InputPropertyError(key, f"the local lane needs `{key}` of eks:index:Cluster: {why}")
    for key, value in FIXED.items():
        if given.get(key) != value:
            raise InputPropertyError(
                key, f"the local lane models eks:index:Cluster with `{key}` = {value!r} only, not {given.get(key)!r}"
            )
    if given.get("createOidcProvider"):
        raise InputPropertyError(
            "createOidcProvider",
            "the local lane does not model the component's OIDC provider; use aws.iam.OpenIdConnectProvider",
        )
    known = frozenset(CNI_ENVIRONMENT) | frozenset(CNI_INIT_ENVIRONMENT) | _CNI_OTHER
    _refuse_options("vpcCniOptions", given, known, version="addonVersion")
    _refuse_options("kubeProxyAddonOptions", given, _KUBE_PROXY, version="version")


def cni_configuration(options: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration values of the add-on `vpc-cni`; what the caller states in `configurationValues` wins.

    Source: pulumi-eks 4.3, nodejs/eks/addons/cni-addon.ts, `computeEnv` and `mergeConfigurationValues`.
    """
    own = dict(options.get("configurationValues") or {})
    init = dict(own.pop("init", None) or {})
    environment = CNI_DEFAULTS | _environment(options, CNI_ENVIRONMENT) | (own.pop("env", None) or {})
    init_environment = CNI_INIT_DEFAULTS | _environment(options, CNI_INIT_ENVIRONMENT) | (init.pop("env", None) or {})
    values: dict[str, Any] = {"env": environment, "init": {**init, "env": init_environment}}
    if options.get("enableNetworkPolicy") is not None:
        values["enableNetworkPolicy"] = _text(options["enableNetworkPolicy"])
    return {**values, **own}


def as_json(values: Mapping[str, Any]) -> str:
    """Configuration values as the component writes them: keys sorted, no spaces."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def kubeconfig(*, name: str, endpoint: str, authority: str | None, arn: str) -> str:
    """The kubeconfig of the component's own Kubernetes provider, as JSON text.

    Source: pulumi-eks 4.3, nodejs/eks/cluster/cluster.ts, `generateKubeconfig`.
    """
    region = arn.split(":")[3]
    words = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    credentials = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": words,
        "env": [
            {"name": "KUBERNETES_EXEC_INFO", "value": '{"apiVersion": "client.authentication.k8s.io/v1beta1"}'},
        ],
    }
    config = {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"server": endpoint, "certificate-authority-data": authority}, "name": "kubernetes"}],
        "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
        "current-context": "aws",
        "kind": "Config",
        "users": [{"name": "aws", "user": {"exec": credentials}}],
    }
    return json.dumps(config, separators=(",", ":"))


def _environment(options: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """Numbers and texts that are given, and switches that are on: the component ignores one that is off."""
    return {
        variable: _text(options[option])
        for option, variable in variables.items()
        if options.get(option) not in (None, False, 0, "") or (option == "warmEniTarget" and options.get(option) == 0)
    }


def _refuse_options(name: str, given: Mapping[str, Any], known: frozenset[str], *, version: str) -> None:
    options = given.get(name)
    if not isinstance(options, Mapping) or not options.get(version):
        raise InputPropertyError(
            name, f"the local lane needs `{name}.{version}`: unpinned, the released component takes the newest"
        )
    for key in sorted(key for key, value in options.items() if value is not None and key not in known):
        raise InputPropertyError(f"{name}.{key}", f"the local lane does not model `{name}.{key}` of eks:index:Cluster")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) else str(value)

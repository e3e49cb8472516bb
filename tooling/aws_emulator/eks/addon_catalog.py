"""The add-ons that the emulated EKS knows. What each puts into the cluster is `controllers.addon_objects`.

A version is never invented: the default is the platform's own pin, and one that is not pinned must be named by whoever
creates the add-on. Any version of the right form is taken, since which ones EKS offers cannot be known here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from shared.versions import ADDONS
from tooling.aws_emulator.eks.refusals import invalid_parameter
from tooling.aws_emulator.eks.versions import DEFAULT, minor_of

_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)-eksbuild\.\d+")


@dataclass(frozen=True, kw_only=True)
class CatalogAddon:
    name: str
    kind: str
    """`type` in DescribeAddonVersions."""
    follows_cluster: bool = False
    """Its minor is a Kubernetes minor: not newer than the cluster's, nor more than three older."""
    namespace: str = "kube-system"


CATALOG = {
    addon.name: addon
    for addon in (
        CatalogAddon(name="vpc-cni", kind="networking"),
        CatalogAddon(name="kube-proxy", kind="networking", follows_cluster=True),
        CatalogAddon(name="coredns", kind="networking"),
        CatalogAddon(name="eks-pod-identity-agent", kind="security"),
        CatalogAddon(name="metrics-server", kind="observability"),
        CatalogAddon(name="aws-ebs-csi-driver", kind="storage"),
        CatalogAddon(name="amazon-cloudwatch-observability", kind="observability", namespace="amazon-cloudwatch"),
    )
}


def catalog_addon(name: str) -> CatalogAddon:
    if name not in CATALOG:
        invalid_parameter(f"Addon {name} specified is not supported; the local lane has {', '.join(sorted(CATALOG))}")
    return CATALOG[name]


def default_version(name: str, cluster_version: str) -> str | None:
    """The pinned version, which was read for the platform's own Kubernetes minor; None for any other."""
    return ADDONS[name].value if name in ADDONS and cluster_version == DEFAULT else None


def checked_version(addon: CatalogAddon, version: str | None, cluster_version: str) -> str:
    """The version to install. Refuses one of the wrong form, and none where there is no default."""
    wanted = version or default_version(addon.name, cluster_version)
    if wanted is None:
        invalid_parameter(f"the local lane knows no default version of {addon.name} for {cluster_version}: name one")
    match = _VERSION.fullmatch(wanted)
    skew = minor_of(cluster_version) - int(match[2]) if match else 0
    if match is None or (addon.follows_cluster and (match[1] != "1" or not 0 <= skew <= 3)):
        invalid_parameter(f"Addon version specified is not supported: {addon.name} {wanted} on {cluster_version}")
    return wanted


def parsed_configuration(configuration: str | None) -> dict[str, Any]:
    """`configurationValues`, JSON or YAML. Refuses what is neither; EKS' schemas of the values are not modelled."""
    if not configuration:
        return {}
    try:
        values = json.loads(configuration)
    except ValueError:
        try:
            values = yaml.safe_load(configuration)
        except yaml.YAMLError:
            values = None
    if not isinstance(values, dict):
        invalid_parameter("ConfigurationValue provided in request is not supported: it is no JSON or YAML object")
    return values

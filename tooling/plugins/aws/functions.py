"""The functions (data sources) of the plug-in. `iam_documents` has the only one that is more than a lookup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tooling.plugins.aws.engine.clients import Scope, dns_suffix_of
from tooling.plugins.aws.engine.errors import NotModelled, not_modelled_input
from tooling.plugins.aws.engine.row import Values
from tooling.plugins.aws.resources.iam.documents import policy_document
from tooling.plugins.provider.paths import text

Arguments = Mapping[str, Any]
"""A modelled argument: `None`, or its members if it is a block or a list of blocks."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function. `source` is its page in the Terraform registry."""

    pulumi_name: str
    source: str
    arguments: Arguments
    answer: Callable[[Scope, Values], dict[str, Any]]
    regional: bool = True

    def failures(self, given: Values) -> list[tuple[str, str]]:
        """Arguments that are not modelled, as (path, reason)."""
        modelled = {**self.arguments, **({"region": None} if self.regional else {})}
        return list(_unknown((), modelled, given, self.pulumi_name))


def _unknown(path: tuple[str | int, ...], modelled: Arguments, given: Values, pulumi_name: str) -> Any:
    for key, value in given.items():
        here = (*path, key)
        if value is None:
            continue
        if key not in modelled:
            yield text(here), not_modelled_input(text(here), pulumi_name, modelled)
        elif modelled[key] is not None:
            for index, block in enumerate(value if isinstance(value, list) else [value]):
                inside = (*here, index) if isinstance(value, list) else here
                if isinstance(block, dict):
                    yield from _unknown(inside, modelled[key], block, pulumi_name)


def _caller_identity(scope: Scope, arguments: Values) -> dict[str, Any]:
    caller = scope.client("sts").get_caller_identity()
    return {
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "id": caller["Account"],
        "userId": caller["UserId"],
    }


def _partition(scope: Scope, arguments: Values) -> dict[str, Any]:
    suffix = dns_suffix_of(scope.partition)
    return {
        "partition": scope.partition,
        "id": scope.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _region(scope: Scope, arguments: Values) -> dict[str, Any]:
    found = scope.client("ec2").describe_regions(RegionNames=[scope.region])["Regions"][0]
    return {
        "region": scope.region,
        "name": scope.region,
        "id": scope.region,
        "description": scope.region,
        "endpoint": found["Endpoint"],
    }


def _availability_zones(scope: Scope, arguments: Values) -> dict[str, Any]:
    filters = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or []]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    every = {"AllAvailabilityZones": True} if arguments.get("allAvailabilityZones") else {}
    found = scope.client("ec2").describe_availability_zones(Filters=filters, **every)["AvailabilityZones"]
    zones = sorted(
        (
            zone
            for zone in found
            if zone["ZoneName"] not in (arguments.get("excludeNames") or [])
            and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or [])
        ),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **{key: value for key, value in arguments.items() if value is not None},
        "id": scope.region,
        "region": scope.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone["GroupName"] for zone in zones if zone.get("GroupName")}),
    }


def _addon_version(scope: Scope, arguments: Values) -> dict[str, Any]:
    """The add-on's default version, or with `mostRecent` the first that EKS lists, which is the newest."""
    name, kubernetes = arguments["addonName"], arguments["kubernetesVersion"]
    addons = scope.client("eks").describe_addon_versions(addonName=name, kubernetesVersion=kubernetes)["addons"]
    offered = [version for addon in addons for version in addon["addonVersions"]]
    fitting = [
        version
        for version in offered
        for fit in version["compatibilities"]
        if fit["clusterVersion"] == kubernetes and (arguments.get("mostRecent") or fit.get("defaultVersion"))
    ]
    if not fitting:
        raise NotModelled(
            f"the emulated EKS offers no version of add-on {name} for Kubernetes {kubernetes}",
            at="aws:eks/getAddonVersion:getAddonVersion",
        )
    return {
        "addonName": name,
        "kubernetesVersion": kubernetes,
        "mostRecent": arguments.get("mostRecent"),
        "version": fitting[0]["addonVersion"],
        "id": name,
        "region": scope.region,
    }


def _policy_document(scope: Scope, arguments: Values) -> dict[str, Any]:
    return policy_document(arguments)


_PRINCIPAL = {"type": None, "identifiers": None}
_STATEMENT = {
    "sid": None,
    "effect": None,
    "actions": None,
    "notActions": None,
    "resources": None,
    "notResources": None,
    "principals": _PRINCIPAL,
    "notPrincipals": _PRINCIPAL,
    "conditions": {"test": None, "variable": None, "values": None},
}

FUNCTIONS: Mapping[str, Function] = {
    function.pulumi_name: function
    for function in (
        Function(
            pulumi_name="aws:index/getCallerIdentity:getCallerIdentity",
            source="caller_identity",
            arguments={},
            answer=_caller_identity,
            regional=False,
        ),
        Function(
            pulumi_name="aws:index/getPartition:getPartition",
            source="partition",
            arguments={},
            answer=_partition,
            regional=False,
        ),
        Function(pulumi_name="aws:index/getRegion:getRegion", source="region", arguments={}, answer=_region),
        Function(
            pulumi_name="aws:index/getAvailabilityZones:getAvailabilityZones",
            source="availability_zones",
            arguments={
                "allAvailabilityZones": None,
                "excludeNames": None,
                "excludeZoneIds": None,
                "filters": {"name": None, "values": None},
                "state": None,
            },
            answer=_availability_zones,
        ),
        Function(
            pulumi_name="aws:eks/getAddonVersion:getAddonVersion",
            source="eks_addon_version",
            arguments={"addonName": None, "kubernetesVersion": None, "mostRecent": None},
            answer=_addon_version,
        ),
        Function(
            pulumi_name="aws:iam/getPolicyDocument:getPolicyDocument",
            source="iam_policy_document",
            arguments={
                "overridePolicyDocuments": None,
                "policyId": None,
                "sourcePolicyDocuments": None,
                "statements": _STATEMENT,
                "version": None,
            },
            answer=_policy_document,
            regional=False,
        ),
    )
}
"""By Pulumi's name of the function."""

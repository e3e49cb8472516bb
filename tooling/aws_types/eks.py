"""EKS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tooling.aws_types.billing import Bill, Charge, NotKnown, Resources, always, free, used
from tooling.aws_types.identification import Account, Values, from_inputs
from tooling.aws_types.listing import Client, ClusterListing, Listing
from tooling.aws_types.row import AwsType, Description

if TYPE_CHECKING:
    from shared.dry_runs import Registered


def _has_access_entries(client: Client, cluster: str) -> bool:
    return client.describe_cluster(name=cluster)["cluster"]["accessConfig"]["authenticationMode"] != "CONFIG_MAP"


def _node_group_ids(inputs: Values, account: Account) -> Iterable[str]:
    cluster = inputs["clusterName"]
    if inputs.get("nodeGroupName"):
        return [f"{cluster}:{inputs['nodeGroupName']}"]
    pages = account.client("eks").get_paginator("list_nodegroups").paginate(clusterName=cluster)
    names = [name for page in pages for name in page["nodegroups"]]
    prefix = inputs.get("nodeGroupNamePrefix")
    return [f"{cluster}:{name}" for name in names if prefix and name.startswith(prefix)]


def _pod_identity_association(inputs: Values, account: Account) -> Iterable[str]:
    wanted = {"namespace": inputs["namespace"], "serviceAccount": inputs["serviceAccount"]}
    answer = account.client("eks").list_pod_identity_associations(clusterName=inputs["clusterName"], **wanted)
    return [association["associationId"] for association in answer["associations"]]


def _node_group_bill(resource: Registered, resources: Resources) -> Bill:
    scaling = resource.inputs.get("scalingConfig") or {}
    wanted, most = scaling.get("desiredSize"), scaling.get("maxSize")
    types = resource.inputs.get("instanceTypes") or []
    if not isinstance(wanted, int) or not isinstance(most, int) or not _known(types):
        return [NotKnown(why="its size or instance type is known only to AWS")]
    found: Bill = []
    if resource.inputs.get("capacityType") == "SPOT":
        found.append(NotKnown(why=f"{wanted} spot instances: their price changes by the hour"))
    elif len(types) == 1:
        found.append(Charge(unit=f"instance-hour/{types[0]}", quantity=wanted, at_most=most))
    else:
        found.append(
            NotKnown(why=f"{wanted} instances: which of {', '.join(map(str, types)) or 'any type'} is not known")
        )
    return [*found, *_volumes(resource, resources, wanted, most)]


def _volumes(group: Registered, resources: Resources, wanted: int, most: int) -> Bill:
    templates = [
        resources[urn]
        for urn in group.depends_on
        if urn in resources and resources[urn].type == "aws:ec2/launchTemplate:LaunchTemplate"
    ]
    found: Bill = []
    for device in templates[0].inputs.get("blockDeviceMappings") or () if len(templates) == 1 else ():
        volume: Mapping[str, Any] = device.get("ebs") or {}
        size, kind = volume.get("volumeSize"), volume.get("volumeType")
        if isinstance(size, int) and kind:
            found.append(Charge(unit=f"{kind}-gb-month", quantity=size * wanted, at_most=size * most))
    return found or [NotKnown(why="volumes of its instances: no launch template of the program sets their size")]


def _known(types: Any) -> bool:
    return isinstance(types, list) and all(isinstance(name, str) for name in types)


TYPES = (
    AwsType(
        pulumi_name="aws:eks/accessEntry:AccessEntry",
        description=Description(
            noun="access entry",
            service="eks",
            name=("principalArn",),
            find="aws eks describe-access-entry --cluster-name {clusterName} --principal-arn {principalArn} "
            "--region {region}",
            delete="aws eks delete-access-entry --cluster-name {clusterName} --principal-arn {principalArn} "
            "--region {region}",
            adoptable=True,
        ),
        identification=from_inputs("clusterName", "principalArn"),
        listing=ClusterListing(
            kind="access-entry",
            operation="list_access_entries",
            collection="accessEntries",
            identity="principalArn",
            listable=_has_access_entries,
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        description=Description(
            noun="access policy of",
            service="eks",
            name=("principalArn",),
            find="aws eks list-associated-access-policies --cluster-name {clusterName} --principal-arn {principalArn} "
            "--region {region}",
            adoptable=True,
        ),
        identification=from_inputs("clusterName", "principalArn", "policyArn", separator="#"),
        listing="goes with its access entry",
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:eks/addon:Addon",
        description=Description(
            noun="EKS add-on",
            service="eks",
            name=("addonName",),
            find="aws eks describe-addon --cluster-name {clusterName} --addon-name {addonName} --region {region}",
            delete="aws eks delete-addon --cluster-name {clusterName} --addon-name {addonName} --region {region}",
            adoptable=True,
        ),
        identification=from_inputs("clusterName", "addonName"),
        listing=ClusterListing(kind="addon", operation="list_addons", collection="addons", identity="addonName"),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:eks/cluster:Cluster",
        description=Description(
            noun="EKS cluster",
            service="eks",
            name=("name",),
            find="aws eks describe-cluster --name {name} --region {region}",
            delete="aws eks delete-cluster --name {name} --region {region}",
            uses="aws eks list-nodegroups --cluster-name {name} --region {region}",
        ),
        identification=from_inputs("name"),
        listing=Listing(
            service="eks",
            kind="cluster",
            operation="list_clusters",
            collection="clusters",
            identity="name",
            tags=lambda client, thing: client.describe_cluster(name=thing["name"])["cluster"].get("tags") or {},
        ),
        billing=always("eks-cluster-hour"),
        precious=True,
    ),
    AwsType(
        pulumi_name="aws:eks/fargateProfile:FargateProfile",
        description=Description(
            noun="Fargate profile",
            service="eks",
            name=("fargateProfileName",),
            find="aws eks list-fargate-profiles --cluster-name {clusterName} --region {region}",
            delete="aws eks delete-fargate-profile --cluster-name {clusterName} "
            "--fargate-profile-name {fargateProfileName} --region {region}",
        ),
        identification=from_inputs("clusterName", "fargateProfileName"),
        listing=ClusterListing(
            kind="fargate-profile",
            operation="list_fargate_profiles",
            collection="fargateProfileNames",
            identity="fargateProfileName",
        ),
        billing=used("Pods on Fargate, by vCPU and memory"),
    ),
    AwsType(
        pulumi_name="aws:eks/nodeGroup:NodeGroup",
        description=Description(
            noun="node group",
            service="ec2",
            name=("nodeGroupName",),
            find="aws eks list-nodegroups --cluster-name {clusterName} --region {region}",
            delete="aws eks delete-nodegroup --cluster-name {clusterName} --nodegroup-name {nodeGroupName} "
            "--region {region}",
        ),
        identification=_node_group_ids,
        listing=ClusterListing(
            kind="nodegroup", operation="list_nodegroups", collection="nodegroups", identity="nodegroupName"
        ),
        billing=_node_group_bill,
    ),
    AwsType(
        pulumi_name="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        description=Description(
            noun="pod identity association of",
            service="eks",
            name=("namespace", "serviceAccount"),
            find="aws eks list-pod-identity-associations --cluster-name {clusterName} --namespace {namespace} "
            "--service-account {serviceAccount} --region {region}",
            delete="aws eks delete-pod-identity-association --cluster-name {clusterName} --association-id <its id> "
            "--region {region}",
        ),
        identification=_pod_identity_association,
        listing=ClusterListing(
            kind="pod-identity-association",
            operation="list_pod_identity_associations",
            collection="associations",
            identity="associationId",
        ),
        billing=free,
    ),
)

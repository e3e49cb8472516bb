"""What one type does that no other does."""

from __future__ import annotations

import json
from collections.abc import Callable

import grpc
import pytest

from tooling.plugins.aws.tests.case import REGION, policy
from tooling.plugins.aws.tests.cases import CASES, inputs_of, unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.tests.engine import CheckFailed, Engine, configured
from tooling.plugins.provider.wire import UNKNOWN

BUCKET = "aws:s3/bucket:Bucket"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POLICY = "aws:iam/policy:Policy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
KEY = "aws:kms/key:Key"
REPOSITORY = "aws:ecr/repository:Repository"


def test_forced_bucket_is_emptied_of_all_versions_and_another_is_not_deleted(engine: Engine, lane: Lane) -> None:
    s3 = lane.world.client("s3")
    forced = engine.create(BUCKET, unique_name(), {"forceDestroy": True})
    kept = engine.create(BUCKET, unique_name(), {})
    for bucket in (forced, kept):
        s3.put_bucket_versioning(Bucket=bucket.id, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"one", b"two"):
            s3.put_object(Bucket=bucket.id, Key="k", Body=body)
    s3.delete_object(Bucket=forced.id, Key="k")
    engine.delete(forced)
    assert engine.imported(BUCKET, "x", forced.id) is None
    with pytest.raises(grpc.RpcError) as refusal:
        engine.delete(kept)
    assert "BucketNotEmpty" in str(refusal.value.details())
    engine.live.remove(kept)
    engine.live.append(engine.up(kept, {"forceDestroy": True}))


def test_repository_with_images_is_deleted_only_if_forced(engine: Engine, lane: Lane) -> None:
    ecr = lane.world.client("ecr")
    forced = engine.create(REPOSITORY, unique_name(), {"forceDelete": True})
    kept = engine.create(REPOSITORY, unique_name(), {})
    for repository in (forced, kept):
        ecr.put_image(
            repositoryName=repository.id,
            imageManifest="{}",
            imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
            imageTag="v1",
        )
    engine.delete(forced)
    assert engine.imported(REPOSITORY, "x", forced.id) is None
    with pytest.raises(grpc.RpcError) as refusal:
        engine.delete(kept)
    assert "RepositoryNotEmptyException" in str(refusal.value.details())
    engine.live.remove(kept)
    engine.live.append(engine.up(kept, {"forceDelete": True}))


def test_bucket_knows_its_own_region(engine: Engine) -> None:
    bucket = engine.create(BUCKET, unique_name(), {"region": "eu-central-1"})
    assert bucket.outputs["bucketRegion"] == "eu-central-1"
    assert bucket.outputs["bucketRegionalDomainName"] == f"{bucket.id}.s3.eu-central-1.amazonaws.com"


def test_log_group_that_is_to_outlive_its_stack_does(engine: Engine, lane: Lane) -> None:
    group = engine.create(LOG_GROUP, unique_name(), {"skipDestroy": True})
    engine.delete(group)
    assert engine.imported(LOG_GROUP, "x", group.id) is not None
    lane.world.client("logs").delete_log_group(logGroupName=group.id)


def test_launch_template_s_default_version_follows_or_stays(engine: Engine, lane: Lane) -> None:
    following = engine.create(TEMPLATE, unique_name(), {"instanceType": "m6i.large", "updateDefaultVersion": True})
    changed = engine.up(following, {"instanceType": "m6i.xlarge", "updateDefaultVersion": True})
    assert (changed.outputs["latestVersion"], changed.outputs["defaultVersion"]) == (2, 2)
    staying = engine.create(TEMPLATE, unique_name(), {"instanceType": "m6i.large"})
    second = engine.up(staying, {"instanceType": "m6i.xlarge"})
    assert (second.outputs["latestVersion"], second.outputs["defaultVersion"]) == (2, 1)
    chosen = engine.up(second, {"instanceType": "m6i.xlarge", "defaultVersion": 2})
    assert (chosen.outputs["latestVersion"], chosen.outputs["defaultVersion"]) == (2, 2)


def test_launch_template_takes_real_switches_for_textual_ones(engine: Engine) -> None:
    inputs = {"ebsOptimized": True, "blockDeviceMappings": [{"deviceName": "a", "ebs": {"encrypted": True}}]}
    template = engine.create(TEMPLATE, unique_name(), inputs)
    assert template.outputs["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"
    assert engine.plan(template, inputs).empty


def test_policy_is_changed_more_often_than_iam_keeps_versions(engine: Engine) -> None:
    resource = engine.create(POLICY, unique_name(), {"policy": policy("s3:Get0")})
    for number in range(1, 8):
        resource = engine.up(resource, {"policy": policy(f"s3:Get{number}")})
    assert "s3:Get7" in resource.outputs["policy"]


def test_role_with_forced_detachment_goes_with_what_was_attached_to_it(engine: Engine, lane: Lane) -> None:
    inputs = inputs_of(CASES["aws:iam/role:Role"], lane.world)
    role = engine.create("aws:iam/role:Role", unique_name(), {**inputs, "forceDetachPolicies": True})
    iam = lane.world.client("iam")
    iam.attach_role_policy(RoleName=role.id, PolicyArn=lane.world.policy_arns[0])
    iam.put_role_policy(RoleName=role.id, PolicyName="inline", PolicyDocument=policy("s3:GetObject"))
    engine.delete(role)
    assert engine.imported("aws:iam/role:Role", "x", role.id) is None


def test_deleted_key_waits_as_long_as_it_was_told(engine: Engine, lane: Lane) -> None:
    key = engine.create(KEY, unique_name(), {"deletionWindowInDays": 7})
    engine.delete(key)
    metadata = lane.world.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert engine.imported(KEY, "x", key.id) is None


def test_security_group_has_no_rule_that_its_program_does_not_state(engine: Engine, lane: Lane) -> None:
    group = engine.create("aws:ec2/securityGroup:SecurityGroup", unique_name(), {"vpcId": lane.world.vpc_id})
    assert group.outputs["egress"] == []
    assert group.outputs["ingress"] == []


def test_rules_made_apart_from_their_group_are_no_change_of_it(engine: Engine, lane: Lane) -> None:
    inputs = {"vpcId": lane.world.vpc_id}
    group = engine.create("aws:ec2/securityGroup:SecurityGroup", unique_name(), inputs)
    engine.create(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "rule",
        {
            "securityGroupId": group.id,
            "referencedSecurityGroupId": lane.world.group_ids[0],
            "ipProtocol": "-1",
            "description": "all from the nodes",
        },
    )
    refreshed = engine.refresh(group)
    assert refreshed is not None
    assert len(refreshed.outputs["ingress"]) == 1
    assert engine.plan(refreshed, inputs).empty


def test_routes_made_apart_from_their_table_are_no_change_of_it(engine: Engine, lane: Lane) -> None:
    inputs = {"vpcId": lane.world.vpc_id}
    table = engine.create("aws:ec2/routeTable:RouteTable", unique_name(), inputs)
    engine.create(
        "aws:ec2/route:Route",
        "route",
        {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": lane.world.gateway_id},
    )
    refreshed = engine.refresh(table)
    assert refreshed is not None
    assert engine.plan(refreshed, inputs).empty


def test_associated_subnet_moves_to_another_table_and_back(engine: Engine, lane: Lane) -> None:
    """The association's id changes in EC2 with each move; the engine keeps the first one."""
    name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs = {"subnetId": lane.world.subnet_ids[2], "routeTableId": lane.world.route_table_ids[0]}
    association = engine.create(name, unique_name(), inputs)
    moved = engine.up(association, {**inputs, "routeTableId": lane.world.route_table_ids[1]})
    assert engine.refresh(moved) is not None
    back = engine.up(moved, inputs)
    assert back.outputs["routeTableId"] == lane.world.route_table_ids[0]


def test_oidc_issuer_is_the_same_with_and_without_its_scheme(engine: Engine) -> None:
    name = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    inputs = {"url": "https://oidc.example.com/id/THREE", "clientIdLists": ["sts.amazonaws.com"]}
    provider = engine.create(name, "issuer", inputs)
    assert provider.outputs["url"] == "oidc.example.com/id/THREE"
    assert provider.outputs["arn"].endswith(":oidc-provider/oidc.example.com/id/THREE")
    assert engine.plan(provider, inputs).empty


def test_addon_s_role_cannot_be_taken_back(engine: Engine, lane: Lane) -> None:
    name = "aws:eks/addon:Addon"
    inputs = inputs_of(CASES[name], lane.world)
    addon = engine.create(name, unique_name(), inputs)
    without = {key: value for key, value in inputs.items() if key != "serviceAccountRoleArn"}
    with pytest.raises(grpc.RpcError) as refusal:
        engine.plan(addon, without)
    assert "does not model changing `serviceAccountRoleArn`" in str(refusal.value.details())


def test_cluster_in_a_preview_leaves_open_what_eks_decides(engine: Engine, lane: Lane) -> None:
    inputs = inputs_of(CASES["aws:eks/cluster:Cluster"], lane.world)
    outputs = engine.preview_creation("aws:eks/cluster:Cluster", "c", inputs)
    assert outputs["vpcConfig"]["clusterSecurityGroupId"] == UNKNOWN
    assert outputs["vpcConfig"]["vpcId"] == UNKNOWN
    assert outputs["identities"] == UNKNOWN
    assert outputs["name"].startswith("c-")


def test_cluster_that_encrypts_its_secrets_can_only_be_replaced_to_stop(lanes: Callable[[str], Lane]) -> None:
    alone = lanes("alone")
    name = "aws:eks/cluster:Cluster"
    with configured(alone.address, {"region": REGION}) as engine:
        plain = inputs_of(CASES[name], alone.world)
        secured = {
            **plain,
            "encryptionConfig": {"provider": {"keyArn": alone.world.key_arns[0]}, "resources": ["secrets"]},
        }
        cluster = engine.create(name, unique_name(), secured)
        assert engine.plan(cluster, plain).replaces == {"encryptionConfig"}
        other = {"provider": {"keyArn": alone.world.key_arns[1]}, "resources": ["secrets"]}
        assert engine.plan(cluster, {**secured, "encryptionConfig": other}).replaces == {"encryptionConfig"}


def test_node_group_of_a_template_takes_no_disk_of_its_own(engine: Engine, lane: Lane) -> None:
    name = "aws:eks/nodeGroup:NodeGroup"
    with pytest.raises(CheckFailed) as refusal:
        engine.check(name, "g", {**inputs_of(CASES[name], lane.world), "diskSize": 20})
    assert "leave out `diskSize`" in refusal.value.failures["diskSize"]


def test_addon_configuration_that_says_the_same_is_no_change(engine: Engine, lane: Lane) -> None:
    name = "aws:eks/addon:Addon"
    inputs = {**inputs_of(CASES[name], lane.world), "configurationValues": json.dumps({"a": 1, "b": [2]})}
    addon = engine.create(name, unique_name(), inputs)
    assert engine.plan(addon, {**inputs, "configurationValues": '{"b": [2],   "a": 1}'}).empty


def test_gateway_endpoint_stands_in_its_route_tables_and_their_programs_do_not_see_it(
    engine: Engine, lane: Lane
) -> None:
    name, ec2 = "aws:ec2/vpcEndpoint:VpcEndpoint", lane.world.client("ec2")
    one, two = (
        engine.create("aws:ec2/routeTable:RouteTable", unique_name(), {"vpcId": lane.world.vpc_id}) for _ in range(2)
    )
    inputs = {"vpcId": lane.world.vpc_id, "serviceName": "com.amazonaws.us-east-1.s3"}
    endpoint = engine.create(name, unique_name(), {**inputs, "routeTableIds": [one.id]})

    def targets(table: str) -> set[str]:
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return {route["GatewayId"] for route in routes if route.get("DestinationPrefixListId")}

    assert endpoint.outputs["prefixListId"].startswith("pl-")
    assert endpoint.outputs["cidrBlocks"]
    assert (targets(one.id), targets(two.id)) == ({endpoint.id}, set())
    moved = engine.up(endpoint, {**inputs, "routeTableIds": [two.id]})
    assert moved.id == endpoint.id
    assert (targets(one.id), targets(two.id)) == (set(), {endpoint.id})
    refreshed = engine.refresh(two)
    assert refreshed is not None
    assert engine.plan(refreshed, {"vpcId": lane.world.vpc_id}).empty


def test_interface_endpoint_has_an_interface_in_each_of_its_subnets(engine: Engine, lane: Lane) -> None:
    name, ec2 = "aws:ec2/vpcEndpoint:VpcEndpoint", lane.world.client("ec2")
    inputs = inputs_of(CASES[name], lane.world)

    def subnets(interfaces: list[str]) -> set[str]:
        found = ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
        return {interface["SubnetId"] for interface in found}

    endpoint = engine.create(name, unique_name(), inputs)
    assert subnets(endpoint.outputs["networkInterfaceIds"]) == set(lane.world.subnet_ids[:2])
    wanted = {**inputs, "subnetIds": lane.world.subnet_ids[2:]}
    moved = engine.up(endpoint, wanted)
    assert subnets(moved.outputs["networkInterfaceIds"]) == set(lane.world.subnet_ids[2:])
    gone = set(endpoint.outputs["networkInterfaceIds"])
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert not gone & {interface["NetworkInterfaceId"] for interface in left}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"vpcEndpointType": "Gateway", "subnetIds": ["subnet-1"]}, "subnetIds"),
        ({"vpcEndpointType": "Gateway", "privateDnsEnabled": True}, "privateDnsEnabled"),
        ({"vpcEndpointType": "Interface", "routeTableIds": ["rtb-1"]}, "routeTableIds"),
    ],
    ids=["gateway-in-a-subnet", "gateway-with-names", "interface-in-a-route-table"],
)
def test_endpoint_of_one_type_takes_nothing_of_the_other(engine: Engine, given: dict[str, object], path: str) -> None:
    inputs = {"vpcId": "vpc-1", "serviceName": "com.amazonaws.us-east-1.s3", **given}
    with pytest.raises(CheckFailed) as refusal:
        engine.check("aws:ec2/vpcEndpoint:VpcEndpoint", "e", inputs)
    assert path in refusal.value.failures


def test_flow_log_of_one_thing_goes_to_cloudwatch_by_a_role_or_to_a_bucket(engine: Engine, lane: Lane) -> None:
    name = "aws:ec2/flowLog:FlowLog"
    bucket = {"logDestinationType": "s3", "logDestination": f"arn:aws:s3:::{lane.world.buckets[0]}"}
    log = engine.create(name, unique_name(), {"vpcId": lane.world.vpc_id, "trafficType": "ALL", **bucket})
    assert log.outputs["maxAggregationInterval"] == 600
    with pytest.raises(CheckFailed) as refusal:
        engine.check(name, "l", {"vpcId": "vpc-1", "eniId": "eni-1", "trafficType": "ALL", "logDestination": "arn"})
    assert refusal.value.failures.keys() == {"vpcId", "iamRoleArn"}
    absent = {**bucket, "logDestination": "arn:aws:s3:::not-there"}
    with pytest.raises(grpc.RpcError) as failure:
        engine.create(name, unique_name(), {"vpcId": lane.world.vpc_id, "trafficType": "ALL", **absent})
    assert "LogDestination: not-there does not exist. (CreateFlowLogs" in str(failure.value.details())


def test_second_range_of_a_vpc_takes_subnets(engine: Engine, lane: Lane) -> None:
    vpc = lane.world.new_vpc("10.220.0.0/16")
    association = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
    subnet = {"vpcId": vpc, "cidrBlock": "100.66.0.0/18", "availabilityZone": f"{REGION}a"}
    with pytest.raises(grpc.RpcError) as refusal:
        engine.create("aws:ec2/subnet:Subnet", unique_name(), subnet)
    assert "InvalidSubnet.Range" in str(refusal.value.details())
    engine.create(association, unique_name(), {"vpcId": vpc, "cidrBlock": "100.66.0.0/16"})
    made = engine.create("aws:ec2/subnet:Subnet", unique_name(), subnet)
    assert made.outputs["cidrBlock"] == "100.66.0.0/18"

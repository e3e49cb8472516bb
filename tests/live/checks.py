"""What a deployed platform has to do, seen from outside: one row a check, run in two worlds.

On the local lane they run with the chain's tests, but for those that need what the lane has not; on AWS with
`make verify STACK=dev`. A check leaves nothing behind.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from shared.external_secrets import ADDON as EXTERNAL_SECRETS
from shared.external_secrets import API_GROUP, API_VERSION, tenant_secrets
from shared.versions import DEMO_IMAGE
from tests.live.world import World

_AUDIENCE = "sts.amazonaws.com"
_SCALE_UP_SECONDS = 600
"""A node group's instance is up and joined within three to five minutes; felt, not measured."""
_LOG_SECONDS = 300
_SYNC_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    run: Callable[[World], None]
    aws_only: str = ""
    """Why the lane cannot show it."""


def endpoint_is_healthy(world: World) -> None:
    outputs = world.outputs()
    cluster = world.client("eks").describe_cluster(name=outputs["cluster_name"])["cluster"]
    assert cluster["status"] == "ACTIVE"
    assert cluster["endpoint"] == outputs["cluster_endpoint"]
    ready = world.kubectl("get", "--raw", "/readyz")
    assert (ready.returncode, ready.stdout) == (0, "ok"), ready.stderr


def secrets_are_encrypted_with_our_key(world: World) -> None:
    outputs = world.outputs()
    cluster = world.client("eks").describe_cluster(name=outputs["cluster_name"])["cluster"]
    assert [config["resources"] for config in cluster["encryptionConfig"]] == [["secrets"]]
    assert cluster["encryptionConfig"][0]["provider"]["keyArn"] == outputs["secrets_key_arn"]


def nodes_have_joined(world: World) -> None:
    eks, cluster = world.client("eks"), world.outputs()["cluster_name"]
    wanted = 0
    for name in eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
        group = eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
        assert group["status"] == "ACTIVE", name
        assert not (group.get("health") or {}).get("issues"), group["health"]
        wanted += group["scalingConfig"]["desiredSize"]
    assert wanted > 0
    assert len(ready_nodes(world)) >= wanted


def addons_are_active(world: World) -> None:
    eks, cluster = world.client("eks"), world.outputs()["cluster_name"]
    names = eks.list_addons(clusterName=cluster)["addons"]
    assert {"vpc-cni", "kube-proxy", "coredns"} <= set(names)
    states = {name: eks.describe_addon(clusterName=cluster, addonName=name)["addon"]["status"] for name in names}
    assert set(states.values()) == {"ACTIVE"}, states


def service_account_gets_its_role(world: World) -> None:
    tenant = world.tenants[0]
    keys = web_identity(world, tenant)
    role = world.outputs("tenants", tenant=tenant)["workload_role_arn"]
    assert keys["AssumedRoleUser"]["Arn"].split("/")[1] == role.rsplit("/", 1)[-1]


def another_service_account_does_not(world: World) -> None:
    assert denied(lambda: web_identity(world, world.tenants[0], account="default"))


def bucket_opens_to_its_prefix_only(world: World) -> None:
    tenant, other = world.tenants[:2]
    outputs = world.outputs("tenants", tenant=tenant)
    foreign = world.outputs("tenants", tenant=other)["bucket_prefix"]
    keys = web_identity(world, tenant)["Credentials"]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=outputs["region"],
    )
    s3, bucket = session.client("s3", endpoint_url=world.client("s3").meta.endpoint_url), outputs["bucket_name"]
    own = f"{outputs['bucket_prefix']}verify-{uuid.uuid4().hex}"
    s3.put_object(Bucket=bucket, Key=own, Body=b"verify")
    try:
        assert s3.get_object(Bucket=bucket, Key=own)["Body"].read() == b"verify"
        assert denied(lambda: s3.put_object(Bucket=bucket, Key=f"{foreign}verify", Body=b"verify"))
        assert denied(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=foreign))
    finally:
        s3.delete_object(Bucket=bucket, Key=own)


def log_group_ends_and_is_encrypted(world: World) -> None:
    outputs = world.outputs()
    name = f"/aws/eks/{outputs['cluster_name']}/cluster"
    groups = world.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    (group,) = [group for group in groups if group["logGroupName"] == name]
    assert group["retentionInDays"] > 0
    assert group["kmsKeyId"] == outputs["secrets_key_arn"]


def control_plane_writes_its_logs(world: World) -> None:
    name = f"/aws/eks/{world.outputs()['cluster_name']}/cluster"
    logs = world.client("logs")
    for kind in (
        "kube-apiserver-",
        "kube-apiserver-audit-",
        "authenticator-",
        "kube-controller-manager-",
        "kube-sched",
    ):
        world.eventually(
            lambda kind=kind: bool(
                logs.filter_log_events(logGroupName=name, logStreamNamePrefix=kind, limit=1)["events"]
            ),
            within_seconds=_LOG_SECONDS,
            what=f"an event of {kind} in {name}",
        )


def tenants_are_walled_off(world: World) -> None:
    tenant, other = world.tenants[:2]
    own = world.outputs("tenants", tenant=tenant)["namespaces"][0]
    foreign = world.outputs("tenants", tenant=other)["namespaces"][0]
    allowed = world.kubectl("get", "deployments", "-n", own, tenant=tenant)
    assert allowed.returncode == 0, allowed.stderr
    for attack in (
        ("get", "deployments", "-n", foreign),
        ("get", "secrets", "-n", foreign),
        ("get", "nodes"),
        ("delete", "networkpolicies", "--all", "-n", own, "--dry-run=server"),
        ("create", "clusterrolebinding", "verify", "--clusterrole=cluster-admin", "--user=x", "--dry-run=server"),
    ):
        refused = world.kubectl(*attack, tenant=tenant)
        assert refused.returncode == 1, attack
        assert "forbidden" in refused.stderr.lower(), (attack, refused.stderr)


def pod_security_refuses_privilege(world: World) -> None:
    namespace = world.outputs("tenants", tenant=world.tenants[0])["namespaces"][0]
    attack = ("run", "verify", "-n", namespace, f"--image={DEMO_IMAGE.value}", "--privileged", "--dry-run=server")
    refused = world.kubectl(*attack)
    assert refused.returncode == 1
    assert "violates PodSecurity" in refused.stderr


def secrets_come_from_secrets_manager(world: World) -> None:
    if EXTERNAL_SECRETS not in world.outputs("platform-addons")["addons"]:
        pytest.skip(f"the add-on {EXTERNAL_SECRETS} is off")
    tenant = world.tenants[0]
    namespace = world.outputs("tenants", tenant=tenant)["namespaces"][0]
    name, manager = f"verify-{uuid.uuid4().hex[:8]}", world.client("secretsmanager")
    whole_name = tenant_secrets(world.outputs()["cluster_name"], tenant) + name
    manager.create_secret(Name=whole_name, SecretString="verify")
    wanted = {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"data": [{"secretKey": "value", "remoteRef": {"key": name}}]},
    }
    try:
        applied = world.kubectl("apply", "-f", "-", tenant=tenant, said=json.dumps(wanted))
        assert applied.returncode == 0, applied.stderr
        world.eventually(
            lambda: world.kubectl("get", "secret", name, "-n", namespace, tenant=tenant).returncode == 0,
            within_seconds=_SYNC_SECONDS,
            what=f"a Secret of {whole_name}",
        )
        made = world.read("get", "secret", name, "-n", namespace, tenant=tenant)
        assert base64.b64decode(made["data"]["value"]) == b"verify"
    finally:
        world.kubectl("delete", "externalsecrets", name, "-n", namespace, "--ignore-not-found", tenant=tenant)
        manager.delete_secret(SecretId=whole_name, ForceDeleteWithoutRecovery=True)


def autoscaler_adds_a_node(world: World) -> None:
    before = len(ready_nodes(world))
    name = f"verify-{uuid.uuid4().hex[:8]}"
    manifest = json.dumps(one_pod_a_node(name, replicas=before + 1))
    done = world.kubectl("create", "-f", "-", said=manifest)
    assert done.returncode == 0, done.stderr
    try:
        world.eventually(
            lambda: len(ready_nodes(world)) > before, within_seconds=_SCALE_UP_SECONDS, what="one more node"
        )
    finally:
        world.kubectl("delete", "deployment", name, "-n", "default", "--wait=true")


def instances_want_tokens_within_one_hop(world: World) -> None:
    filters = [{"Name": "tag:eks:cluster-name", "Values": [world.outputs()["cluster_name"]]}]
    instances = [
        instance
        for page in world.client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] == "running"
    ]
    assert instances
    for instance in instances:
        options = instance["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1), instance["InstanceId"]


def ready_nodes(world: World) -> list[str]:
    return [
        node["metadata"]["name"]
        for node in world.read("get", "nodes")["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    ]


def web_identity(world: World, tenant: str, *, account: str = "") -> Any:
    """The tenant's workload role, assumed with a token of a service account, as a Pod's SDK does it.

    Source: EKS user guide, "Assign IAM roles to Kubernetes service accounts"; STS, AssumeRoleWithWebIdentity.
    """
    outputs = world.outputs("tenants", tenant=tenant)
    name = account or outputs["service_account_name"]
    token = world.kubectl("create", "token", name, "-n", outputs["namespaces"][0], f"--audience={_AUDIENCE}")
    assert token.returncode == 0, token.stderr
    return world.client("sts").assume_role_with_web_identity(
        RoleArn=outputs["workload_role_arn"],
        RoleSessionName="tiers-verify",
        WebIdentityToken=token.stdout.strip(),
    )


def denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response.get("Error", {}).get("Code") in ("AccessDenied", "403")
    return False


def one_pod_a_node(name: str, *, replicas: int) -> dict[str, Any]:
    """A Deployment whose Pods refuse to share a node, so that one more than there are nodes wants one more node."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "affinity": {
                        "podAntiAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": [
                                {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
                            ]
                        }
                    },
                    "automountServiceAccountToken": False,
                    "containers": [
                        {
                            "name": "pause",
                            "image": DEMO_IMAGE.value,
                            "args": ["pause"],
                            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                            "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True},
                        }
                    ],
                    "securityContext": {"runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
                },
            },
        },
    }


_NO_CONTAINERS = "the lane runs no containers, and its instances no kubelet"

CHECKS = (
    Check(name="endpoint-healthy", run=endpoint_is_healthy),
    Check(name="secrets-encrypted", run=secrets_are_encrypted_with_our_key),
    Check(name="nodes-joined", run=nodes_have_joined),
    Check(name="addons-active", run=addons_are_active),
    Check(name="irsa", run=service_account_gets_its_role),
    Check(name="irsa-of-another-account", run=another_service_account_does_not),
    Check(name="s3-prefix", run=bucket_opens_to_its_prefix_only),
    Check(name="log-group", run=log_group_ends_and_is_encrypted),
    Check(
        name="control-plane-events",
        run=control_plane_writes_its_logs,
        aws_only="the lane's API server writes no CloudWatch logs",
    ),
    Check(name="tenant-denial", run=tenants_are_walled_off),
    Check(name="pod-security", run=pod_security_refuses_privilege),
    Check(name="external-secrets", run=secrets_come_from_secrets_manager, aws_only=_NO_CONTAINERS),
    Check(name="autoscaler-reacts", run=autoscaler_adds_a_node, aws_only=_NO_CONTAINERS),
    Check(name="metadata-hop-limit", run=instances_want_tokens_within_one_hop, aws_only=_NO_CONTAINERS),
)

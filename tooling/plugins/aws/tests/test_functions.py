"""The functions, and the text of policy documents down to the order of its members."""

from __future__ import annotations

import json

import grpc
import pytest

from shared.versions import KUBERNETES
from tooling.plugins.aws.functions import FUNCTIONS
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.tests.engine import Engine, configured

DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
PARTITION = "aws:index/getPartition:getPartition"
ADDON = "aws:eks/getAddonVersion:getAddonVersion"


def test_caller_is_the_account_s(engine: Engine) -> None:
    caller = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["accountId"] == caller["id"] == "123456789012"
    assert caller["arn"].startswith("arn:aws:")
    assert caller["userId"]


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "reverse"),
    [
        ("us-east-1", "aws", "amazonaws.com", "com.amazonaws"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "com.amazonaws"),
    ],
)
def test_partition_is_the_region_s(region: str, partition: str, suffix: str, reverse: str, lane: Lane) -> None:
    with configured(lane.address, {"region": region}) as engine:
        assert engine.invoke(PARTITION, {}) == {
            "id": partition,
            "partition": partition,
            "dnsSuffix": suffix,
            "reverseDnsPrefix": reverse,
        }


def test_region_is_the_provider_s_unless_another_is_asked_for(engine: Engine) -> None:
    assert engine.invoke("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
    asked = engine.invoke("aws:index/getRegion:getRegion", {"region": "eu-west-1"})
    assert (asked["region"], asked["endpoint"]) == ("eu-west-1", "ec2.eu-west-1.amazonaws.com")


def test_availability_zones_are_listed_with_their_ids_and_filtered(engine: Engine) -> None:
    every = engine.invoke(ZONES, {"state": "available"})
    assert every["names"][:2] == ["us-east-1a", "us-east-1b"]
    assert len(every["zoneIds"]) == len(every["names"])
    few = engine.invoke(
        ZONES,
        {
            "excludeNames": ["us-east-1a"],
            "excludeZoneIds": [every["zoneIds"][1]],
            "filters": [{"name": "zone-name", "values": every["names"][:3]}],
        },
    )
    assert few["names"] == [every["names"][2]]
    assert engine.invoke(ZONES, {"region": "eu-west-1"})["names"][0] == "eu-west-1a"


def test_addon_version_is_one_that_eks_offers(engine: Engine) -> None:
    found = engine.invoke(ADDON, {"addonName": "vpc-cni", "kubernetesVersion": KUBERNETES.value, "mostRecent": True})
    assert found["version"].startswith("v")
    assert found["addonName"] == "vpc-cni"


def test_addon_version_for_a_kubernetes_that_eks_does_not_know_is_an_error(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        engine.invoke(ADDON, {"addonName": "vpc-cni", "kubernetesVersion": "1.1"})
    assert "no version of add-on vpc-cni for Kubernetes 1.1" in str(refusal.value.details())


def test_policy_document_is_written_as_the_released_plugin_writes_it(engine: Engine) -> None:
    document = engine.invoke(
        DOCUMENT,
        {
            "policyId": "p",
            "statements": [
                {
                    "sid": "Assume",
                    "actions": ["sts:AssumeRoleWithWebIdentity"],
                    "principals": [{"type": "Federated", "identifiers": ["arn:b", "arn:a"]}],
                    "conditions": [
                        {"test": "StringEquals", "variable": "oidc:sub", "values": ["one"]},
                        {"test": "StringEquals", "variable": "oidc:aud", "values": ["sts", "other"]},
                    ],
                },
                {
                    "effect": "Deny",
                    "notActions": ["s3:Get*", "s3:List*"],
                    "notResources": ["arn:x"],
                    "notPrincipals": [{"type": "*", "identifiers": ["*"]}],
                },
            ],
        },
    )
    assert document["json"] == json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "p",
            "Statement": [
                {
                    "Sid": "Assume",
                    "Effect": "Allow",
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Principal": {"Federated": ["arn:b", "arn:a"]},
                    "Condition": {"StringEquals": {"oidc:aud": ["sts", "other"], "oidc:sub": "one"}},
                },
                {
                    "Effect": "Deny",
                    "NotAction": ["s3:List*", "s3:Get*"],
                    "NotResource": "arn:x",
                    "NotPrincipal": "*",
                },
            ],
        },
        indent=2,
    )
    assert json.loads(document["minifiedJson"]) == json.loads(document["json"])
    assert " " not in document["minifiedJson"]


def test_policy_documents_are_merged_by_statement_id(engine: Engine) -> None:
    def text(sid: str, action: str) -> str:
        return json.dumps({"Statement": [{"Sid": sid, "Effect": "Allow", "Action": action}]})

    merged = engine.invoke(
        DOCUMENT,
        {
            "sourcePolicyDocuments": [text("one", "s3:A"), text("two", "s3:B")],
            "statements": [{"sid": "two", "actions": ["s3:C"]}],
            "overridePolicyDocuments": [text("one", "s3:D")],
        },
    )
    assert [(s["Sid"], s["Action"]) for s in json.loads(merged["json"])["Statement"]] == [
        ("one", "s3:D"),
        ("two", "s3:C"),
    ]


def test_every_function_is_played_here() -> None:
    played = {
        "aws:index/getCallerIdentity:getCallerIdentity",
        PARTITION,
        "aws:index/getRegion:getRegion",
        ZONES,
        ADDON,
        DOCUMENT,
    }
    assert set(FUNCTIONS) == played

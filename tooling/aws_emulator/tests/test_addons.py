"""EKS add-ons as the account sees them; what they put into the cluster is `test_in_the_cluster`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.versions import ADDONS, KUBERNETES
from tooling.aws_emulator.tests.conftest import Account, answer

MINOR = int(KUBERNETES.value.split(".")[1])


def test_addon_has_the_pinned_version_unless_another_is_named(account: Account) -> None:
    account.cluster()
    made = account.eks.create_addon(clusterName="platform", addonName="coredns")["addon"]
    assert (made["addonVersion"], made["status"]) == (ADDONS["coredns"].value, "ACTIVE")
    named = account.eks.create_addon(
        clusterName="platform", addonName="aws-ebs-csi-driver", addonVersion="v1.51.0-eksbuild.1", tags={"a": "b"}
    )["addon"]
    assert (named["addonVersion"], named["tags"]) == ("v1.51.0-eksbuild.1", {"a": "b"})
    assert account.eks.list_addons(clusterName="platform")["addons"] == ["aws-ebs-csi-driver", "coredns"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"addonName": "cordns"}, "Addon cordns specified is not supported"),
        ({"addonVersion": "1.13.2"}, "version specified is not supported"),
        ({"addonName": "kube-proxy", "addonVersion": f"v1.{MINOR + 1}.0-eksbuild.1"}, "is not supported"),
        ({"configurationValues": "{replicas"}, "ConfigurationValue"),
        ({"configurationValues": "[1]"}, "ConfigurationValue"),
        ({"serviceAccountRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "does not exist"),
        ({"namespaceConfig": {"namespace": "dns"}}, "does not model namespaceConfig"),
    ],
    ids=["name", "form", "newer-than-cluster", "no-json", "no-object", "role", "namespace"],
)
def test_addon_is_not_created_from_a_bad_request(account: Account, change: dict[str, Any], message: str) -> None:
    account.cluster()
    with pytest.raises(ClientError, match=message):
        account.eks.create_addon(**{"clusterName": "platform", "addonName": "coredns", **change})
    assert account.eks.list_addons(clusterName="platform")["addons"] == []


def test_addon_needs_a_version_where_the_pins_are_for_another_minor(account: Account) -> None:
    account.cluster(version=f"1.{MINOR - 1}")
    with pytest.raises(ClientError, match="knows no default version of coredns"):
        account.eks.create_addon(clusterName="platform", addonName="coredns")


def test_addon_is_created_once(account: Account) -> None:
    account.cluster()
    account.eks.create_addon(clusterName="platform", addonName="vpc-cni")
    with pytest.raises(ClientError, match="already exists"):
        account.eks.create_addon(clusterName="platform", addonName="vpc-cni")


def test_addon_update_holds_and_is_recorded(account: Account) -> None:
    account.cluster()
    role = account.role("dns")
    account.eks.create_addon(clusterName="platform", addonName="coredns")
    values = json.dumps({"replicaCount": 3})
    update = account.eks.update_addon(
        clusterName="platform",
        addonName="coredns",
        addonVersion="v1.13.3-eksbuild.1",
        serviceAccountRoleArn=role,
        configurationValues=values,
        resolveConflicts="OVERWRITE",
    )["update"]
    addon = account.eks.describe_addon(clusterName="platform", addonName="coredns")["addon"]
    assert addon["addonVersion"] == "v1.13.3-eksbuild.1"
    assert addon["serviceAccountRoleArn"] == role
    assert addon["configurationValues"] == values
    listed = account.eks.list_updates(name="platform", addonName="coredns")["updateIds"]
    assert listed == [update["id"]]
    assert account.eks.list_updates(name="platform")["updateIds"] == []


def test_deleted_addon_is_not_found(account: Account) -> None:
    account.cluster()
    account.eks.create_addon(clusterName="platform", addonName="coredns")
    account.eks.delete_addon(clusterName="platform", addonName="coredns")
    with pytest.raises(ClientError, match="No addon: coredns found") as error:
        account.eks.describe_addon(clusterName="platform", addonName="coredns")
    assert answer(error)[0] == "ResourceNotFoundException"


def test_pod_identities_of_an_addon_come_and_go_with_it(account: Account) -> None:
    account.cluster()
    addon = account.eks.create_addon(
        clusterName="platform",
        addonName="vpc-cni",
        podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": account.role("cni")}],
    )["addon"]
    found = account.eks.list_pod_identity_associations(clusterName="platform")["associations"]
    assert [association["associationArn"] for association in found] == addon["podIdentityAssociations"]
    assert found[0]["ownerArn"] == addon["addonArn"]
    with pytest.raises(ClientError, match="is owned by"):
        account.eks.delete_pod_identity_association(clusterName="platform", associationId=found[0]["associationId"])
    account.eks.delete_addon(clusterName="platform", addonName="vpc-cni")
    assert account.eks.list_pod_identity_associations(clusterName="platform")["associations"] == []


def test_supported_versions_are_the_pinned_ones_and_no_others(account: Account) -> None:
    supported = account.eks.describe_addon_versions(kubernetesVersion=KUBERNETES.value)["addons"]
    versions = {addon["addonName"]: [info["addonVersion"] for info in addon["addonVersions"]] for addon in supported}
    assert {name: found for name, found in versions.items() if found} == {
        name: [pin.value] for name, pin in ADDONS.items()
    }
    one = account.eks.describe_addon_versions(addonName="coredns")["addons"]
    assert [addon["addonName"] for addon in one] == ["coredns"]

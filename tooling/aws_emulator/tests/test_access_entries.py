"""Access entries, access policies, pod identity associations and tags, as the account sees them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def test_creator_is_administrator_unless_the_cluster_says_otherwise(account: Account) -> None:
    account.cluster()
    creator = "arn:aws:iam::123456789012:root"
    assert account.eks.list_access_entries(clusterName="platform")["accessEntries"] == [creator]
    associated = account.eks.list_associated_access_policies(clusterName="platform", principalArn=creator)
    assert [policy["policyArn"] for policy in associated["associatedAccessPolicies"]] == [ADMIN]


def test_creator_is_the_role_of_a_session(account: Account) -> None:
    deployer = account.may("deployer")
    arguments = {"name": "platform", "roleArn": account.role("control-plane")}
    account.emulator.client("eks", **account.session(deployer)).create_cluster(
        resourcesVpcConfig={"subnetIds": account.network()}, accessConfig={"authenticationMode": "API"}, **arguments
    )
    assert account.eks.list_access_entries(clusterName="platform")["accessEntries"] == [deployer]


def test_nobody_has_an_entry_where_the_creator_gets_none(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False})
    assert account.eks.list_access_entries(clusterName="platform")["accessEntries"] == []


def test_entry_keeps_groups_name_and_tags(account: Account) -> None:
    account.cluster()
    role = account.role("team")
    account.eks.create_access_entry(
        clusterName="platform", principalArn=role, kubernetesGroups=["team-a"], tags={"tenant": "a"}
    )
    entry = account.eks.describe_access_entry(clusterName="platform", principalArn=role)["accessEntry"]
    assert entry["kubernetesGroups"] == ["team-a"]
    assert entry["username"] == "arn:aws:sts::123456789012:assumed-role/team/{{SessionName}}"
    assert (entry["type"], entry["tags"]) == ("STANDARD", {"tenant": "a"})
    account.eks.update_access_entry(
        clusterName="platform", principalArn=role, kubernetesGroups=["team-b"], username="b:{{SessionName}}"
    )
    entry = account.eks.describe_access_entry(clusterName="platform", principalArn=role)["accessEntry"]
    assert (entry["kubernetesGroups"], entry["username"]) == (["team-b"], "b:{{SessionName}}")
    account.eks.delete_access_entry(clusterName="platform", principalArn=role)
    with pytest.raises(ClientError, match="could not be found"):
        account.eks.describe_access_entry(clusterName="platform", principalArn=role)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"principalArn": "arn:aws:iam::123456789012:role/nobody"}, "invalid principal"),
        ({"principalArn": "arn:aws:iam::123456789012:user/nobody"}, "invalid principal"),
        ({"principalArn": "arn:aws:sts::123456789012:assumed-role/team/alice"}, "format is not valid"),
        ({"kubernetesGroups": ["system:masters"]}, "cannot start with system:"),
        ({"kubernetesGroups": ["eks:access-policy:AmazonEKSClusterAdminPolicy"]}, "cannot start with eks:"),
        ({"username": "system:admin"}, "cannot start with system:"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["team"]}, "cannot be given"),
        ({"type": "HYPERPOD_LINUX"}, "does not model access entries of type HYPERPOD_LINUX"),
    ],
    ids=["role", "user", "session", "system-group", "eks-group", "system-user", "node-groups", "type"],
)
def test_entry_is_not_created_from_a_bad_request(account: Account, change: dict[str, Any], message: str) -> None:
    account.cluster()
    arguments = {"clusterName": "platform", "principalArn": account.role("team"), **change}
    with pytest.raises(ClientError, match=message) as error:
        account.eks.create_access_entry(**arguments)
    assert answer(error)[0] == "InvalidParameterException"
    assert len(account.eks.list_access_entries(clusterName="platform")["accessEntries"]) == 1


def test_principal_has_one_entry(account: Account) -> None:
    account.cluster()
    role = account.role("team")
    account.eks.create_access_entry(clusterName="platform", principalArn=role)
    with pytest.raises(ClientError, match="already in use") as error:
        account.eks.create_access_entry(clusterName="platform", principalArn=role)
    assert answer(error)[0] == "ResourceInUseException"


def test_cluster_that_knows_only_aws_auth_has_no_entries(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    with pytest.raises(ClientError, match="authentication mode must be set to one of"):
        account.eks.create_access_entry(clusterName="platform", principalArn=account.role("team"))
    account.eks.update_cluster_config(name="platform", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    assert len(account.eks.list_access_entries(clusterName="platform")["accessEntries"]) == 1


def test_policy_is_associated_scoped_and_taken_away(account: Account) -> None:
    account.cluster()
    role = account.role("team")
    account.eks.create_access_entry(clusterName="platform", principalArn=role)
    scope = {"type": "namespace", "namespaces": ["team-*"]}
    account.eks.associate_access_policy(clusterName="platform", principalArn=role, policyArn=VIEW, accessScope=scope)
    listed = account.eks.list_associated_access_policies(clusterName="platform", principalArn=role)
    assert [policy["accessScope"] for policy in listed["associatedAccessPolicies"]] == [scope]
    filtered = account.eks.list_access_entries(clusterName="platform", associatedPolicyArn=VIEW)["accessEntries"]
    assert filtered == [role]
    account.eks.disassociate_access_policy(clusterName="platform", principalArn=role, policyArn=VIEW)
    listed = account.eks.list_associated_access_policies(clusterName="platform", principalArn=role)
    assert listed["associatedAccessPolicies"] == []


@pytest.mark.parametrize(
    ("policy", "scope", "message"),
    [
        (VIEW + "s", {"type": "cluster"}, "is not valid, or the local lane does not model it"),
        (VIEW, {"type": "namespace"}, "at least one namespace"),
        (VIEW, {"type": "cluster", "namespaces": ["a"]}, "cannot name namespaces"),
    ],
    ids=["policy", "no-namespace", "namespace-in-cluster-scope"],
)
def test_policy_is_not_associated_from_a_bad_request(
    account: Account, policy: str, scope: dict[str, Any], message: str
) -> None:
    account.cluster()
    role = account.role("team")
    account.eks.create_access_entry(clusterName="platform", principalArn=role)
    with pytest.raises(ClientError, match=message):
        account.eks.associate_access_policy(
            clusterName="platform", principalArn=role, policyArn=policy, accessScope=scope
        )


def test_service_account_has_one_pod_identity(account: Account) -> None:
    account.cluster()
    role, other = account.role("one"), account.role("two")
    arguments = {"clusterName": "platform", "namespace": "team", "serviceAccount": "app"}
    made = account.eks.create_pod_identity_association(roleArn=role, tags={"a": "b"}, **arguments)["association"]
    with pytest.raises(ClientError, match=f"Association already exists: {made['associationId']}"):
        account.eks.create_pod_identity_association(roleArn=other, **arguments)
    which = {"clusterName": "platform", "associationId": made["associationId"]}
    account.eks.update_pod_identity_association(roleArn=other, **which)
    found = account.eks.describe_pod_identity_association(**which)["association"]
    assert (found["roleArn"], found["namespace"], found["tags"]) == (other, "team", {"a": "b"})
    account.eks.delete_pod_identity_association(**which)
    assert account.eks.list_pod_identity_associations(clusterName="platform")["associations"] == []


def test_pod_identity_needs_a_role_that_is_there(account: Account) -> None:
    account.cluster()
    with pytest.raises(ClientError, match="does not exist"):
        account.eks.create_pod_identity_association(
            clusterName="platform",
            namespace="team",
            serviceAccount="app",
            roleArn="arn:aws:iam::123456789012:role/nobody",
        )


def test_everything_eks_makes_can_be_tagged(account: Account) -> None:
    cluster = account.cluster()
    group = account.nodegroup()
    addon = account.eks.create_addon(clusterName="platform", addonName="coredns")["addon"]
    entry = account.eks.create_access_entry(clusterName="platform", principalArn=account.role("team"))["accessEntry"]
    for arn in (cluster["arn"], group["nodegroupArn"], addon["addonArn"], entry["accessEntryArn"]):
        account.eks.tag_resource(resourceArn=arn, tags={"owner": "platform", "gone": "1"})
        account.eks.untag_resource(resourceArn=arn, tagKeys=["gone"])
        assert account.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "platform"}
    with pytest.raises(ClientError, match="could not be found"):
        account.eks.tag_resource(resourceArn=cluster["arn"] + "x", tags={"a": "b"})

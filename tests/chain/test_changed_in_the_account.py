"""What somebody, or AWS itself, created again in the account behind the stacks: named, and repaired as shown.

The tests share one deployed chain and run in the order in which they stand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.chain.clone import Clone, kubeconfig
from tooling.lane.state import REGION, Lane
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("changed in the account")]


def lane_client(lane: Lane, service: str, key: str = "", secret: str = "", session: str | None = None) -> Any:
    """A client of the emulated AWS, by default with the lane's own key."""
    make: Any = boto3.Session().client  # typed by service name, which is a variable here
    return make(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{lane.ports.aws}",
        aws_access_key_id=key or lane.access_key_id,
        aws_secret_access_key=secret or lane.secret_access_key,
        aws_session_token=session,
    )


def of_the_page(page: str, heading: str) -> list[list[str]]:
    """Arguments of the `tiers` commands below a heading of a page, for the lane's environment."""
    section = (REPOSITORY / page).read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.replace("dev", "local").split()[1:] for line in section.splitlines() if line.startswith("tiers ")]


def made_again(iam: Any, role: str) -> None:
    """As a person would repair a role that is gone: the same name, trust and boundary, and no tag."""
    before = iam.get_role(RoleName=role)["Role"]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)
    iam.create_role(
        RoleName=role, Path=before["Path"], AssumeRolePolicyDocument=json.dumps(before["AssumeRolePolicyDocument"])
    )


def test_the_page_on_signing_in_fixes_roles_that_were_made_again(chain: Clone, admin: Path) -> None:
    """The admin role, a tenant's deployer role, and a person's role that the admin role trusts."""
    lane = Lane.load(chain.local)
    assert lane is not None
    iam, sts = lane_client(lane, "iam"), lane_client(lane, "sts")
    recipe = of_the_page("docs/guides/sign-in.md", "A role was deleted and created again")
    assert [arguments[:2] for arguments in recipe] == [["up", "infrastructure"], ["up", "tenants"]]
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    person = iam.create_role(RoleName="person", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    file = chain.path / "infrastructure/Pulumi.local.yaml"
    before = file.read_text()
    file.write_text(f"{before}  infrastructure:admin_principal_arns: [{person}]\n")
    deployer = kubeconfig(chain, "tenant-a", "--tenant", "tenant-a")
    signing_in = (admin, deployer)

    def may_become_admin() -> bool:
        session = sts.assume_role(RoleArn=person, RoleSessionName="person")["Credentials"]
        keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        try:
            lane_client(lane, "sts", *keys).assume_role(
                RoleArn=person.replace("role/person", "role/eks-admin-role-local"), RoleSessionName="admin"
            )
        except ClientError as error:
            return error.response.get("Error", {}).get("Code") != "AccessDenied"
        return True

    try:
        chain.tiers("up", "infrastructure", "--stack", "local")
        assert may_become_admin()
        for role in ("eks-admin-role-local", "eks-tenant-a-deployer-local", "person"):
            made_again(iam, role)
        assert not may_become_admin()
        for config in signing_in:
            refused = chain.kubectl(config, "get", "pods", "-n", "tenant-a", expect=1).stderr
            assert "error: You must be logged in to the server" in refused
        # The state still shows the ARNs, which is why the page compares with AWS.
        chain.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")
        for arguments in recipe:
            chain.tiers(*arguments)
        assert may_become_admin()
        for config in signing_in:
            chain.kubectl(config, "get", "pods", "-n", "tenant-a")
    finally:
        # The next test deploys the restored file and checks that nothing is left to do.
        file.write_text(before)


def test_a_log_group_that_eks_created_again_is_named_and_taken_over(chain: Clone) -> None:
    """As after a destroy, when the control plane's last lines arrive late: the group exists, and no state holds it."""
    lane = Lane.load(chain.local)
    assert lane is not None
    group = "/aws/eks/eks-cluster-local/cluster"
    logs = lane_client(lane, "logs")
    record = chain.local / "state/.pulumi/stacks/infrastructure/local.json"
    document = json.loads(record.read_text())
    latest = document["checkpoint"]["latest"]
    (forgotten,) = [one["urn"] for one in latest["resources"] if one.get("id") == group]
    latest["resources"] = [
        {
            **{key: value for key, value in one.items() if key != "propertyDependencies"},
            "dependencies": [urn for urn in one.get("dependencies") or () if urn != forgotten],
        }
        for one in latest["resources"]
        if one["urn"] != forgotten
    ]
    record.write_text(json.dumps(document))
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    refused = chain.tiers("up", "infrastructure", "--stack", "local", expect=1).stderr
    assert f"error[aws-already-exists]: log group {group} already exists" in refused
    assert "ResourceAlreadyExistsException" in refused
    assert f"aws logs delete-log-group --log-group-name {group}" in refused
    (command,) = re.findall(r"tiers (up infrastructure .*--adopt \S+)", refused)
    misspelt = chain.tiers(*f"{command}s".split(), expect=2).stderr
    assert "error[adopt-unknown]" in misspelt
    said = chain.tiers(*command.split()).stderr
    assert f"found LogGroup control-plane ({group}), adopted as requested" in said
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
    assert found["kmsKeyId"].startswith("arn:aws:kms:")
    chain.tiers("preview", "infrastructure", "--stack", "local", "--refresh", "--expect-no-changes")
    chain.tiers("preview", "tenants", "--stack", "local", "--refresh", "--expect-no-changes")

"""EKS Auth gives a pod the role of its association, by its token and the roles' trust policies."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer, document
from tooling.aws_emulator.tests.issuers import Issuer, new_key

pytestmark = pytest.mark.process

AUDIENCE = "pods.eks.amazonaws.com"
SUBJECT = "system:serviceaccount:tenant-a:app"
POD = {"namespace": "tenant-a", "pod": {"name": "web-1", "uid": "4711"}, "serviceaccount": {"name": "app"}}
ROLE = "arn:aws:iam::123456789012:role/app"


def trust(principal: Any = None, actions: Any = ("sts:AssumeRole", "sts:TagSession"), **more: Any) -> str:
    principal = principal or {"Service": AUDIENCE}
    return document({"Effect": "Allow", "Principal": principal, "Action": list(actions), **more})


class Pods:
    def __init__(self, account: Account) -> None:
        self.account = account
        cluster = account.cluster()
        self.arn = cluster["arn"]
        self.issuer = Issuer(cluster["identity"]["oidc"]["issuer"])
        self.issuer.publish(account.emulator)
        account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust())
        self.associate()

    def associate(self, **more: Any) -> None:
        found = self.account.eks.list_pod_identity_associations(clusterName="platform")["associations"]
        for one in found:
            self.account.eks.delete_pod_identity_association(clusterName="platform", associationId=one["associationId"])
        self.account.eks.create_pod_identity_association(
            clusterName="platform", namespace="tenant-a", serviceAccount="app", roleArn=ROLE, **more
        )

    def token(self, subject: str = SUBJECT, audience: str = AUDIENCE, **more: Any) -> str:
        return self.issuer.token(subject, audience, **{"kubernetes.io": POD, **more})

    def given(self, token: str, cluster: str = "platform", **credentials: str) -> dict[str, Any]:
        client = self.account.emulator.client("eks-auth", **credentials)
        return client.assume_role_for_pod_identity(clusterName=cluster, token=token)

    def refused(self, token: str, cluster: str = "platform") -> str:
        with pytest.raises(ClientError) as error:
            self.given(token, cluster)
        return answer(error)[0]

    def s3(self, given: dict[str, Any]) -> Any:
        keys = given["credentials"]
        return self.account.emulator.client(
            "s3",
            aws_access_key_id=keys["accessKeyId"],
            aws_secret_access_key=keys["secretAccessKey"],
            aws_session_token=keys["sessionToken"],
        )


@pytest.fixture
def pods(account: Account) -> Pods:
    return Pods(account)


def test_a_pod_gets_the_role_of_its_association_with_its_tags(pods: Pods) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::${aws:PrincipalTag/kubernetes-namespace}",
    }
    pods.account.iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=document(statement))
    given = pods.given(pods.token())
    assert given["subject"] == {"namespace": "tenant-a", "serviceAccount": "app"}
    assert given["audience"] == AUDIENCE
    assert given["assumedRoleUser"]["arn"].startswith("arn:aws:sts::123456789012:assumed-role/app/eks-platform-web-1-")
    s3 = pods.s3(given)
    s3.create_bucket(Bucket="tenant-a")
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="tenant-b")
    assert answer(error)[0] == "AccessDenied"


def test_tokens_of_others_are_refused(pods: Pods) -> None:
    assert pods.refused(pods.token(key=new_key())) == "InvalidTokenException"
    assert pods.refused(pods.token(issued_seconds_ago=700)) == "ExpiredTokenException"
    assert pods.refused(pods.token(audience="sts.amazonaws.com")) == "InvalidTokenException"
    assert pods.refused(pods.token("system:serviceaccount:tenant-b:app")) == "ResourceNotFoundException"
    assert pods.refused(pods.token("system:serviceaccount:tenant-a:default")) == "ResourceNotFoundException"
    assert pods.refused(pods.token("system:node:a")) == "InvalidTokenException"
    assert pods.refused(pods.token(), "other") == "ResourceNotFoundException"
    foreign = Issuer("https://oidc.eks.us-east-1.amazonaws.com/id/FOREIGN")
    foreign.publish(pods.account.emulator)
    assert pods.refused(foreign.token(SUBJECT, AUDIENCE)) == "InvalidTokenException"


@pytest.mark.parametrize(
    "document_of_role",
    [
        trust({"Service": "ec2.amazonaws.com"}),
        trust({"AWS": "*"}),
        trust(actions=["sts:AssumeRole"]),
        trust(Condition={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "tenant-b"}}),
        trust(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/other"}}),
        trust(Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}}),
    ],
    ids=["other service", "everybody", "no tags", "other namespace", "other cluster", "other account"],
)
def test_the_roles_trust_policy_decides(pods: Pods, document_of_role: str) -> None:
    pods.account.iam.update_assume_role_policy(RoleName="app", PolicyDocument=document_of_role)
    assert pods.refused(pods.token()) == "AccessDeniedException"


def test_conditions_of_this_cluster_and_namespace_hold(pods: Pods) -> None:
    own = {
        "StringEquals": {"aws:RequestTag/kubernetes-namespace": "tenant-a", "aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": pods.arn},
    }
    pods.account.iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust(Condition=own))
    assert pods.given(pods.token())


def test_without_tags_of_the_session_the_role_need_not_take_them(pods: Pods) -> None:
    pods.account.iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust(actions=["sts:AssumeRole"]))
    pods.associate(disableSessionTags=True)
    assert pods.given(pods.token())


def test_a_target_role_has_to_trust_the_first_one_with_the_external_id(pods: Pods) -> None:
    iam = pods.account.iam
    target = iam.create_role(RoleName="target", AssumeRolePolicyDocument=trust({"AWS": ROLE}))["Role"]["Arn"]
    pods.associate(targetRoleArn=target)
    given = pods.given(pods.token())
    assert "assumed-role/target/" in given["assumedRoleUser"]["arn"]
    external = {"StringEquals": {"sts:ExternalId": "us-east-1/123456789012/platform/tenant-a/app"}}
    iam.update_assume_role_policy(RoleName="target", PolicyDocument=trust({"AWS": ROLE}, Condition=external))
    assert pods.given(pods.token())
    wrong = {"StringEquals": {"sts:ExternalId": "us-east-1/123456789012/platform/tenant-b/app"}}
    iam.update_assume_role_policy(RoleName="target", PolicyDocument=trust({"AWS": ROLE}, Condition=wrong))
    assert pods.refused(pods.token()) == "AccessDeniedException"


def test_who_asks_needs_the_right_to_ask(pods: Pods) -> None:
    token = pods.token()
    node = pods.account.session(pods.account.may("node", "eks-auth:AssumeRoleForPodIdentity", pods.arn))
    assert pods.given(token, **node)
    with pytest.raises(ClientError) as error:
        pods.given(token, **pods.account.session(pods.account.may("stranger", "s3:*")))
    assert answer(error)[0] == "AccessDeniedException"

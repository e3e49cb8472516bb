"""IAM documents: exact subjects, and the forms that AWS reads."""

from __future__ import annotations

import json

from shared.iam import (
    Statement,
    account_statement,
    github_statement,
    pod_identity_trust,
    policy_document,
    principal_statement,
    service_account_trust,
    service_trust,
)


def only_statement(document: str) -> dict[str, object]:
    content = json.loads(document)
    assert content["Version"] == "2012-10-17"
    (statement,) = content["Statement"]
    return statement


def test_a_service_account_is_trusted_by_subject_and_audience_and_without_wildcards() -> None:
    document = service_account_trust(
        oidc_provider_arn="arn:aws:iam::1:oidc-provider/oidc.example/id/X",
        oidc_issuer_url="https://oidc.example/id/X",
        namespaces=["one"],
        service_account="app",
    )
    assert only_statement(document)["Condition"] == {
        "StringEquals": {
            "oidc.example/id/X:aud": "sts.amazonaws.com",
            "oidc.example/id/X:sub": "system:serviceaccount:one:app",
        }
    }
    assert "StringLike" not in document
    assert "*" not in document


def test_service_accounts_of_several_namespaces_are_listed_whole() -> None:
    document = service_account_trust(
        oidc_provider_arn="arn", oidc_issuer_url="https://i", namespaces=["a", "b"], service_account="app"
    )
    condition = only_statement(document)["Condition"]
    assert condition["StringEquals"]["i:sub"] == [  # type: ignore[index]
        "system:serviceaccount:a:app",
        "system:serviceaccount:b:app",
    ]


def test_pod_identity_compares_cluster_namespace_and_name_whole() -> None:
    arn = "arn:aws:eks:us-east-1:123456789012:cluster/c"
    statement = only_statement(pod_identity_trust(cluster_arn=arn, namespaces=["a", "b"], service_account="app"))
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "123456789012",
            "aws:RequestTag/eks-cluster-arn": arn,
            "aws:RequestTag/kubernetes-namespace": ["a", "b"],
            "aws:RequestTag/kubernetes-service-account": "app",
        },
        "ArnEquals": {"aws:SourceArn": arn},
    }


def test_trust_names_whom_it_trusts() -> None:
    assert only_statement(service_trust("ec2.amazonaws.com"))["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert only_statement(policy_document(account_statement(partition="aws-cn", account_id="1")))["Principal"] == {
        "AWS": "arn:aws-cn:iam::1:root"
    }
    assert only_statement(policy_document(principal_statement(["a", "b"])))["Principal"] == {"AWS": ["a", "b"]}


def test_trust_in_github_compares_audience_and_subjects_whole() -> None:
    subjects = ["repo:o/r:environment:dev", "repo:o/r:pull_request"]
    statement = github_statement(partition="aws-cn", account_id="1", subjects=subjects).to_dict()
    issuer = "token.actions.githubusercontent.com"
    assert statement["Principal"] == {"Federated": f"arn:aws-cn:iam::1:oidc-provider/{issuer}"}
    assert statement["Condition"] == {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subjects}}


def test_a_trust_policy_names_no_resource() -> None:
    assert "Resource" not in only_statement(service_trust("ec2.amazonaws.com"))


def test_the_same_parts_make_the_same_text() -> None:
    statement = Statement(sid="One", actions=["s3:GetObject"], resources=["arn"])
    assert policy_document(statement) == policy_document(statement)

"""A tenant's image repositories: named as admission allows, immutable, scanned, and never lost with their images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest

from shared import environment as environments
from shared.program_errors import ProgramError
from shared.testing import Run, every_contract

REPOSITORY, LIFECYCLE = "aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_a_repository_is_immutable_scanned_encrypted_and_named_after_tenant_and_environment(tenant_a: Run) -> None:
    (repository,) = tenant_a.registered(REPOSITORY)
    assert (repository.name, repository.inputs) == (
        "demo",
        {
            "name": "tenant-a/demo-dev",
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "forceDelete": True,
            "tags": {"Name": "tenant-a/demo-dev", "tenant": "tenant-a"},
        },
    )


@pytest.mark.parametrize("forced", [True, False])
def test_images_are_deleted_with_their_repository_only_where_data_may_be(
    run_tenant: Callable[..., Run], forced: bool
) -> None:
    def upstream(reference: str) -> object:
        published = every_contract(reference)
        return {**published, "force_destroy": forced} if published and "force_destroy" in published else published

    run = run_tenant({"repositories": ["web"]}, upstream=upstream)
    assert run.one(REPOSITORY, "web").inputs["forceDelete"] is forced


def test_untagged_images_expire_and_the_newest_tagged_ones_are_kept(tenant_a: Run) -> None:
    policy = tenant_a.one(LIFECYCLE, "demo").inputs
    assert policy["repository"] == "tenant-a/demo-dev"
    assert [rule["selection"] for rule in json.loads(policy["policy"])["rules"]] == [
        {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
        {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 200},
    ]


def test_the_contract_has_the_urls_and_what_pods_may_pull_from(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"repositories": ["web", "worker"], "registries": ["ghcr.io/shop"]})
    assert run.outputs["repositories"] == {
        "web": f"{REGISTRY}/shop/web-dev",
        "worker": f"{REGISTRY}/shop/worker-dev",
    }
    assert run.outputs["registries"] == [f"{REGISTRY}/shop", "ghcr.io/shop"]


def test_every_repository_is_below_the_path_that_admission_allows(tenant_a: Run) -> None:
    namespace = tenant_a.one("kubernetes:core/v1:Namespace", "tenant-a")
    allowed = namespace.inputs["metadata"]["annotations"]["platform.internal/registries"].split(",")
    assert allowed == tenant_a.outputs["registries"]
    for url in tenant_a.outputs["repositories"].values():
        assert url.startswith(f"{allowed[0]}/")


def test_a_tenant_without_repositories_has_none(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({})
    assert run.registered(REPOSITORY) == []
    assert run.outputs["repositories"] == {}


def test_look_alike_tenants_share_no_repository(run_tenant: Callable[..., Run]) -> None:
    names = [
        run_tenant({"repositories": [repository], "applications": []}, name=tenant)
        .one(REPOSITORY, repository)
        .inputs["name"]
        for tenant, repository in (("a", "b-c"), ("a-b", "c"), ("ab", "c"))
    ]
    assert names == ["a/b-c-dev", "a-b/c-dev", "ab/c-dev"]


@pytest.mark.parametrize("names", [["Demo"], ["tenant-a/demo"], ["demo:1"], ["demo", "demo"], [""], "demo"])
def test_only_names_of_repositories_are_accepted(run_tenant: Callable[..., Run], names: object) -> None:
    with pytest.raises(ProgramError) as refused:
        run_tenant({"repositories": names})
    assert (refused.value.code, "repositories" in refused.value.what) == ("tenant-invalid", True)


def test_the_tenants_roles_in_other_accounts_pull_images_to_promote_if_the_accounts_are_trusted(
    run_tenant: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("environments")
    shutil.copytree(environments.DIRECTORY, directory, dirs_exist_ok=True)
    monkeypatch.setattr(environments, "DIRECTORY", directory)
    (directory / "staging.yaml").write_text('account_id: "444455556666"\n')
    content = {"repositories": ["web"], "environments": ["dev", "staging"]}
    assert run_tenant(content).registered(POLICY) == []
    (directory / "dev.yaml").write_text('trusted_account_ids: ["444455556666"]\n')
    run = run_tenant(content)
    policy = run.one(POLICY, "web").inputs
    assert policy["repository"] == "shop/web-dev"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "Promote",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Condition": {
                "ArnEquals": {
                    "aws:PrincipalArn": ["arn:aws:iam::444455556666:role/eks-platform/staging/ci/eks-shop-ci-staging"]
                }
            },
        }
    ]

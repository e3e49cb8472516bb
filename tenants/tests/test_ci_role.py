"""The role of a tenant's pipeline: whom it trusts. tests/iam evaluates what it reaches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.program_errors import ProgramError
from shared.testing import Run, every_contract, run_program

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ISSUER = "token.actions.githubusercontent.com"


def without_pipelines(reference: str) -> Mapping[str, Any] | None:
    published = every_contract(reference)
    return {**published, "pipelines": {}} if published and "pipelines" in published else published


def trust(run: Run) -> dict[str, Any]:
    (statement,) = json.loads(run.one(ROLE, "ci").inputs["assumeRolePolicy"])["Statement"]
    return statement


def subjects(run: Run) -> object:
    return trust(run)["Condition"]["StringEquals"][f"{ISSUER}:sub"]


def test_jobs_of_the_tenants_own_github_environment_assume_it(tenant_a: Run) -> None:
    role = tenant_a.one(ROLE, "ci").inputs
    assert (role["name"], role["path"]) == ("eks-tenant-a-ci-dev", "/eks-platform/dev/ci/")
    assert trust(tenant_a)["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert subjects(tenant_a) == "repo:example/platform:environment:dev.tenant-a"
    assert tenant_a.outputs["ci_role_arn"] == "arn:aws:iam::123456789012:role/eks-platform/dev/ci/eks-tenant-a-ci-dev"


def test_so_do_jobs_of_the_teams_own_repository(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"repository": "example/shop"})
    assert subjects(run) == ["repo:example/platform:environment:dev.shop", "repo:example/shop:environment:dev"]
    alone = run_tenant({"repository": "example/shop"}, upstream=without_pipelines)
    assert subjects(alone) == "repo:example/shop:environment:dev"


def test_without_pipelines_on_github_the_accounts_own_policies_decide(run_tenant: Callable[..., Run]) -> None:
    assert trust(run_tenant({}, upstream=without_pipelines)) == {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
    }


def test_applications_are_those_with_a_repository_unless_the_file_lists_them(run_tenant: Callable[..., Run]) -> None:
    from shared.catalog import load_tenant

    run_tenant({"repositories": ["web"]})
    assert load_tenant("shop", "dev").applications == ("web",)
    run_tenant({"repositories": ["web"], "applications": ["web", "worker"]})
    assert load_tenant("shop", "dev").applications == ("web", "worker")
    run_tenant({"repositories": ["web"], "applications": []})
    assert load_tenant("shop", "dev").applications == ()


@pytest.mark.parametrize("name", ["infrastructure", "platform-addons", "tenants", "demo/../tenants", "*"])
def test_no_application_is_called_like_a_project_of_the_platform(run_tenant: Callable[..., Run], name: str) -> None:
    with pytest.raises(ProgramError) as refused:
        run_tenant({"applications": [name]})
    assert (refused.value.code, "applications" in refused.value.what) == ("tenant-invalid", True)


def test_without_states_in_s3_it_reaches_none(tenant_a: Run) -> None:
    policies = [policy.name for policy in tenant_a.registered(POLICY) if policy.inputs["role"] == "eks-tenant-a-ci-dev"]
    assert sorted(policies) == ["ci-enter-cluster", "ci-images"]


def test_the_account_of_the_variable_is_not_taken_for_that_of_another_environment(project: Path) -> None:
    """The local lane has an account of its own; a shell that is set up for AWS must not change its policies."""
    with_variable = run_program(project, stack="local.tenant-a", variables={"PLATFORM_ACCOUNT_ID": "123456789012"}).one(
        POLICY, "ci-images"
    )
    assert with_variable.inputs == run_program(project, stack="local.tenant-a").one(POLICY, "ci-images").inputs
    assert "demo-dev" not in with_variable.inputs["policy"]

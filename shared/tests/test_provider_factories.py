"""The two factories: a provider says which account and which cluster it may touch."""

from __future__ import annotations

import json

import pulumi
import pytest

from shared.environment import load_environment
from shared.errors import PlatformError
from shared.providers import aws_provider, kubernetes_provider
from shared.settings import stack_environment
from shared.testing import Registered, run_program


def aws(stack: str, **changed: object) -> Registered:
    def program() -> None:
        aws_provider(load_environment(stack).model_copy(update=changed))

    return run_program(program, stack=stack, project="tenants").one("pulumi:providers:aws")


def decoded(provider: Registered, key: str) -> object:
    """Providers get nested values as JSON text."""
    return json.loads(provider.inputs[key])


def test_the_aws_provider_refuses_other_accounts_and_tags_all_that_it_makes() -> None:
    provider = aws("dev")
    assert provider.inputs["region"] == "us-east-1"
    assert decoded(provider, "allowedAccountIds") == ["123456789012"]
    assert decoded(provider, "defaultTags") == {
        "tags": {
            "environment": "dev",
            "environment_suffix": "dev",
            "owner": "platform-team",
            "project": "tenants",
            "managed-by": "pulumi",
        }
    }


def test_no_check_of_the_aws_provider_is_loosened_outside_the_local_lane() -> None:
    flags = ("s3UsePathStyle", "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation")
    prod, local = aws("prod"), aws("local")
    assert [decoded(prod, flag) for flag in flags] == [False] * 4
    assert [decoded(local, flag) for flag in flags] == [True, True, True, False]


def test_the_aws_provider_assumes_the_role_of_the_environment() -> None:
    assert "assumeRoles" not in aws("dev").inputs
    role = "arn:aws:iam::123456789012:role/deploy"
    assert decoded(aws("dev", deploy_role_arn=role), "assumeRoles") == [{"roleArn": role}]


def kubernetes(kubeconfig: str) -> Registered:
    def program() -> None:
        kubernetes_provider(
            kubeconfig=pulumi.Output.from_input(kubeconfig),
            cluster_arn=pulumi.Output.from_input("arn:aws:eks:us-east-1:1:cluster/c"),
            context=pulumi.Output.from_input("c"),
        )

    return run_program(program).one("pulumi:providers:kubernetes")


def test_the_kubernetes_provider_names_its_cluster_and_context() -> None:
    provider = kubernetes("{}").inputs
    assert provider["kubeconfig"] == "{}"
    assert provider["clusterIdentifier"] == "arn:aws:eks:us-east-1:1:cluster/c"
    assert provider["context"] == "c"
    assert json.loads(provider["enableServerSideApply"]) is True
    # Previews and updates alike win over whoever changed an object in the cluster.
    assert json.loads(provider["enablePatchForce"]) is True


@pytest.mark.parametrize("kubeconfig", ["", "  \n"])
def test_an_empty_kubeconfig_does_not_select_the_operators_own_cluster(kubeconfig: str) -> None:
    with pytest.raises(PlatformError) as refused:
        kubernetes(kubeconfig)
    assert refused.value.code == "kubeconfig-empty"


def test_without_an_account_nothing_is_made() -> None:
    with pytest.raises(PlatformError) as refused:
        run_program(lambda: aws_provider(stack_environment()) and None, variables={"PLATFORM_ACCOUNT_ID": ""})
    assert refused.value.code == "account-missing"

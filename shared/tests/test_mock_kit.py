"""The kit itself: it forbids what it says it forbids, keeps runs apart, and knows what a preview does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from shared.contracts import Infrastructure, PlatformAddons, Tenant, consume
from shared.environment import load_environment
from shared.providers import aws_provider
from shared.testing import (
    UNKNOWN,
    ProviderMissing,
    Run,
    contract_outputs,
    every_contract,
    load_module,
    run_program,
    undeployed,
)

REPOSITORY = Path(__file__).resolve().parents[2]


def bucket_by(provider: pulumi.ProviderResource | None) -> None:
    aws.s3.Bucket("bucket", opts=pulumi.ResourceOptions(provider=provider))


def bare_kubernetes() -> None:
    provider = kubernetes.Provider("mine", kubeconfig="{}")
    kubernetes.core.v1.Namespace("namespace", opts=pulumi.ResourceOptions(provider=provider))


@pytest.mark.parametrize(
    "program",
    [
        lambda: bucket_by(None),
        lambda: bucket_by(aws.Provider("mine", region="us-east-1")),
        lambda: kubernetes.core.v1.Namespace("namespace") and None,
        bare_kubernetes,
    ],
    ids=["default-aws", "own-aws", "default-kubernetes", "own-kubernetes"],
)
def test_a_resource_without_a_factorys_provider_fails_the_run(program: object) -> None:
    with pytest.raises(ProviderMissing):
        run_program(program)  # type: ignore[arg-type]


def test_a_resource_with_a_factorys_provider_passes() -> None:
    run = run_program(lambda: bucket_by(aws_provider(load_environment("dev"))))
    assert run.one("aws:s3/bucket:Bucket").provider == run.one("pulumi:providers:aws").urn


def test_a_component_hands_its_provider_to_its_children() -> None:
    def program() -> None:
        component = pulumi.ComponentResource(
            "test:index:Component",
            "component",
            opts=pulumi.ResourceOptions(providers=[aws_provider(load_environment("dev"))]),
        )
        aws.s3.Bucket("bucket", opts=pulumi.ResourceOptions(parent=component))

    run = run_program(program)
    assert run.one("aws:s3/bucket:Bucket").parent == run.one("test:index:Component").urn


def test_exports_of_one_run_are_not_in_the_next() -> None:
    assert run_program(lambda: pulumi.export("first", 1)).outputs == {"first": 1}
    assert run_program(lambda: pulumi.export("second", 2)).outputs == {"second": 2}


def test_two_projects_modules_of_one_name_stay_apart() -> None:
    names = [
        load_module(REPOSITORY / directory, "settings").__file__ for directory in ("infrastructure", "platform-addons")
    ]
    assert names == [str(REPOSITORY / directory / "settings.py") for directory in ("infrastructure", "platform-addons")]
    assert "settings" not in sys.modules
    assert not any(path.startswith(str(REPOSITORY / "infrastructure")) for path in sys.path)


def test_what_the_operator_has_in_the_environment_does_not_reach_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("AWS_PROFILE", "KUBECONFIG", "PULUMI_CONFIG", "ENVIRONMENT_SUFFIX")
    for name in names:
        monkeypatch.setenv(name, "x")
    seen: list[str] = []
    run_program(lambda: seen.extend(name for name in names if name in os.environ))
    assert seen == []
    assert os.environ["KUBECONFIG"] == "x"


def test_an_output_inside_an_f_string_is_an_error() -> None:
    with pytest.raises(Exception, match=r"__str__ on an Output\[T\] is not supported"):
        run_program(lambda: pulumi.export("url", f"https://{pulumi.Output.from_input('host')}"))


def test_a_failing_apply_fails_the_run() -> None:
    def program() -> None:
        pulumi.Output.from_input(1).apply(lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        run_program(program)


def test_a_preview_knows_inputs_and_not_what_aws_adds() -> None:
    def program() -> None:
        provider = aws_provider(load_environment("dev"))
        bucket = aws.s3.Bucket("bucket", bucket="name", opts=pulumi.ResourceOptions(provider=provider))
        pulumi.export("name", bucket.bucket)
        pulumi.export("arn", bucket.arn)
        pulumi.export("id", bucket.id)

    assert run_program(program, preview=True).outputs == {"name": "name", "arn": UNKNOWN, "id": UNKNOWN}
    assert run_program(program).outputs["arn"] == "arn:aws:s3:::name"


def test_warnings_of_a_program_are_kept() -> None:
    assert run_program(lambda: pulumi.log.warn("mind the gap")).warnings == ["mind the gap"]


def test_resources_of_a_kind_come_in_the_same_order_however_they_were_registered() -> None:
    """The order varies with the machine's load, so that a test that compared it failed now and then."""

    def registering(*names: str) -> Run:
        def program() -> None:
            opts = pulumi.ResourceOptions(provider=aws_provider(load_environment("dev")))
            for name in names:
                aws.s3.Bucket(name, opts=opts)

        return run_program(program)

    orders = [registering("b", "a", "c"), registering("c", "b", "a")]
    assert [[bucket.name for bucket in run.registered("aws:s3/bucket:Bucket")] for run in orders] == [list("abc")] * 2


def test_an_input_that_depends_on_another_resource_says_so() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=aws_provider(load_environment("dev")))
        bucket = aws.s3.Bucket("bucket", opts=opts)
        aws.s3.BucketPolicy("policy", bucket=bucket.id, policy="{}", opts=opts)

    run = run_program(program)
    bucket, policy = run.one("aws:s3/bucket:Bucket"), run.one("aws:s3/bucketPolicy:BucketPolicy")
    assert run.comes_after(policy, bucket)
    assert not run.comes_after(bucket, policy)
    assert not run.comes_after(bucket, bucket)


def test_one_of_a_kind_is_exactly_one() -> None:
    run = run_program(lambda: None)
    with pytest.raises(AssertionError):
        run.one("aws:s3/bucket:Bucket")


@pytest.mark.parametrize("contract", [Infrastructure, PlatformAddons, Tenant])
def test_samples_cover_every_field_of_a_contract(contract: type[Infrastructure]) -> None:
    assert contract_outputs(contract)["contract_version"] == contract.version


def test_a_sample_of_a_field_that_does_not_exist_or_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="nothing_such"):
        contract_outputs(Tenant, nothing_such="x")
    with pytest.raises(TypeError, match="web_ports"):
        contract_outputs(Tenant, web_ports=["8080"])


def test_an_upstream_stack_answers_as_the_engine_would() -> None:
    def program() -> None:
        pulumi.export("ports", consume(Tenant, stack="dev.tenant-a").web_ports)

    assert run_program(program).outputs == {"ports": [8080]}


def test_a_function_of_a_plug_in_is_refused_by_name() -> None:
    with pytest.raises(AssertionError, match="getCallerIdentity"):
        run_program(lambda: aws.get_caller_identity() and None)


def test_a_stack_before_its_first_deployment_sees_the_others_and_not_itself() -> None:
    upstream = undeployed("infrastructure")
    assert upstream("organization/infrastructure/dev") is None
    assert upstream("organization/platform-addons/dev") == every_contract("organization/platform-addons/dev")

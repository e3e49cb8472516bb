"""Rules that hold for whatever any tier registers: suffix, tags, providers, logical names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.testing import Registered, Run, application_directories, run_program, stack_of_application, undeployed

REPOSITORY = Path(__file__).resolve().parents[2]
SUFFIX = "pr-17"
STACKS = {
    "infrastructure": "dev",
    "platform-addons": "dev",
    "tenants": "dev.tenant-a",
    **{f"applications/{directory.name}": stack_of_application(directory) for directory in application_directories()},
}
NAME_KEYS = {"name", "bucket", "nodeGroupNamePrefix", "namePrefix", "bucketPrefix"}
"""Inputs that are a physical name of ours in AWS."""


@pytest.fixture(scope="module", params=STACKS)
def run(request: pytest.FixtureRequest) -> Run:
    directory = str(request.param)
    return run_program(
        REPOSITORY / directory,
        stack=STACKS[directory],
        upstream=undeployed(directory),
        variables={"ENVIRONMENT_SUFFIX": SUFFIX},
    )


def in_aws(run: Run) -> list[Registered]:
    # What is inside the cluster component is named by the component.
    return [r for r in run.resources if r.package == "aws" and not r.name.endswith("-eksCluster")]


def test_every_physical_name_in_aws_has_the_environment_suffix(run: Run) -> None:
    for resource in in_aws(run):
        for key in NAME_KEYS & resource.inputs.keys():
            parts = resource.inputs[key].rstrip("-").split("/")
            # An id of AWS's own is nobody else's either, and the cluster's name bears its own suffix.
            if resource.type == "aws:cloudwatch/logGroup:LogGroup" and {"vpc-id", "eks-cluster-dev"} & set(parts):
                continue
            assert any(part.endswith(f"-{SUFFIX}") for part in parts), f"{resource.urn}: {key}"


def test_every_name_tag_has_the_environment_suffix(run: Run) -> None:
    for resource in in_aws(run):
        tags: dict[str, str] = resource.inputs.get("tags") or {}
        if "Name" in tags:
            assert tags["Name"].endswith(f"-{SUFFIX}"), resource.urn


def test_every_aws_resource_gets_the_suffix_as_a_tag(run: Run) -> None:
    providers = {provider.urn: provider for provider in run.registered("pulumi:providers:aws")}
    for resource in in_aws(run):
        tags = json.loads(providers[resource.provider].inputs["defaultTags"])["tags"]
        assert tags["environment_suffix"] == SUFFIX
        assert tags["owner"] == "platform-team"
        own: dict[str, str] = resource.inputs.get("tags") or {}
        assert not own.keys() & tags.keys(), f"{resource.urn} hides a tag of its provider"


def test_no_logical_name_holds_the_stack_or_the_suffix(run: Run) -> None:
    for resource in run.resources:
        stack = resource.urn.split("::")[0].removeprefix("urn:pulumi:")
        assert stack not in resource.name.split("-"), resource.urn
        assert "dev" not in resource.name.split("-"), resource.urn
        assert SUFFIX not in resource.name, resource.urn


def test_every_resource_is_in_a_component_of_its_tier(run: Run) -> None:
    for resource in run.resources:
        if resource.type.startswith(("pulumi:providers:", "platform:")):
            continue
        parent = next(other for other in run.resources if other.urn == resource.parent)
        assert parent.type.startswith("platform:") or resource.name.endswith("-eksCluster"), resource.urn


def test_no_two_resources_share_a_urn(run: Run) -> None:
    urns = [resource.urn for resource in run.resources]
    assert len(urns) == len(set(urns))


def test_providers_are_made_by_the_factories_alone(run: Run) -> None:
    made = [(r.type, r.name) for r in run.resources if r.type.startswith("pulumi:providers:")]
    allowed = {
        ("pulumi:providers:aws", "aws"),
        ("pulumi:providers:kubernetes", "kubernetes"),
        ("pulumi:providers:eks", "eks"),
    }
    assert set(made) <= allowed
    assert len(made) == len(set(made))
    assert ("pulumi:providers:eks", "eks") not in made or run.registered("eks:index:Cluster")

"""The golden resource graphs: what is registered is what was reviewed, and nothing precious is replaced unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from shared.errors import Refused
from shared.testing import run_program
from tooling.golden.__main__ import difference, left_over
from tooling.golden.graph import Graph, graph_of
from tooling.golden.guard import refuse_replacements
from tooling.golden.stacks import GoldenStack, golden_stacks
from tooling.paths import REPOSITORY

STACKS = golden_stacks()
VPC = "platform:infrastructure:Network$aws:ec2/vpc:Vpc::vpc"
KEY = "platform:infrastructure:Encryption$aws:kms/key:Key::secrets"


def test_every_project_and_stack_file_has_a_golden_graph() -> None:
    files = {stack.file for stack in STACKS}
    for environment in ("local", "dev", "staging", "prod"):
        assert f"infrastructure/tests/golden/{environment}.yaml" in files
    assert "tenants/tests/golden/dev.tenant-a.yaml" in files
    assert "applications/demo/tests/golden/dev.yaml" in files
    assert left_over(STACKS) == []


@pytest.mark.parametrize("stack", STACKS, ids=[stack.file for stack in STACKS])
def test_what_a_program_registers_is_what_was_reviewed(stack: GoldenStack) -> None:
    graph = stack.graph()
    refuse_replacements(stack.golden(), graph, file=stack.file)
    changed = difference(stack, stack.text(graph))
    assert not changed, f"{changed}\nhint: make update-golden"


def edited(tmp_path: Path, file: str, before: str, after: str) -> Graph:
    """The graph of tier 1 in prod after an edit of one of its modules."""
    copy = tmp_path / "infrastructure"
    shutil.copytree(REPOSITORY / "infrastructure", copy, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(before) >= 1
    (copy / file).write_text(text.replace(before, after), encoding="utf-8")
    return graph_of(run_program(copy, stack="prod"))


@pytest.mark.parametrize(
    ("file", "before", "after", "named", "what"),
    [
        ("network.py", 'aws.ec2.Vpc(\n            "vpc"', 'aws.ec2.Vpc(\n            "main"', VPC, "is no longer"),
        ("encryption.py", "infrastructure:Encryption", "infrastructure:Keys", KEY, "is no longer"),
        ("encryption.py", "protect=args.settings.protect", "protect=False", KEY, "loses its protection"),
        (
            "Pulumi.prod.yaml",
            "config:\n",
            "config:\n  infrastructure:vpc_cidr: 10.9.0.0/16\n",
            VPC,
            "its cidrBlock changes from 10.0.0.0/16 to 10.9.0.0/16",
        ),
    ],
    ids=["renamed", "moved", "unprotected", "range"],
)
def test_a_refactoring_that_replaces_what_is_precious_is_refused_by_name(
    tmp_path: Path, file: str, before: str, after: str, named: str, what: str
) -> None:
    golden = GoldenStack(directory="infrastructure", stack="prod").golden()
    assert named in golden
    graph = edited(tmp_path, file, before, after)
    with pytest.raises(Refused) as caught:
        refuse_replacements(golden, graph, file="infrastructure/tests/golden/prod.yaml")
    assert caught.value.code == "golden-replaces"
    assert caught.value.what.startswith(f"{named} ")
    assert what in caught.value.what
    assert caught.value.at == "infrastructure/tests/golden/prod.yaml"


def test_a_subnet_may_be_renamed_since_the_diff_shows_it(tmp_path: Path) -> None:
    golden = GoldenStack(directory="infrastructure", stack="prod").golden()
    graph = edited(tmp_path, "network.py", '"internet-gateway", vpc_id', '"gateway", vpc_id')
    refuse_replacements(golden, graph, file="")
    assert set(golden) - set(graph.resources) == {
        "platform:infrastructure:Network$aws:ec2/internetGateway:InternetGateway::internet-gateway"
    }


class Store(pulumi.ComponentResource):
    def __init__(self, name: str, bucket: str, *, token: str, aliases: list[Any], of_bucket: list[Any]) -> None:
        super().__init__(token, name, {}, pulumi.ResourceOptions(aliases=aliases))
        aws.s3.Bucket(bucket, opts=pulumi.ResourceOptions(parent=self, aliases=of_bucket))


def store(
    *,
    name: str = "store",
    bucket: str = "data",
    token: str = "platform:x:Store",
    aliases: list[Any] | None = None,
    of_bucket: list[Any] | None = None,
) -> Callable[[], None]:
    return lambda: (Store(name, bucket, token=token, aliases=aliases or [], of_bucket=of_bucket or []), None)[1]


def graph(program: Callable[[], None]) -> Graph:
    return graph_of(run_program(program, check_providers=False))


@pytest.fixture(scope="module")
def golden() -> Mapping[str, Mapping[str, Any]]:
    return graph(store()).resources


@pytest.mark.parametrize(
    "program",
    [
        store(bucket="tenant-data", of_bucket=[pulumi.Alias(name="data")]),
        store(token="platform:x:Storage", aliases=[pulumi.Alias(type_="platform:x:Store")]),
        store(bucket="new", of_bucket=["urn:pulumi:dev::project::platform:x:Store$aws:s3/bucket:Bucket::data"]),
        store(name="other"),
        lambda: aws.s3.Bucket(
            "data",
            opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(parent="urn:pulumi:dev::project::platform:x:Store::s")]),
        ),
    ],
    ids=["name", "parents-type", "whole-urn", "parents-name-is-no-part", "moved-to-the-top"],
)
def test_an_alias_keeps_what_is_precious(golden: Mapping[str, Mapping[str, Any]], program: Callable[[], None]) -> None:
    refuse_replacements(golden, graph(program), file="")


@pytest.mark.parametrize(
    "program",
    [
        store(bucket="tenant-data"),
        store(token="platform:x:Storage"),
        store(bucket="tenant-data", of_bucket=[pulumi.Alias(name="date")]),
        store(token="platform:x:Storage", of_bucket=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
    ],
    ids=["no-alias", "no-alias-of-the-parent", "wrong-name", "wrong-parent"],
)
def test_without_the_right_alias_it_is_refused(
    golden: Mapping[str, Mapping[str, Any]], program: Callable[[], None]
) -> None:
    with pytest.raises(Refused) as caught:
        refuse_replacements(golden, graph(program), file="")
    assert caught.value.what.startswith("platform:x:Store$aws:s3/bucket:Bucket::data is no longer registered")

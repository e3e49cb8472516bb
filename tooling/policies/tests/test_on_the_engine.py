"""Policies on the real engine: what violates one is refused by name before it exists.

The programs run in a worker process, as programs do. The plug-ins and the emulated AWS are the lane's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.versions import ENGINE
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.lane.binaries import search_path
from tooling.lane.environments import washed
from tooling.paths import REPOSITORY
from tooling.policies.pack import PLUGIN_DIRECTORY
from tooling.runner.engine import Engine, with_policies
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Diagnostic, Operation, Request, Result
from tooling.runner.plugin_server import running_plugins
from tooling.runner.workers import WorkerProcess

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("policies")]

PROGRAM = """
import pulumi, pulumi_aws as aws

tags = {"environment": "test", "environment_suffix": "test", "owner": "o", "project": "p", "managed-by": "pulumi"}
provider = aws.Provider(
    "aws", region="us-east-1", skip_credentials_validation=True, default_tags={"tags": tags}
)
opts = pulumi.ResourceOptions(provider=provider)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
"""

OPEN_GROUP = """
aws.ec2.SecurityGroup(
    "open", name="open", vpc_id=vpc.id, ingress=[
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [
            vpc.arn.apply(lambda _: "0.0.0.0/0"),
        ]},
    ], opts=opts,
)
"""

ADVICE = 'aws.cloudwatch.LogGroup("logs", name="/test/logs", retention_in_days=7, opts=opts)\n'

UNBLOCKED_BUCKET = 'aws.s3.Bucket("data", bucket="policies-test-data", opts=opts)\n'


@dataclass
class Project:
    """A project of tier 1 on a state backend of its own."""

    directory: Path
    engine: Engine
    server: ForkServer
    said: list[Diagnostic] = field(default_factory=list)

    def program(self, *parts: str) -> None:
        (self.directory / "__main__.py").write_text(PROGRAM + "".join(parts))

    def run(self, operation: Operation, *, policy_pack: str | None = None) -> Result:
        """One operation in a worker of its own: a worker compiles a program once."""
        self.said.clear()
        worker = WorkerProcess(
            self.server,
            self.directory,
            self.engine.variables,
            self.directory / "worker.log",
            engine_version=ENGINE.value,
        )
        request = Request(
            number=1,
            operation=operation,
            stack="dev",
            work_dir=str(self.directory),
            policy_pack=self.engine.policy_pack if policy_pack is None else policy_pack,
        )

        def on_message(message: object) -> None:
            if isinstance(message, Diagnostic):
                self.said.append(message)

        try:
            return worker.run(request, on_message)
        finally:
            worker.close()

    def messages(self, severity: str) -> list[str]:
        return [diagnostic.message for diagnostic in self.said if diagnostic.severity == severity]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer(washed()) as running:
        yield running


@pytest.fixture(params=["lane"])
def project(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    emulator: Emulator,
    server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    """With the policies as the lane has them, or, as `aws`, in a process of their own and found on PATH."""
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path / "local"))
    for name in ("state", "infrastructure"):
        (tmp_path / name).mkdir()
    (tmp_path / "infrastructure" / "Pulumi.yaml").write_text("name: infrastructure\nruntime: python\n")
    kept = washed()
    home = tmp_path / "home"
    variables = {
        **kept,
        "PATH": os.pathsep.join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    monkeypatch.setenv("PATH", variables["PATH"])
    with ExitStack() as stack:
        ports = stack.enter_context(running_plugins(server, variables))
        policies, analyzers = ports.pop("policies"), home / "plugins" / PLUGIN_DIRECTORY
        if request.param == "aws":
            alone = stack.enter_context(running_plugins(server, variables, "tooling.policies.serve"))
            policies, analyzers = alone["policies"], tmp_path / "bin"
        else:
            variables["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        attached = ",".join(f"{name}:{port}" for name, port in ports.items())
        engine = Engine(environment="local", variables={**variables, "PULUMI_DEBUG_PROVIDERS": attached})
        running = Project(tmp_path / "infrastructure", with_policies(engine, policies, analyzers=analyzers), server)
        try:
            yield running
        finally:
            running.program()
            running.run("destroy")


def groups_named(emulator: Emulator, name: str) -> list[Any]:
    filters = [{"Name": "group-name", "Values": [name]}]
    return emulator.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def vpcs_of(emulator: Emulator) -> list[Any]:
    filters = [{"Name": "cidr", "Values": ["10.0.0.0/16"]}]
    return emulator.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]


def test_a_violation_fails_the_preview_and_stops_up_before_the_resource_exists(
    project: Project, emulator: Emulator
) -> None:
    wanted = (
        "error[policy-security-group-not-open]: allows ingress from 0.0.0.0/0\n"
        "  at: aws:ec2/securityGroup:SecurityGroup open\n"
        "hint: name the source range or security group"
    )
    project.program(OPEN_GROUP)
    # Which range it is, only `up` knows: there is no VPC yet.
    assert project.run("preview").ok, project.messages("error")
    assert not project.run("up").ok
    assert wanted in project.messages("error")
    assert len(vpcs_of(emulator)) == 1, "what violates nothing is made"
    assert groups_named(emulator, "open") == []
    # Now that there is one, a preview knows it, too.
    assert not project.run("preview").ok
    assert wanted in project.messages("error")
    # The twin: without policies the same program is deployed, so that nothing else refused it.
    assert project.run("up", policy_pack="").ok, project.messages("error")
    assert len(groups_named(emulator, "open")) == 1


def test_advice_is_a_warning_and_stops_nothing(project: Project, emulator: Emulator) -> None:
    project.program(ADVICE)
    assert project.run("up").ok, project.messages("error")
    (warning,) = project.messages("warning")
    assert warning.startswith(
        "warning[policy-log-group-encrypted]: the log group is not encrypted with a customer managed key"
    )
    assert "at: aws:cloudwatch/logGroup:LogGroup logs" in warning
    names = [group["logGroupName"] for group in emulator.client("logs").describe_log_groups()["logGroups"]]
    assert "/test/logs" in names


@pytest.mark.parametrize("project", ["lane", "aws"], indirect=True)
def test_a_bucket_without_its_block_fails_a_preview_before_anything_is_made(
    project: Project, emulator: Emulator
) -> None:
    project.program(UNBLOCKED_BUCKET)
    assert not project.run("preview").ok
    said = "\n".join(project.messages("error"))
    assert "error[policy-bucket-has-access-block]: it has no BucketPublicAccessBlock" in said
    assert "at: aws:s3/bucket:Bucket data" in said
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_the_pack_for_the_released_engine_refuses_the_same(
    project: Project, emulator: Emulator, tmp_path: Path
) -> None:
    """`--policy-pack shared/policies`, on Pulumi's own SDK for packs: the released engine brings the program that
    starts it, the lane's engine does not, so that one stands in for it here."""
    starter = tmp_path / "home" / "plugins" / "analyzer-policy-python-v1.0.0" / "pulumi-analyzer-policy-python"
    starter.parent.mkdir(parents=True)
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{REPOSITORY}/shared/policies/__main__.py"\n')
    starter.chmod(0o700)
    project.program(OPEN_GROUP)
    assert not project.run("up", policy_pack=str(REPOSITORY / "shared" / "policies")).ok
    said = "\n".join(project.messages("error"))
    assert "error[policy-security-group-not-open]" in said
    assert "allows ingress from 0.0.0.0/0\n  at: aws:ec2/securityGroup:SecurityGroup open" in said
    assert groups_named(emulator, "open") == []

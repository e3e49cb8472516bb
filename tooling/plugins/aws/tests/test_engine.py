"""The plug-in under the real engine: a chain of types from first preview to destroy, secrets, replacement, import."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from shared.versions import ENGINE
from tooling.aws_emulator.inventory import inventory
from tooling.aws_emulator.tests.conftest import Account
from tooling.lane.binaries import binary
from tooling.lane.pulumi_home import write_pulumi_home
from tooling.plugins.aws.tests.case import REGION, trust
from tooling.plugins.aws.tests.cases import unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.runner.worker import BareStack, KnownEngine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of:DeprecationWarning"),  # pulumi_aws, at import
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # the Automation API's event loops
]

Program = Callable[[], None]


class Deployment:
    """A stack of its own on a file backend, with whatever program it is given."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.backend = directory / "backend"
        self.backend.mkdir()
        self._destroyed = False
        self._changes: dict[str, int] = {}
        project = automation.ProjectSettings(
            name="conformance",
            runtime="python",
            backend=automation.ProjectBackend(url=f"file://{self.backend}"),
        )
        workspace = automation.LocalWorkspace(
            work_dir=str(directory),
            project_settings=project,
            env_vars=environment,
            pulumi_command=KnownEngine(ENGINE.value),
        )
        workspace.create_stack("test")
        settings = workspace.stack_settings("test")
        settings.config = {"aws:region": REGION, "aws:defaultTags": json.dumps({"tags": {"owner": "tests"}})}
        workspace.save_stack_settings("test", settings)
        self.stack = BareStack("test", workspace)

    def up(self, program: Program) -> dict[str, int]:
        self.stack.workspace.program = program
        self.stack.up(on_event=self._event)
        return self._changes

    def preview(self, program: Program, *, refresh: bool = False) -> dict[str, int]:
        self.stack.workspace.program = program
        self.stack.preview(refresh=refresh, on_event=self._event)
        return self._changes

    def _event(self, event: automation.EngineEvent) -> None:
        if event.summary_event is not None:
            self._changes = _without_same(event.summary_event.resource_changes)

    @property
    def outputs(self) -> dict[str, Any]:
        """As the state holds them: secret ones encrypted."""
        latest = json.loads((self.backend / ".pulumi/stacks/conformance/test.json").read_text())["checkpoint"]["latest"]
        return next(row["outputs"] for row in latest["resources"] if row["type"] == "pulumi:pulumi:Stack")

    def destroy(self) -> None:
        if not self._destroyed:
            self.stack.destroy()
        self._destroyed = True

    def state(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in self.backend.rglob("*.json"))


def _without_same(changes: Any) -> dict[str, int]:
    return {str(getattr(kind, "value", kind)): count for kind, count in (changes or {}).items() if kind != "same"}


@pytest.fixture(params=["attached"])
def deployment(
    request: pytest.FixtureRequest, lane: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """`attached`: the engine uses the plug-in that the test process serves, as with `tiers`. `installed`: the engine
    starts the plug-in itself for every operation, from a PULUMI_HOME as the lane writes it.
    """
    home = tmp_path / "home"
    write_pulumi_home(home)
    environment = {
        "AWS_ENDPOINT_URL": lane.emulator.endpoint_url,
        "PATH": f"{binary('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "1",
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if request.param == "attached":
        environment["PULUMI_DEBUG_PROVIDERS"] = f"aws:{lane.address.rsplit(':', 1)[1]}"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    deployment = Deployment(tmp_path, environment)
    try:
        yield deployment
    finally:
        deployment.destroy()
        gc.collect()  # the Automation API's abandoned event loops, here rather than in some other test


def chain(*, name: str = "one", retention: int = 30, cidr: str = "10.40.0.0/16") -> Program:
    def program() -> None:
        vpc = aws.ec2.Vpc("main", cidr_block=cidr, enable_dns_hostnames=True, tags={"Name": name})
        gateway = aws.ec2.InternetGateway("main", vpc_id=vpc.id)
        zones = aws.get_availability_zones_output(state="available")
        table = aws.ec2.RouteTable("public", vpc_id=vpc.id)
        aws.ec2.Route("out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
        for number in range(2):
            subnet = aws.ec2.Subnet(
                f"public-{number}",
                vpc_id=vpc.id,
                cidr_block=vpc.cidr_block.apply(lambda block, n=number: block.replace("0.0/16", f"{n}.0/24")),
                availability_zone=zones.names[number],
                map_public_ip_on_launch=True,
            )
            aws.ec2.RouteTableAssociation(f"public-{number}", subnet_id=subnet.id, route_table_id=table.id)
        group = aws.ec2.SecurityGroup("nodes", vpc_id=vpc.id, description="nodes")
        aws.vpc.SecurityGroupIngressRule(
            "self", security_group_id=group.id, referenced_security_group_id=group.id, ip_protocol="-1"
        )
        key = aws.kms.Key("secrets", enable_key_rotation=True, deletion_window_in_days=7)
        aws.kms.Alias("secrets", name=f"alias/{unique_name()}", target_key_id=key.id, opts=_keep_name())
        aws.cloudwatch.LogGroup("audit", retention_in_days=retention)
        role = aws.iam.Role("nodes", assume_role_policy=trust("ec2.amazonaws.com"))
        statement: Any = {"actions": ["kms:Decrypt"], "resources": [key.arn]}
        document = aws.iam.get_policy_document_output(statements=[statement])
        aws.iam.RolePolicy("decrypt", role=role.name, policy=document.json)
        bucket = aws.s3.Bucket("data", force_destroy=True)
        aws.s3.BucketVersioning("data", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
        aws.s3.BucketPublicAccessBlock("data", bucket=bucket.id, block_public_acls=True)
        pulumi.export("vpc_id", vpc.id)
        pulumi.export("log_group", aws.cloudwatch.LogGroup("events").name)
        pulumi.export("account", aws.get_caller_identity().account_id)

    return program


def _keep_name() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(ignore_changes=["name"])


def test_chain_is_previewed_created_unchanged_changed_repaired_replaced_and_destroyed(
    deployment: Deployment, lane: Lane
) -> None:
    before = inventory(lane.emulator.endpoint_url, REGION)
    resources = 20
    assert deployment.preview(chain()) == {"create": resources}
    assert deployment.up(chain()) == {"create": resources}
    assert deployment.preview(chain()) == {}
    assert deployment.outputs["account"] == "123456789012"

    now = chain(name="two", retention=90)
    assert deployment.up(now) == {"update": 2}

    lane.world.client("ec2").modify_vpc_attribute(
        VpcId=deployment.outputs["vpc_id"], EnableDnsHostnames={"Value": False}
    )
    lane.world.client("logs").delete_log_group(logGroupName=deployment.outputs["log_group"])
    assert deployment.preview(now) == {}, "a plain preview trusts the state"
    assert deployment.preview(now, refresh=True) == {"create": 1, "update": 1}
    deployment.stack.refresh()
    assert deployment.up(now) == {"create": 1, "update": 1}

    old_vpc = deployment.outputs["vpc_id"]
    moved = chain(name="two", retention=90, cidr="10.41.0.0/16")
    assert deployment.up(moved)["replace"] >= 5
    assert deployment.outputs["vpc_id"] != old_vpc
    assert deployment.preview(moved, refresh=True) == {}

    deployment.destroy()
    assert inventory(lane.emulator.endpoint_url, REGION) == before


@pytest.mark.parametrize("deployment", ["installed"], indirect=True)
def test_secret_stays_encrypted_in_the_state_and_secret_in_the_outputs(deployment: Deployment) -> None:
    def program() -> None:
        role = aws.iam.Role(
            "role", assume_role_policy=trust("ec2.amazonaws.com"), description=pulumi.Output.secret("swordfish")
        )
        pulumi.export("description", role.description)

    deployment.up(program)
    assert "swordfish" not in deployment.state()
    description = automation.Stack.outputs(deployment.stack)["description"]
    assert (description.value, description.secret) == ("swordfish", True)
    assert deployment.preview(program, refresh=True) == {}


def test_existing_resources_are_imported_looked_up_and_kept(deployment: Deployment, lane: Lane) -> None:
    name = unique_name()
    lane.world.client("logs").create_log_group(logGroupName=name, tags={"owner": "tests", "Name": "old"})

    def importing() -> None:
        aws.cloudwatch.LogGroup(
            "found",
            name=name,
            tags={"Name": "old"},
            opts=pulumi.ResourceOptions(import_=name, retain_on_delete=True),
        )
        vpc = aws.ec2.Vpc.get("looked-up", lane.world.vpc_id)
        pulumi.export("cidr", vpc.cidr_block)

    assert deployment.up(importing)["import"] == 1
    assert deployment.outputs["cidr"] == "10.200.0.0/16"
    assert deployment.preview(importing, refresh=True) == {}
    deployment.destroy()
    assert lane.world.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


def test_input_that_is_not_modelled_stops_a_preview_in_the_lane_s_words(deployment: Deployment) -> None:
    def program() -> None:
        aws.ec2.Vpc("main", ipv4_ipam_pool_id="ipam-pool-1", cidr_block="10.0.0.0/16")

    with pytest.raises(automation.CommandError, match="the local lane does not model `ipv4IpamPoolId`"):
        deployment.preview(program)


def test_providers_of_one_program_work_in_their_own_accounts(lane: Lane, deployment: Deployment) -> None:
    accounts = ("333333333333", "444444444444")
    for account in accounts:
        Account(lane.emulator).administrator(account, "deploy")

    def program() -> None:
        for account in accounts:
            provider = aws.Provider(
                account,
                region="eu-west-1",
                allowed_account_ids=[account],
                assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=f"arn:aws:iam::{account}:role/deploy")],
                default_tags=aws.ProviderDefaultTagsArgs(tags={"account": account}),
                skip_metadata_api_check=True,
                s3_use_path_style=True,
            )
            group = aws.cloudwatch.LogGroup(account, name="same", opts=pulumi.ResourceOptions(provider=provider))
            pulumi.export(account, group.arn)
            pulumi.export(f"{account}-tags", group.tags_all)

    deployment.up(program)
    outputs = deployment.outputs
    for account in accounts:
        assert outputs[account] == f"arn:aws:logs:eu-west-1:{account}:log-group:same"
        assert outputs[f"{account}-tags"] == {"account": account}
    assert deployment.preview(program, refresh=True) == {}


def test_role_to_assume_that_is_misspelt_stops_the_deployment(deployment: Deployment) -> None:
    def program() -> None:
        roles: Any = [{"role_arn": "arn:aws:iam::333333333333:role/deploy"}]
        aws.Provider("wrong", region="eu-west-1", assume_roles=roles)

    with pytest.raises(automation.CommandError, match="which is spelt `roleArn` here"):
        deployment.up(program)

"""Provider instances: what their arguments mean, which are refused, and that instances on one server stay apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from shared.errors import PlatformError
from tooling.aws_emulator.tests.conftest import Account
from tooling.lane.ports import free_ports
from tooling.paths import REPOSITORY
from tooling.plugins.aws.servicer import add_to_server
from tooling.plugins.aws.tests.case import REGION, policy
from tooling.plugins.aws.tests.cases import unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider import wire
from tooling.plugins.provider.server import make_server
from tooling.plugins.provider.tests.engine import CheckFailed, Engine, configured, connected
from tooling.plugins.provider.tests.one_address import connected_from

VPC = "aws:ec2/vpc:Vpc"
CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
ROLE = "arn:aws:iam::{}:role/deploy"


def refused(call: Callable[[], Any]) -> str:
    """What the provider says to a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return str(error.value.details())


@pytest.mark.parametrize(
    ("arguments", "path", "said"),
    [
        ({"regoin": "us-east-1"}, "regoin", 'does not model `regoin` of the aws provider, did you mean "region"?'),
        ({"profile": "me"}, "profile", "does not model `profile`"),
        ({"accessKey": "AKIA"}, "accessKey", "does not model `accessKey`"),
        (
            {"assumeRoles": json.dumps([{"role_arn": ROLE}])},
            "assumeRoles[0].role_arn",
            "which is spelt `roleArn` here",
        ),
        ({"assumeRoles": [{"sessionName": "x"}]}, "assumeRoles[0]", "needs its `roleArn`"),
        ({"defaultTags": {"Tags": {}}}, "defaultTags.Tags", "does not model `defaultTags.Tags`"),
        (
            {"endpoints": [{"s3": "https://s3.amazonaws.com"}]},
            "endpoints[0].s3",
            "only talks to an endpoint on this machine",
        ),
        (
            {"endpoints": [{"s3": "http://127.0.0.1@example.com"}]},
            "endpoints[0].s3",
            "only talks to an endpoint on this machine",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "[" in value else None,
)
def test_provider_argument_that_is_not_understood_is_refused_by_name(
    arguments: dict[str, Any], path: str, said: str, lane: Lane
) -> None:
    with pytest.raises(CheckFailed) as refusal, configured(lane.address, {"region": REGION, **arguments}):
        pass
    assert said in refusal.value.failures[path]


def test_arguments_without_effect_on_the_lane_are_accepted(lane: Lane) -> None:
    switches = ("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId")
    arguments = {"region": REGION, "s3UsePathStyle": "true", "version": "7.51.1", **dict.fromkeys(switches, "true")}
    with configured(lane.address, arguments) as engine:
        assert engine.invoke(CALLER, {})["accountId"] == "123456789012"


def test_assumed_roles_and_regions_of_two_providers_stay_apart(lane: Lane) -> None:
    one = {"region": "us-east-1", "assumeRoles": json.dumps([{"roleArn": ROLE.format("111111111111")}])}
    two = {"region": "eu-west-1", "assumeRoles": [{"roleArn": ROLE.format("222222222222"), "sessionName": "me"}]}
    for account in ("111111111111", "222222222222"):
        Account(lane.emulator).administrator(account, "deploy")
    with configured(lane.address, one) as first, configured(lane.address, two) as second:
        topic = "aws:cloudwatch/logGroup:LogGroup"
        groups = [engine.create(topic, "group", {"name": "same"}) for engine in (first, second)]
        assert [group.outputs["arn"] for group in groups] == [
            "arn:aws:logs:us-east-1:111111111111:log-group:same",
            "arn:aws:logs:eu-west-1:222222222222:log-group:same",
        ]
        assert "assumed-role/deploy/me" in second.invoke(CALLER, {})["arn"]


def test_account_that_is_not_allowed_is_refused_and_an_allowed_one_is_not(lane: Lane) -> None:
    with connected(lane.address) as stub:
        arguments = {"region": REGION, "allowedAccountIds": json.dumps(["999999999999"])}
        said = refused(lambda: stub.Configure(provider_pb2.ConfigureRequest(args=wire.encode(arguments))))
    assert "AWS account 123456789012 is not among `allowedAccountIds`: 999999999999" in said
    with configured(lane.address, {"region": REGION, "allowedAccountIds": ["999999999999", "123456789012"]}):
        pass


def test_connection_that_was_not_configured_gets_nothing_from_one_that_was(engine: Engine, lane: Lane) -> None:
    with connected(lane.address) as stub:
        said = refused(lambda: Engine(stub=stub).check(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"}))
    assert "is not configured" in said


def test_connection_gets_nothing_of_an_earlier_one_from_the_same_address(lane: Lane) -> None:
    """The system gives an address out again; an engine got another one's configuration, credentials included."""
    (source,) = free_ports(1)
    port = int(lane.address.rpartition(":")[2])
    with connected_from(source, port) as stub:
        stub.Configure(provider_pb2.ConfigureRequest(args=wire.encode({"region": REGION})))
        assert Engine(stub=stub).invoke(CALLER, {})["accountId"] == "123456789012"
    with connected_from(source, port) as stub:
        said = refused(lambda: Engine(stub=stub).invoke(CALLER, {}))
    assert "is not configured" in said


def test_provider_without_a_region_says_how_to_give_it_one(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with connected(lane.address) as stub:
        said = refused(lambda: stub.Configure(provider_pb2.ConfigureRequest(args=wire.encode({}))))
    assert "no region" in said
    assert "hint: pulumi config set aws:region" in said


def test_changed_argument_is_an_update_of_the_provider_and_never_a_replacement(lane: Lane) -> None:
    old, new = {"region": "us-east-1"}, {"region": "eu-west-1", "defaultTags": "{}"}
    with connected(lane.address) as stub:
        answer = stub.DiffConfig(provider_pb2.DiffRequest(old_inputs=wire.encode(old), news=wire.encode(new)))
        same = stub.DiffConfig(provider_pb2.DiffRequest(old_inputs=wire.encode(old), news=wire.encode(old)))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.diffs) == ["defaultTags", "region"]
    assert list(answer.replaces) == []
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_endpoint_named_for_a_service_is_used_for_that_service(lane: Lane) -> None:
    nowhere = "http://127.0.0.1:9"
    with configured(lane.address, {"region": REGION, "endpoints": [{"ec2": nowhere}]}) as engine:
        assert engine.invoke(CALLER, {})["accountId"] == "123456789012"
        said = refused(lambda: engine.create(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"}))
    assert nowhere in said
    assert "tiers local up" in said


def test_user_s_own_aws_set_up_has_no_part_in_it(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPRODUCTION")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with configured(lane.address, {"region": "ap-south-1"}) as engine:
        engine.create("aws:iam/policy:Policy", unique_name(), {"policy": policy("s3:GetObject")})
        assert engine.invoke(CALLER, {})["accountId"] == "123456789012"


@pytest.mark.parametrize(
    "endpoint", [None, "", "https://sts.amazonaws.com", "http://10.0.0.1:5000", "http://localhost.example.com"]
)
def test_plugin_refuses_to_serve_an_endpoint_that_is_not_on_this_machine(endpoint: str | None) -> None:
    server = make_server(1)
    with pytest.raises(PlatformError) as refusal:
        add_to_server(server, endpoint_url=endpoint)
    assert refusal.value.code == "endpoint-not-loopback"


def test_process_prints_its_port_serves_the_engine_and_needs_a_loopback_endpoint(lane: Lane) -> None:
    command = [sys.executable, "-m", "tooling.plugins.aws"]
    environment = {**os.environ, "AWS_ENDPOINT_URL": lane.emulator.endpoint_url}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with configured(f"127.0.0.1:{port}", {"region": REGION}) as engine:
                assert engine.invoke(CALLER, {})["accountId"] == "123456789012"
                assert engine.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == empty_pb2.Empty()
        finally:
            process.kill()
    environment["AWS_ENDPOINT_URL"] = "https://ec2.amazonaws.com"
    ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "endpoint-not-loopback" in ended.stderr
    assert ended.stdout == ""

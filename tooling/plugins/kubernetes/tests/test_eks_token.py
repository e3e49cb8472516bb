"""Our token and the one of `aws eks get-token` itself: the same, or the command is asked."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.auth
import pytest

from tooling.lane.environments import washed
from tooling.plugins.kubernetes import eks_token
from tooling.plugins.kubernetes.kubeconfig import ExecPlugin

AWS = str(Path(sys.executable).parent / "aws")
ARGUMENTS = ("eks", "get-token", "--cluster-name", "one", "--region", "eu-west-1", "--output", "json")
ROLE = ("--role-arn", "arn:aws:iam::123456789012:role/admin")
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>SESSION0123456789AB</AccessKeyId><SecretAccessKey>fedcba</SecretAccessKey><SessionToken>se/ss=ion</SessionToken>
<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "LANE0123456789ABCDEF",
    "AWS_SECRET_ACCESS_KEY": "0123456789abcdef",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def plugin(*arguments: str, **environment: str) -> ExecPlugin:
    return ExecPlugin(
        command="aws",
        arguments=arguments,
        environment=tuple(environment.items()),
        api_version="client.authentication.k8s.io/v1beta1",
        install_hint="",
        provide_cluster_info=False,
    )


def of_the_command(environment: dict[str, str], *arguments: str) -> dict[str, str]:
    done = subprocess.run(
        [AWS, *arguments], env={**washed(), **environment}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)["status"]


def ours(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *arguments: str) -> tuple[str, datetime]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    request = eks_token.request_of(plugin(*arguments), AWS, environment)
    assert request is not None
    return eks_token.token(request)


def url_in(token: str) -> str:
    assert token.startswith("k8s-aws-v1.")
    encoded = token.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


@pytest.fixture
def sts() -> Iterator[tuple[str, list[str]]]:
    """An STS that hands out the same keys to everybody: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ASSUMED.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("role", [(), ROLE], ids=["own keys", "a role's"])
def test_the_token_is_the_commands_own_letter_by_letter(
    role: tuple[str, ...], sts: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL": sts[0]}
    command = of_the_command(environment, *ARGUMENTS, *role)
    (signed_at,) = parse_qs(urlsplit(url_in(command["token"])).query)["X-Amz-Date"]
    moment = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: moment)
    token, expires = ours(monkeypatch, environment, *ARGUMENTS, *role)
    assert token == command["token"]
    assert abs((expires - datetime.fromisoformat(command["expirationTimestamp"])).total_seconds()) < 120
    assert [parse_qs(body)["RoleArn"] for body in sts[1]] == ([[ROLE[1]]] * 2 if role else [])
    assert len(set(sts[1])) == len(sts[1][:1])


def test_credentials_that_another_client_of_the_process_found_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session("OTHERKEY", "other"))
    token, _ = ours(monkeypatch, ENVIRONMENT, *ARGUMENTS)
    (credential,) = parse_qs(urlsplit(url_in(token)).query)["X-Amz-Credential"]
    assert credential.startswith("LANE0123456789ABCDEF/")


@pytest.mark.parametrize(
    ("asked", "program", "environment"),
    [
        pytest.param(plugin(*ARGUMENTS), "/usr/local/bin/aws", ENVIRONMENT, id="another aws"),
        pytest.param(plugin(*ARGUMENTS, AWS_PROFILE="team"), AWS, ENVIRONMENT, id="a profile in the kubeconfig"),
        pytest.param(plugin(*ARGUMENTS), AWS, {**ENVIRONMENT, "AWS_PROFILE": "team"}, id="a profile outside it"),
        pytest.param(plugin(*ARGUMENTS, "--profile", "team"), AWS, ENVIRONMENT, id="an option we do not know"),
        pytest.param(plugin(*ARGUMENTS, "--output", "text"), AWS, ENVIRONMENT, id="an option twice"),
        pytest.param(plugin(*ARGUMENTS, "--role-arn"), AWS, ENVIRONMENT, id="an option without its value"),
        pytest.param(plugin("eks", "list-clusters", *ARGUMENTS[2:]), AWS, ENVIRONMENT, id="another command"),
        pytest.param(plugin("eks", "get-token", *ARGUMENTS[4:]), AWS, ENVIRONMENT, id="no cluster"),
        pytest.param(plugin(*ARGUMENTS[:-2]), AWS, ENVIRONMENT, id="a format that a file chooses"),
        pytest.param(plugin(*ARGUMENTS), AWS, {**ENVIRONMENT, "AWS_CONFIG_FILE": "/etc/aws"}, id="a configuration"),
        pytest.param(plugin(*ARGUMENTS), AWS, {"AWS_CONFIG_FILE": os.devnull}, id="no keys"),
        pytest.param(plugin(*ARGUMENTS[:3], "file://name", *ARGUMENTS[4:]), AWS, ENVIRONMENT, id="a value from a file"),
    ],
)
def test_the_command_is_asked_wherever_we_do_not_know_its_answer(
    asked: ExecPlugin, program: str, environment: dict[str, str]
) -> None:
    assert eks_token.request_of(asked, program, environment) is None
    known = replace(asked, arguments=ARGUMENTS, environment=())
    assert eks_token.request_of(known, AWS, ENVIRONMENT) is not None

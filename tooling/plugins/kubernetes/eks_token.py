"""The token of `aws eks get-token`, made in this process where it would be the same one.

The command is a Python program that needs a second of a processor for a signature. What its answer depends on is known
only for static keys of the environment, which is how the lane signs in, and for the options below; everything else is
left to the command.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tooling.plugins.kubernetes.kubeconfig import ExecPlugin

_COMMAND = ("eks", "get-token")
_OPTIONS = frozenset({"--cluster-name", "--region", "--role-arn", "--output"})
_KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
_FILES = frozenset({"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"})
_KNOWN = (
    _KEYS
    | _FILES
    | {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_SESSION_TOKEN"}
)
"""Variables whose effect on the command is known; with any other `AWS_…` variable, the command itself is run."""

# awscli 1.46: awscli/customizations/eks/get_token.py
_URL_SECONDS = 60
_LIFETIME = timedelta(minutes=14)
_PREFIX = "k8s-aws-v1."
_HEADER = "x-k8s-aws-id"
_SESSION_NAME = "EKSGetTokenAuth"


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """What `aws eks get-token` is asked."""

    cluster_name: str
    region: str
    role_arn: str | None


def request_of(plugin: ExecPlugin, program: str, environment: Mapping[str, str]) -> TokenRequest | None:
    """The request, or `None` if the command has to answer it.

    Args:
        program: the path that the plug-in's command stands for; ours lies beside this interpreter.
        environment: in which it would run.
    """
    ours = Path(sys.executable).parent / "aws"
    if Path(program) != ours or plugin.arguments[:2] != _COMMAND or plugin.environment:
        return None
    names, values = plugin.arguments[2::2], plugin.arguments[3::2]
    options = dict(zip(names, values, strict=False))
    if len(names) != len(values) or len(options) != len(names) or not options.keys() <= _OPTIONS:
        return None
    if "--cluster-name" not in options or "--region" not in options or options.get("--output") != "json":
        return None
    if any(value.startswith(("-", "file://", "fileb://", "http://", "https://")) for value in values):
        return None
    given = {name for name, value in environment.items() if name.startswith(("AWS_", "BOTO_")) and value}
    if not _KEYS <= given <= _KNOWN or any(environment.get(name) != os.devnull for name in _FILES):
        return None
    return TokenRequest(
        cluster_name=options["--cluster-name"], region=options["--region"], role_arn=options.get("--role-arn")
    )


def token(request: TokenRequest) -> tuple[str, datetime]:
    """The bearer token and its end.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as the command would fail.
    """
    client = _client(request.region)
    if request.role_arn is not None:
        client = _client(
            request.region, client.assume_role(RoleArn=request.role_arn, RoleSessionName=_SESSION_NAME)["Credentials"]
        )

    def name_the_cluster(request: Any, **_: object) -> None:
        request.headers[_HEADER] = cluster_name

    cluster_name = request.cluster_name
    client.meta.events.register("before-sign.sts.GetCallerIdentity", name_the_cluster)
    url = client.generate_presigned_url("get_caller_identity", Params={}, ExpiresIn=_URL_SECONDS, HttpMethod="GET")
    encoded = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    return _PREFIX + encoded, (datetime.now(UTC) + _LIFETIME).replace(microsecond=0)


def _client(region: str, keys: Mapping[str, Any] | None = None) -> Any:
    """An STS client with `keys`, by default the environment's."""
    # Imported late: on a cluster that is signed in to by a client certificate it is of no use.
    import boto3

    keys = keys or {}
    # boto3's default session keeps the first credentials that it finds, for as long as the process lives.
    return boto3.Session().client(
        "sts",
        region_name=region,
        aws_access_key_id=keys.get("AccessKeyId"),
        aws_secret_access_key=keys.get("SecretAccessKey"),
        aws_session_token=keys.get("SessionToken"),
    )

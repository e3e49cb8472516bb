"""The AWS account of an environment, where objects are looked for: the lane's emulated one, or a real one."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from shared.environment import load_environment
from tooling.aws_types.identification import Account
from tooling.runner.engine import Engine


def account_of(engine: Engine) -> Account:
    """Signs in as the tiers' provider does: on the lane with its keys, else with the operator's and the deploy role."""
    environment = load_environment(engine.environment)
    session = lane_session(engine) if engine.is_local else _session(environment.region, environment.deploy_role_arn)

    @cache
    def client(service: str) -> Any:
        return session(service)

    account_id = client("sts").get_caller_identity()["Account"]
    return Account(account_id=account_id, partition=environment.partition, client=client)


def lane_session(engine: Engine) -> Any:
    """A session that ignores the operator's own AWS configuration: profiles, files, proxies."""
    from botocore.config import Config
    from botocore.session import Session

    nothing, no_file = (None, None, None, None), (None, None, os.devnull, None)
    session = Session(session_vars={"profile": nothing, "config_file": no_file, "credentials_file": no_file})
    variables = engine.variables

    def client(service: str) -> Any:
        return session.create_client(
            service,
            region_name=variables["AWS_REGION"],
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )

    return client


def _session(region: str, role_arn: str) -> Any:
    import boto3

    session = boto3.session.Session(region_name=region)
    if role_arn:
        keys = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="tiers-recovery")["Credentials"]
        session = boto3.session.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=region,
        )
    return session.client

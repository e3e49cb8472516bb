"""The world of `make verify STACK=…`: a real account, or the clone's own lane."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from shared.environment import load_environment
from shared.errors import BadInput
from tests.live.world import World, on_a_lane
from tooling.lane.environments import washed
from tooling.lane.state import Lane
from tooling.paths import REPOSITORY

_AS_STARTED = dict(os.environ)
"""Before the suite's own washing: credentials are wanted here, and only here."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live-stack", default="", help="environment whose deployed chain is checked: make verify")


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The deployed chain that was named. Skips where none was, and fails where it cannot be reached."""
    stack = str(request.config.getoption("--live-stack", default=""))
    if not stack:
        pytest.skip("no stack was named: make verify STACK=dev")
    directory: Path = tmp_path_factory.mktemp("kubeconfigs")
    if stack == "local":
        lane = Lane.load()
        if lane is None:
            pytest.exit("the local lane is not up: make local-up", returncode=1)
        return on_a_lane(lane, clone=REPOSITORY, variables=washed(_AS_STARTED), directory=directory)
    return _in_aws(stack, directory)


def _in_aws(stack: str, directory: Path) -> World:
    environment = load_environment(stack)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _AS_STARTED.items():
            patch.setenv(name, value)
        session = boto3.Session(region_name=environment.region)
        # Frozen here: the suite washes the variables off before each test.
        keys = session.get_credentials()
        if keys is None:
            pytest.exit(
                f"no AWS credentials: sign in to the account of {stack}, then make verify STACK={stack}", returncode=1
            )
        try:
            account = environment.account
            found = session.client("sts").get_caller_identity()["Account"]
        except (BadInput, BotoCoreError, ClientError) as error:
            pytest.exit(f"the account of {stack} cannot be asked: {type(error).__name__}", returncode=1)
        assert found == account, f"the credentials belong to account {found}, and {stack} is in {account}"
        frozen = keys.get_frozen_credentials()
    signed_in = boto3.Session(
        aws_access_key_id=frozen.access_key,
        aws_secret_access_key=frozen.secret_key,
        aws_session_token=frozen.token,
        region_name=environment.region,
    )
    return World(
        stack=stack,
        clone=REPOSITORY,
        variables=_AS_STARTED,
        directory=directory,
        client=signed_in.client,  # type: ignore[arg-type]  # typed by service name, which is a variable here
    )

"""The engine stores and encrypts states where and as the CI roles' policies say: the real engine, S3 and KMS emulated.

The emulated AWS checks no policies. So every object that the engine writes is compared with what a CI role may write,
and KMS is asked to decrypt with and without the encryption context that the policy requires.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.exceptions import ClientError

from shared.stack_states import StateObjects, layout_object, secrets_provider_of
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.lane.binaries import ensure, search_path
from tooling.lane.environments import washed
from tooling.lane.progress import progress_on
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Request
from tooling.runner.workers import WorkerProcess

pytestmark = [pytest.mark.engine, pytest.mark.process]

PROGRAM = """
import pulumi
pulumi.export("secret", pulumi.Output.secret("hidden"))
"""
PREFIX = "platform/"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running_emulator(tmp_path / "aws") as running:
        yield running


def written(emulator: Emulator, bucket: str) -> set[str]:
    """Keys of all objects that were ever written or deleted."""
    lines = (emulator.directory / "journal.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    paths = [unquote(urlsplit(json.loads(line)["target"]).path) for line in lines]
    return {path.removeprefix(f"/{bucket}/") for path in paths if path.startswith(f"/{bucket}/") and path[2:]}


def test_an_application_is_deployed_with_the_objects_and_the_key_of_its_stack(
    emulator: Emulator, tmp_path: Path
) -> None:
    ensure(progress_on())
    emulator.client("s3").create_bucket(Bucket="states")
    kms = emulator.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/states", TargetKeyId=key)
    directory = tmp_path / "demo"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    kept = washed()
    variables = {
        **kept,
        "PATH": os.pathsep.join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"s3://states/platform?region=us-east-1&endpoint={emulator.endpoint_url}"
        "&s3ForcePathStyle=true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    provider = secrets_provider_of("awskms://alias/states?region=us-east-1", "demo", "dev")
    with ForkServer(washed()) as server:
        worker = WorkerProcess(server, directory, variables, tmp_path / "worker.log")
        try:
            for number, operation in enumerate(("up", "up", "refresh", "destroy"), start=1):
                request = Request(
                    number=number,
                    operation=operation,
                    stack="dev",
                    work_dir=str(directory),
                    new=number == 1,
                    secrets_provider=provider,
                )
                messages: list[Any] = []
                result = worker.run(request, messages.append)
                assert result.ok, (result.failure, messages)
        finally:
            worker.close()
    allowed = StateObjects.of(PREFIX, "demo", "dev")
    patterns = [allowed.state, *allowed.further]
    keys = written(emulator, "states") - {layout_object(PREFIX)}
    assert [one for one in sorted(keys) if not any(fnmatch.fnmatchcase(one, pattern) for pattern in patterns)] == []
    kinds = {pattern for pattern in patterns if any(fnmatch.fnmatchcase(one, pattern) for one in keys)}
    assert {allowed.state, *allowed.further[1:]} <= kinds, "the engine no longer writes what the policy names"
    state = json.loads(
        emulator.client("s3").get_object(Bucket="states", Key=f"{PREFIX}.pulumi/stacks/demo/dev.json")["Body"].read()
    )
    sealed = base64.b64decode(state["checkpoint"]["latest"]["secrets_providers"]["state"]["encryptedkey"])
    assert len(kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"stack": "demo/dev"})["Plaintext"]) == 32
    for context in ({}, {"stack": "tenants/dev.tenant-a"}, {"stack": "demo/prod"}):
        with pytest.raises(ClientError) as refused:
            kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
        response: Any = refused.value.response
        assert response["Error"]["Code"] == "InvalidCiphertextException"

"""Previews work on a copy of the states: the engine finds every stack in it, and what it writes stays there."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.environment import Environment, load_environment
from shared.environment_variables import TIERS_BACKEND_URL
from shared.errors import BadInput
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on
from tooling.runner.engine import open_engine
from tooling.workflows.states import copy_states


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The endpoint of an S3 that holds the bucket `states`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.Session().client("s3", region_name="us-east-1", endpoint_url=endpoint).create_bucket(Bucket="states")
    try:
        yield endpoint
    finally:
        # The server's data outlives it, in this process.
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
        server.stop()


def environment(url: str) -> Environment:
    return load_environment("dev").model_copy(update={"backend_url": url})


def put(endpoint: str, *keys: str) -> None:
    client: Any = boto3.Session().client("s3", region_name="us-east-1", endpoint_url=endpoint)
    for key in keys:
        client.put_object(Bucket="states", Key=key, Body=key.encode())


def copied(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_states_are_copied_without_history_locks_and_backups(bucket: str, tmp_path: Path) -> None:
    put(
        bucket,
        ".pulumi/meta.yaml",
        ".pulumi/stacks/infrastructure/dev.json",
        ".pulumi/stacks/tenants/dev.tenant-a.json",
        ".pulumi/history/infrastructure/dev/1.json",
        ".pulumi/backups/infrastructure/dev/1.json",
        ".pulumi/stacks/infrastructure/dev.json.bak",
        ".pulumi/locks/organization/infrastructure/dev/1.json",
        "somebody/elses.txt",
    )
    target = tmp_path / "copy"
    (target / ".pulumi" / "stacks").mkdir(parents=True)
    (target / ".pulumi" / "stacks" / "old.json").touch()
    address = copy_states(environment(f"s3://states?region=us-east-1&endpoint={bucket}"), target)
    assert address == f"file://{target}"
    assert copied(target) == {
        ".pulumi/meta.yaml",
        ".pulumi/stacks/infrastructure/dev.json",
        ".pulumi/stacks/tenants/dev.tenant-a.json",
    }


def test_a_backend_below_a_prefix_is_found(bucket: str, tmp_path: Path) -> None:
    put(bucket, "platform/.pulumi/meta.yaml", ".pulumi/meta.yaml", ".pulumi/stacks/a/b.json")
    copy_states(environment(f"s3://states/platform?endpoint={bucket}"), tmp_path / "copy")
    assert copied(tmp_path / "copy") == {".pulumi/meta.yaml"}


def test_a_backend_that_is_none_of_s3s_is_read_where_it_is(tmp_path: Path) -> None:
    assert copy_states(environment("https://api.pulumi.com"), tmp_path / "copy") == ""
    assert not (tmp_path / "copy").exists()


def test_without_a_backend_it_is_refused_with_where_to_set_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        copy_states(environment(""), tmp_path / "copy")
    assert refused.value.code == "backend-missing"
    assert refused.value.at == "shared/environments/dev.yaml, backend_url"


def test_the_copy_takes_the_place_of_the_environments_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_engine("dev") as engine:
        assert "PULUMI_BACKEND_URL" not in engine.variables
    monkeypatch.setenv(TIERS_BACKEND_URL.name, "file:///copy")
    with open_engine("dev") as engine:
        assert engine.variables["PULUMI_BACKEND_URL"] == "file:///copy"


@pytest.mark.engine
def test_the_engine_finds_every_stack_in_the_copy_and_writes_to_it_alone(bucket: str, tmp_path: Path) -> None:
    ensure(progress_on())
    work_dir, copy = tmp_path / "project", tmp_path / "copy"
    work_dir.mkdir()
    (work_dir / "Pulumi.yaml").write_text("name: infrastructure\nruntime: python\n")
    s3 = f"s3://states?region=us-east-1&endpoint={bucket}&s3ForcePathStyle=true"

    def pulumi(backend: str, *arguments: str) -> str:
        variables = {
            **os.environ,
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": backend,
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        done = subprocess.run(
            [str(binary("pulumi")), "--non-interactive", *arguments],
            cwd=work_dir,
            env=variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stacks(backend: str) -> list[str]:
        return sorted(stack["name"] for stack in json.loads(pulumi(backend, "stack", "ls", "--all", "--json")))

    pulumi(s3, "stack", "init", "dev")
    address = copy_states(environment(s3), copy)
    assert stacks(address) == ["dev"]
    pulumi(address, "stack", "init", "dev.new-tenant")
    assert stacks(address) == ["dev", "dev.new-tenant"]
    assert stacks(s3) == ["dev"]

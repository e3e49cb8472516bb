"""What runs on the lane sees the lane, and neither the user's accounts and clusters nor the way to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.lane.binaries import binary, ensure
from tooling.lane.environments import washed
from tooling.lane.program_table import PROGRAMS, PYTHON_PROGRAMS
from tooling.lane.progress import progress_on
from tooling.lane.pulumi_home import PLUGINS, plugin_script, write_pulumi_home
from tooling.lane.state import Lane

LEADING_ELSEWHERE = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "a real one",
    "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/real",
    "AWS_ENDPOINT_URL_S3": "https://s3.example.test",
    "AWS_CA_BUNDLE": "/etc/ca.pem",
    "KUBECONFIG": "/home/somebody/.kube/config",
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "PULUMI_ACCESS_TOKEN": "pul-1234",
    "PULUMI_BACKEND_URL": "s3://production",
    "PULUMI_CONFIG_PASSPHRASE": "a real one",
    "PULUMI_DEBUG_PROVIDERS": "aws:1234",
    "KWOK_KUBE_VERSION": "v1.20.0",
    "ETCD_LISTEN_CLIENT_URLS": "http://0.0.0.0:2379",
    "MOTO_S3_CUSTOM_ENDPOINTS": "http://example.test",
    "HTTP_PROXY": "http://proxy.example.test",
    "https_proxy": "http://proxy.example.test",
    "ALL_PROXY": "socks5://proxy.example.test",
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    ensure(progress_on())
    for name, value in LEADING_ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDITOR", "ed")
    return Lane.new(tmp_path / "lane").environment()


def test_nothing_of_the_user_leads_elsewhere(environment: dict[str, str]) -> None:
    assert {value for value in LEADING_ELSEWHERE.values() if value in environment.values()} == set()
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1,localhost,::1"
    assert environment["EDITOR"] == "ed"


def test_every_variable_of_the_engine_and_of_aws_is_the_lanes(environment: dict[str, str], tmp_path: Path) -> None:
    lane = str(tmp_path / "lane")
    assert environment["PULUMI_HOME"] == f"{lane}/pulumi"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{lane}/state?metadata=skip"
    assert not [name for name in environment if "PASSPHRASE" in name]
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert not environment["AWS_ACCESS_KEY_ID"].startswith("AKIA")


def test_every_program_of_the_lane_comes_first_on_path(environment: dict[str, str]) -> None:
    for name in (*(name for name, program in PROGRAMS.items() if program.of_the_lane), *PYTHON_PROGRAMS):
        found = shutil.which(name, path=environment["PATH"])
        assert found is not None, name
        assert Path(found) == binary(name), name
    found = shutil.which("python", path=environment["PATH"])
    assert found is not None
    assert Path(found).parent == Path(sys.executable).parent


def test_washing_leaves_the_environment_it_was_given_as_it_was() -> None:
    given = {"AWS_PROFILE": "production", "EDITOR": "ed"}
    assert "AWS_PROFILE" not in washed(given)
    assert given == {"AWS_PROFILE": "production", "EDITOR": "ed"}


def test_a_plugin_is_started_by_this_interpreter_wherever_it_is_called(tmp_path: Path) -> None:
    write_pulumi_home(tmp_path)
    programs = sorted(tmp_path.glob("plugins/*/pulumi-resource-*"))
    assert [program.name for program in programs] == [f"pulumi-resource-{name}" for name in sorted(PLUGINS)]
    script = plugin_script("aws").replace("-m tooling.plugins.aws", "-c 'import sys, tooling; print(sys.executable)'")
    (tmp_path / "probe").write_text(script)
    (tmp_path / "probe").chmod(0o700)
    answer = subprocess.run(
        [str(tmp_path / "probe")], env={"PATH": "/usr/bin:/bin"}, cwd="/", capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == sys.executable


def test_the_engine_of_the_lane_keeps_no_automatic_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "pulumi-1.log").write_text("")
    write_pulumi_home(tmp_path)
    engine = subprocess.run(
        [str(binary("pulumi")), "about"],
        env={"PULUMI_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
    )
    assert engine.returncode == 0, engine.stderr
    assert logs.is_file()


def test_a_plugin_of_another_environment_is_replaced_and_a_good_one_is_left(tmp_path: Path) -> None:
    write_pulumi_home(tmp_path)
    aws, eks = (next(tmp_path.glob(f"plugins/*/pulumi-resource-{name}")) for name in ("aws", "eks"))
    aws.write_text("#!/bin/sh\nexec /gone/python\n")
    before = eks.stat().st_ino
    write_pulumi_home(tmp_path)
    assert aws.read_text() == plugin_script("aws")
    assert os.access(aws, os.X_OK)
    assert eks.stat().st_ino == before

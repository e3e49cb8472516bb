"""Machines that cannot do are refused by name, before anything is made; one that is short of memory is told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from shared.errors import BadInput
from tooling.foreign_errors import with_hint
from tooling.lane.hosts import available_memory_bytes
from tooling.paths import REPOSITORY
from tooling.runner.engine import open_engine


def put_program(directory: Path, name: str, script: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


@pytest.mark.parametrize(
    ("system", "machine", "release", "told"),
    [
        ("MINGW64_NT-10.0", "x86_64", "3.4", "MINGW64_NT-10.0 on x86_64 is not supported"),
        ("FreeBSD", "amd64", "14.1", "FreeBSD on amd64 is not supported"),
        ("Linux", "riscv64", "6.1", "Linux on riscv64 is not supported"),
        ("Linux", "x86_64", "4.4.0-19041-Microsoft", "WSL 1 is not supported"),
    ],
)
def test_a_machine_that_cannot_do_is_refused_by_name(
    system: str, machine: str, release: str, told: str, tmp_path: Path
) -> None:
    put_program(tmp_path, "uname", f'case "$1" in -s) echo {system};; -m) echo {machine};; -r) echo {release};; esac')
    done = subprocess.run(
        [REPOSITORY / "tooling/bootstrap.sh"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"error[host-unsupported]: {told}" in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("limit", "used", "gibibytes"), [("max", 0, 6), (str(2 * 1024**3), 1024**3, 1)], ids=["machine", "container"]
)
def test_free_memory_is_what_the_machine_and_the_container_leave(
    limit: str, used: int, gibibytes: int, tmp_path: Path
) -> None:
    (tmp_path / "proc").mkdir()
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapFree: 2097152 kB\n")
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{used}\n")
    assert available_memory_bytes(tmp_path) == gibibytes * 1024**3
    assert available_memory_bytes(tmp_path / "elsewhere") is None


def test_an_engine_that_is_too_old_is_refused_with_both_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(tmp_path, "pulumi", "echo v3.100.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BadInput) as caught, open_engine("dev"):
        pass
    assert caught.value.code == "engine-too-old"
    assert caught.value.what == "Pulumi 3.100.0 does not fit: the programs need 3.259.0 or newer"
    assert caught.value.at == str(tmp_path / "pulumi")
    put_program(tmp_path, "pulumi", "echo v3.999.0; : changed")
    with open_engine("dev") as engine:
        assert engine.environment == "dev"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "operation error EC2: CreateVpc, https response error StatusCode: 400, RequestID: x, api error "
            "RequestExpired: Request has expired.",
            "hint: this machine's clock is wrong",
        ),
        ("operation error STS: x, api error ExpiredToken: The security token is expired", "hint: sign in again"),
        ("write /x/local.json: no space left on device", "hint: free some space"),
        (
            'resource "default/web" was not successfully created by the Kubernetes API server: '
            'deployments.apps "web" already exists',
            "hint: its label app.kubernetes.io/part-of names the application",
        ),
        ("operation error EC2: CreateVpc, api error InvalidParameterValue: no", None),
    ],
)
def test_what_the_released_plug_in_says_gets_the_same_hints(said: str, hint: str | None) -> None:
    told = with_hint(said)
    assert told.startswith(said)
    assert (told == said) if hint is None else (hint in told)
    assert with_hint(told) == told

"""The command line as a script sees it: exit codes, streams, JSON, and how much `--help` imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.paths import REPOSITORY

pytestmark = pytest.mark.process

TIERS = Path(sys.executable).parent / "tiers"


def tiers(*arguments: str, local: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(local), "TIERS_LOCAL_DIR": str(local), "NO_COLOR": "1"}
    return subprocess.run(
        [TIERS, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_help_imports_neither_pulumi_nor_an_aws_client(tmp_path: Path) -> None:
    script = (
        "import sys, tooling.cli.main as m\n"
        "try: m._run(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({n.split('.')[0] for n in sys.modules} & set('pulumi boto3 kubernetes networkx grpc'.split())))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (["up"], 2, "error[usage]: Missing option '--stack'"),
        (
            ["up", "--stack", "prd"],
            2,
            "error[environment-unknown]: there is no environment 'prd', did you mean \"prod\"?",
        ),
        (["graph", "tenant"], 2, "error[tier-without-graph]"),
        (["graph", "tenants", "x"], 2, "error[usage]"),
        (["up", "--stack", "local"], 2, "hint: tiers local up"),
        (["up", "--stack", "dev"], 2, "hint: export PLATFORM_ACCOUNT_ID=<12 digits>"),
        (["audit", "--remove"], 2, "error[audit-removes-in-aws-only]"),
        (["fly"], 2, "error[usage]: No such command 'fly'"),
    ],
    ids=["no-stack", "environment", "graph", "argument", "lane-down", "account", "audit", "command"],
)
def test_bad_input_ends_with_one_message_and_its_hint(
    tmp_path: Path, arguments: list[str], exit_code: int, says: str
) -> None:
    done = tiers(*arguments, local=tmp_path / "lane")
    assert done.returncode == exit_code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_failure_under_json_is_a_document_with_a_version(tmp_path: Path) -> None:
    done = tiers("status", "--stack", "local", "--json", local=tmp_path / "lane")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["version"] == 2
    assert document["error"]["code"] == "lane-down"
    assert document["error"]["hint"] == "tiers local up"
    assert done.stderr == ""


def test_env_points_a_shell_at_one_stack_outside_of_the_clone(tmp_path: Path) -> None:
    done = tiers("env", "tenants", "--tenant", "tenant-b", "--stack", "dev", local=tmp_path / "lane")
    directory = tmp_path / "lane/stacks/dev/tenants"
    *exports, last = done.stdout.splitlines()
    assert last == f"cd {directory}"
    assert "export PULUMI_STACK=dev.tenant-b" in exports
    assert "export PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true" in exports
    assert (directory / "Pulumi.dev.tenant-b.yaml").exists()
    document = json.loads(tiers("env", "infrastructure", "--stack", "dev", "--json", local=tmp_path / "lane").stdout)
    assert document["stack"] == "infrastructure/dev"
    assert document["variables"]["PULUMI_STACK"] == "dev"
    ambiguous = tiers("env", "tenants", "--stack", "dev", local=tmp_path / "lane")
    assert ambiguous.returncode == 2
    assert "hint: add --tenant <name>" in ambiguous.stderr


def test_graph_as_json_names_who_reads_whom(tmp_path: Path) -> None:
    done = tiers("graph", "--json", local=tmp_path / "lane")
    stacks = {row["stack"]: row["reads"] for row in json.loads(done.stdout)["stacks"]}
    assert stacks["demo/local"] == ["tenants/local.tenant-a"]
    assert stacks["infrastructure/local"] == []


def test_graph_of_the_add_ons_names_what_each_requires_and_whether_it_is_on(tmp_path: Path) -> None:
    done = tiers("graph", "platform-addons", "--stack", "dev", "--json", local=tmp_path / "lane")
    addons = {row["name"]: row for row in json.loads(done.stdout)["addons"]}
    assert addons["cluster-autoscaler"]["enabled"] is True
    assert addons["cluster-autoscaler"]["namespace"] == "kube-system"
    assert addons["cluster-autoscaler"]["version"].endswith(":v1.35.2")


def test_a_closed_pipe_is_an_ending_not_a_crash(tmp_path: Path) -> None:
    command = f"'{TIERS}' graph --format svg | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)

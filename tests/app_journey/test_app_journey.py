"""What an app team does all day, on a lane, with the credentials of its tenant's pipeline and no others.

The tests share one lane and run in the order in which they stand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.app_journey.deployment import APP, ENVIRONMENTS, JOURNEY, PODS, TENANT
from tests.app_journey.environments import two_environments
from tests.chain.clone import Clone
from tests.chain.deployed import deployed
from tooling.lane.environments import washed
from tooling.lane.state import REGION, Lane

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("app journey")]

STACK = ("--stack", "local")
FILE = f"applications/{APP}/Pulumi.local.yaml"
SERVICE = f"applications/{APP}/service"
PROGRAM = f"applications/{APP}/__main__.py"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The app team's clone: every command acts as the CI role of its tenant."""
    with deployed(tmp_path_factory.mktemp("journey"), JOURNEY) as clone:
        clone.variables["TIERS_LOCAL_CREDENTIALS"] = str(_credentials(clone))
        try:
            yield clone
        finally:
            del clone.variables["TIERS_LOCAL_CREDENTIALS"]


def _credentials(clone: Clone) -> Path:
    """A file with the keys of a session."""
    keys = _keys(clone)
    file = clone.local / "team-credentials"
    file.touch(mode=0o600)
    file.write_text("\n".join(["[default]", *(f"{name.lower()} = {value}" for name, value in keys.items()), ""]))
    return file


def _keys(clone: Clone) -> dict[str, str]:
    """Of a session of the tenant's CI role, as its pipeline gets them, by the names of environment variables."""
    lane = Lane.load(clone.local)
    assert lane is not None
    operator = boto3.Session(lane.access_key_id, lane.secret_access_key, region_name=REGION)
    sts = operator.client("sts", endpoint_url=lane.aws_endpoint)
    role = clone.outputs("tenants", f"local.{TENANT}")["ci_role_arn"]
    keys = sts.assume_role(RoleArn=role, RoleSessionName="pipeline")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def history(team: Clone) -> list[dict[str, Any]]:
    return team.tiers("app", "history", APP, *STACK, "--json").document["releases"]


def status(team: Clone, environment: str = "local") -> dict[str, Any]:
    return team.tiers("app", "status", APP, "--stack", environment, "--json").document


def set_version(team: Clone, version: str) -> None:
    """What a commit to the service does, after which the pipeline pushes another image."""
    file = team.path / SERVICE / "pyproject.toml"
    lines = [f'version = "{version}"' if line.startswith("version") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")


def stack_settings(team: Clone, environment: str = "local") -> dict[str, Any]:
    file = team.path / f"applications/{APP}/Pulumi.{environment}.yaml"
    return yaml.safe_load(file.read_text())["config"]


def test_the_team_has_no_credentials_but_its_own(team: Clone) -> None:
    lane = Lane.load(team.local)
    assert lane is not None
    for variables in (washed(), team.variables):
        leading = ("AWS_", "KUBE", "PULUMI_")
        assert [name for name in variables if name.startswith(leading)] == []
    used = team.tiers("env", "tenants", "--tenant", TENANT, *STACK, "--json").document["variables"]
    assert lane.access_key_id not in json.dumps(used)
    assert lane.secret_access_key not in json.dumps(used)
    assert not {name for name in used if "PASSPHRASE" in name or "KUBECONFIG" in name}
    assert used["AWS_ACCESS_KEY_ID"] != os.environ.get("AWS_ACCESS_KEY_ID")
    # A person with the platform's kubeconfig is somebody else.
    refused = team.kubectl(_kubeconfig(team), "get", "nodes", expect=1)
    assert "forbidden" in refused.stderr


def test_from_nothing_to_running_pods_in_two_commands_and_one_edited_file(team: Clone) -> None:
    team.tiers("app", "new", APP, "--tenant", TENANT)
    service = team.path / SERVICE / f"{APP}_service/application.py"
    service.write_text(service.read_text().replace("return greeting", 'return f"{greeting}!"'))
    team.tiers("up", "applications", "--app", APP, *STACK)
    now = status(team)
    (workload,) = now["workloads"]
    assert (workload["desired"], workload["ready"], workload["problems"]) == (1, 1, [])
    assert now["url"] == "http://tenant-a.example.com/"
    assert [(one["number"], one["result"]) for one in history(team)] == [(1, "succeeded")]
    assert "listening" in team.tiers("app", "logs", APP, *STACK).stdout


def test_a_release_is_deployed_by_the_digest_of_its_tag(team: Clone) -> None:
    set_version(team, "1.1.0")
    team.tiers("app", "release", APP, "v1.1.0", *STACK, "--yes")
    settings = stack_settings(team)
    assert settings[f"{APP}:image_tag"] == "v1.1.0"
    digest = settings[f"{APP}:image_digest"]
    (workload,) = status(team)["workloads"]
    assert workload["image"].endswith(f"@{digest}")
    assert workload["ready"] == 1


def test_an_unknown_version_is_refused_before_anything_is_sent(team: Clone) -> None:
    before, text = len(history(team)), (team.path / FILE).read_text()
    refused = team.tiers("app", "release", APP, "v1.1.1", *STACK, "--yes", expect=2)
    assert "error[image-unknown]" in refused.stderr
    assert 'did you mean "v1.1.0"?' in refused.stderr
    assert (len(history(team)), (team.path / FILE).read_text()) == (before, text)


def test_a_change_of_settings_is_a_release_too(team: Clone) -> None:
    shown = team.tiers("app", "configure", APP, "greeting=Good morning", "max_replicas=3", *STACK, "--yes").stderr
    assert "greeting: Hello from shop → Good morning" in shown
    assert "max_replicas: 2 → 3" in shown
    (workload,) = status(team)["workloads"]
    assert (workload["ready"], workload["problems"]) == (1, [])
    assert history(team)[-1]["settings"]["greeting"] == "Good morning"


def test_a_rollback_brings_back_image_and_settings(team: Clone) -> None:
    shown = team.tiers("app", "rollback", APP, "--to", "1", *STACK, "--yes").stderr
    assert "back to release 1" in shown
    assert "greeting: Good morning → Hello from shop" in shown
    first, *_, last = history(team)
    assert last["settings"] == first["settings"]
    (workload,) = status(team)["workloads"]
    assert workload["image"].endswith(":v1.0.0")


def test_a_promotion_deploys_the_digest_that_runs_in_one_environment_to_the_other(
    team: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with two_environments(team, tmp_path_factory.mktemp("environments"), _keys(team)):
        team.tiers("app", "release", APP, "v1.0.0", "--stack", "dev", "--yes")
        team.tiers("app", "configure", APP, "greeting=Hello from dev", "--stack", "dev", "--yes")
        before = yaml.safe_load((team.path / f"applications/{APP}/Pulumi.staging.yaml").read_text())["config"]
        shown = team.tiers("app", "promote", APP, "dev", "staging", "--yes").stderr
        digest = stack_settings(team, "dev")[f"{APP}:image_digest"]
        assert f"image_digest: (empty) → {digest}" in shown
        # The image and nothing else: the settings of an environment are its own.
        promoted = {**before, f"{APP}:image_tag": "v1.0.0", f"{APP}:image_digest": digest}
        assert stack_settings(team, "staging") == promoted
        for environment, namespace in ENVIRONMENTS.items():
            now = status(team, environment)
            (workload,) = now["workloads"]
            assert (workload["namespace"], workload["problems"]) == (namespace, [])
            assert workload["ready"] == workload["desired"]
            assert workload["image"].endswith(f"@{digest}")
            assert now["release"]["result"] == "succeeded"
        differing = team.tiers("app", "diff", APP, "dev", "staging", "--json").document["settings"]
        assert differing["greeting"] == {"dev": "Hello from dev", "staging": f"Hello from {APP}"}
        assert "image_digest" not in differing


@contextmanager
def edited(file: Path, *replacements: tuple[str, str]) -> Iterator[None]:
    """Within the block, the file has other text."""
    before = file.read_text()
    after = before
    for old, new in replacements:
        assert old in after
        after = after.replace(old, new, 1)
    file.write_text(after)
    try:
        yield
    finally:
        file.write_text(before)


def failed_release(team: Clone, version: str, seconds: int) -> str:
    """What a release says that fails after so many seconds, before the hint; it names the command to go back."""
    patient = "        tenant=tenant,\n"
    with edited(team.path / PROGRAM, (patient, f"{patient}        rollout_seconds={seconds},\n")):
        set_version(team, version)
        failed = team.tiers("app", "release", APP, f"v{version}", *STACK, "--yes", expect=1)
    said, _, hint = failed.stderr.rstrip().rpartition("\n")
    assert hint == f"hint: tiers app rollback {APP} --stack local"
    assert history(team)[-1]["result"] == "failed"
    return said


def go_back(team: Clone) -> None:
    # The Deployment has the condition of the failed rollout until its pods are gone, so that a rollback within that
    # time can be reported as failed; the next run waits for the same rollout.
    if team.tiers("app", "rollback", APP, *STACK, "--yes", expect=None).exit_code:
        team.tiers("up", "applications", "--app", APP, *STACK)
    assert stack_settings(team)[f"{APP}:image_tag"] == "v1.0.0"
    (workload,) = status(team)["workloads"]
    assert (workload["ready"], workload["problems"]) == (1, [])


def test_a_release_that_crashes_says_so_in_the_pods_own_words_and_how_to_go_back(team: Clone) -> None:
    main = team.path / SERVICE / f"{APP}_service/__main__.py"
    start = "def main() -> int:\n"
    with edited(main, (start, f'{start}    sys.exit("no database")\n')):
        said = failed_release(team, "1.2.0", 15)
    assert "not healthy: crashed: container shop exited with 1" in said
    go_back(team)


def test_a_release_whose_probe_fails_says_what_the_probe_was_answered(team: Clone) -> None:
    service = team.path / SERVICE / f"{APP}_service/application.py"
    with edited(service, ('"/health/ready"', '"/healthy"')):
        said = failed_release(team, "1.3.0", 15)
    assert "not healthy: probe failing: Readiness probe failed: HTTP probe failed with statuscode: 404" in said
    go_back(team)


HARDENED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def deployment(name: str, replicas: int, memory: str, *, seconds: int) -> dict[str, Any]:
    """As a team writes it by hand; its pods have no image of the team's, so that they are simulated."""
    container = {
        "name": name,
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": memory}},
        "securityContext": HARDENED,
    }
    pod = {
        "automountServiceAccountToken": False,
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "serviceAccountName": "tenant",
    }
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": TENANT},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": seconds,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def test_a_release_without_room_in_the_quota_says_which_row_is_used_up(team: Clone) -> None:
    """A preview knows the application's own pods alone; what else runs in the namespace, the API server knows."""
    file = team.local / "neighbour.json"
    file.write_text(json.dumps(deployment("neighbour", PODS - 1, "16Mi", seconds=300)))
    kubeconfig = _kubeconfig(team)
    team.kubectl(kubeconfig, "create", "-f", str(file))
    team.kubectl(kubeconfig, "rollout", "status", "deployment/neighbour", "--namespace", TENANT)
    said = failed_release(team, "1.4.0", 10)
    assert "not healthy: refused by quota: " in said
    assert f"exceeded quota: quota, requested: pods=1, used: pods={PODS}, limited: pods={PODS}" in said
    team.kubectl(kubeconfig, "delete", "-f", str(file), "--wait")
    go_back(team)


def test_a_release_whose_pods_are_refused_says_what_they_violate(team: Clone) -> None:
    spec = deployment("large", 1, "5Gi", seconds=10)["spec"]
    resource = (
        f'apps.Deployment("large", metadata={{"name": "large", "namespace": "{TENANT}"}}, spec={spec}, opts=here)'
    )
    with added(team, f"from pulumi_kubernetes.apps import v1 as apps\n{resource}"):
        said = failed_release(team, "1.5.0", 30)
    assert "not healthy: refused by policy: " in said
    assert "maximum memory usage per Container is 4Gi, but limit is 5Gi" in said
    team.tiers("up", "applications", "--app", APP, *STACK)
    (workload,) = status(team)["workloads"]
    assert (workload["ready"], workload["problems"]) == (1, [])


OUTSIDE = {
    "cluster-scoped": 'core.Namespace("x", metadata={"name": "tenant-a-more"}, opts=here)',
    "bare pod": (
        'core.Pod("x", metadata={"name": "x", "namespace": "tenant-a"}, '
        'spec={"containers": [{"name": "x", "image": "registry.k8s.io/pause:3.9"}]}, opts=here)'
    ),
}
"""Resources that the program may not have."""


@pytest.mark.parametrize(
    ("what", "policy"),
    [("cluster-scoped", "application-in-its-namespace"), ("bare pod", "no-bare-pod")],
)
def test_what_no_application_may_have_is_refused_by_policy_in_the_preview(team: Clone, what: str, policy: str) -> None:
    with added(team, OUTSIDE[what]):
        refused = team.tiers("preview", "applications", "--app", APP, *STACK, expect=1)
    assert policy in refused.stdout + refused.stderr


OBJECTS = {
    "another namespace": {"kind": "ConfigMap", "metadata": {"name": "x", "namespace": "tenant-b"}},
    "cluster-scoped": {"kind": "Namespace", "metadata": {"name": "tenant-a-more"}},
    "bare pod": {
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "tenant-a"},
        "spec": {"containers": [{"name": "x", "image": "registry.k8s.io/pause:3.9"}]},
    },
}
"""What the team's own credentials may not create, without any policy of the engine in between."""


@pytest.mark.parametrize("what", OBJECTS)
def test_without_policies_the_api_server_refuses_it(team: Clone, what: str) -> None:
    file = team.local / "outside.json"
    file.write_text(json.dumps({"apiVersion": "v1", **OBJECTS[what]}))
    refused = team.kubectl(_kubeconfig(team), "create", "-f", str(file), expect=1)
    assert "forbidden" in refused.stderr


@contextmanager
def added(team: Clone, resource: str) -> Iterator[None]:
    """Within the block, the program has one resource more."""
    program = team.path / PROGRAM
    before = program.read_text()
    more = "\nfrom pulumi_kubernetes.core import v1 as core\nhere = pulumi.ResourceOptions(provider=cluster)\n"
    program.write_text(f"{before}{more}{resource}\n")
    try:
        yield
    finally:
        program.write_text(before)


def _kubeconfig(team: Clone) -> Path:
    path = team.local / "team.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(team.tiers("kubeconfig", *STACK, "--tenant", TENANT).stdout)
    return path

"""All four tiers, already deployed: one change, drift, a deletion that is held, two runs at once.

The tests share one deployed chain and run in file order; the `up` at the end shows that nothing is left to do.
`test_from_nothing` covers the deployment on an empty lane.
"""

from __future__ import annotations

import http.client
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from shared.dry_runs import dry_run
from tests.chain.clone import Clone
from tests.tenants.kubelet import wait
from tooling.imported_clusters.facts import GIVEN
from tooling.lane.state import REGION, Lane
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("whole chain")]

ONE = ("--tenant", "tenant-b", "--stack", "local")


@contextmanager
def more_pods(chain: Clone) -> Iterator[None]:
    """Raises the pods in tenant B's quota by seven."""
    file = chain.path / "tenants/catalog/tenant-b.yaml"
    before = file.read_text()
    changed = re.sub(r"(pods: *)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 7}", before, count=1)
    assert changed != before
    file.write_text(changed)
    try:
        yield
    finally:
        file.write_text(before)


def test_demo_answers_at_the_address_that_open_prints(chain: Clone) -> None:
    opened = chain.tiers("open", "demo", "--print").stdout.strip()
    assert chain.tiers("app", "url", "demo").stdout == "http://tenant-a.example.com/\n"
    address = urlsplit(opened)
    assert address.hostname == "127.0.0.1"
    # A restored lane starts the process again: the proxy answers 503 until it is ready.
    wait(lambda: _get(opened) == (200, "Welcome to the demo"), "the demo to answer")
    assert json.loads(_get(f"{opened}api")[1]) == {"message": "Welcome to the demo API", "version": "1.0.0"}
    assert json.loads(_get(f"{opened}health")[1])["status"] == "pass"
    # The address stays.
    assert chain.tiers("open", "demo", "--json").document["url"] == opened


def _get(url: str) -> tuple[int, str]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=30)
    connection.request("GET", address.path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_what_tiers_render_writes_is_what_pulumi_has_made(chain: Clone, cluster_admin: Path, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    repository = ("--repository", "https://example.com/platform.git")
    chain.tiers("render", "demo", "--stack", "local", "--out", str(out), *repository)
    overlay = str(out / "overlays/local")
    # What Pulumi sent is in its state.
    written = _by_name(yaml.safe_load_all(chain.kubectl(cluster_admin, "kustomize", overlay).stdout))
    sent = _by_name(one["inputs"] for one in chain.resources("demo") if one["type"].startswith("kubernetes:"))
    assert {kind for kind, _ in written} == {
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "PodDisruptionBudget",
        "Service",
    }
    assert written == sent
    # Applied by another manager, no object changes, and none is replaced.
    before = _live_objects(chain, cluster_admin, overlay)
    server_side = ("--server-side", "--field-manager=rendered", "-k", overlay)
    chain.kubectl(cluster_admin, "diff", *server_side)
    chain.kubectl(cluster_admin, "apply", *server_side)
    assert _live_objects(chain, cluster_admin, overlay) == before
    # Rendered again, it is the same.
    files = {path: path.read_text() for path in out.rglob("*.yaml")}
    chain.tiers("render", "demo", "--stack", "local", "--out", str(out), *repository)
    assert {path: path.read_text() for path in out.rglob("*.yaml")} == files


def _by_name(objects: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects without Pulumi's own annotations."""
    found = {}
    for one in objects:
        metadata = {**one["metadata"]}
        annotations = metadata.pop("annotations", {})
        kept = {key: value for key, value in annotations.items() if not key.startswith("pulumi.com/")}
        metadata |= {"annotations": kept} if kept else {}
        found[one["kind"], metadata["name"]] = {**one, "metadata": metadata}
    return found


def _live_objects(chain: Clone, kubeconfig: Path, overlay: str) -> dict[tuple[str, str], Any]:
    """Spec and data of each live object, with its uid and generation."""
    items = chain.kubectl(kubeconfig, "get", "-k", overlay, "-o", "json").document["items"]
    return {
        (one["kind"], one["metadata"]["name"]): (
            *(one["metadata"].get(key) for key in ("uid", "generation", "labels", "annotations")),
            one.get("spec"),
            one.get("data"),
        )
        for one in items
    }


def test_yaml_is_applied_as_the_tenants_deployer_and_answers_as_the_demo_does(chain: Clone) -> None:
    stack = ("dusk", "--stack", "local")
    chain.tiers("manifests", "apply", *stack, "--dry-run")
    applied = chain.tiers("manifests", "apply", *stack, "--yes", "--json").document
    assert applied["urls"] == ["http://dusk.tenant-a.example.com/"]
    chain.tiers("manifests", "apply", "dawn", "--stack", "local", "--yes")
    compare = ("manifests", "compare", "demo", "dusk", "dawn", "--stack", "local", "--json")
    wait(lambda: chain.tiers(*compare, expect=None).exit_code == 0, "the three services to answer the same")
    services = chain.tiers(*compare).document["services"]
    assert [(one["name"], one["deployed_by"]) for one in services] == [
        ("demo", "Pulumi"),
        ("dusk", "kubectl"),
        ("dawn", "kubectl"),
    ]
    api = '200 {"message":"Welcome to the demo API","version":"1.0.0"}'
    assert [one["answers"] for one in services] == [["200 Welcome to the demo", api]] * 3
    chain.tiers("manifests", "delete", "dawn", "--stack", "local", "--yes")
    unchanged = chain.tiers("manifests", "diff", *stack, "--json").document
    assert (unchanged["changed"], unchanged["diff"]) == (False, "")

    configuration = chain.path / "applications/dusk/base/configmap.env"
    before = configuration.read_text()
    configuration.write_text(before.replace("ROOT_RESPONSE=Welcome to the demo", "ROOT_RESPONSE=Good evening"))
    assert "Good evening" in chain.tiers("manifests", "diff", *stack).stdout
    chain.tiers("manifests", "apply", *stack, "--yes")
    wait(lambda: _get_host(chain, "dusk.tenant-a.example.com") == (200, "Good evening"), "dusk to have changed")
    chain.tiers("manifests", "undo", *stack, "--yes")
    wait(lambda: _get_host(chain, "dusk.tenant-a.example.com") == (200, "Welcome to the demo"), "dusk to be back")
    configuration.write_text(before)


def test_the_contract_of_a_cluster_is_imported_from_eks_as_tier_1_has_published_it(
    chain: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane's cluster, seen from an environment that has not made it."""
    published = chain.outputs("infrastructure")
    given = tmp_path / "given.yaml"
    given.write_text(yaml.safe_dump({field: published[field] for field in GIVEN}))
    for name, value in _operator(chain, tmp_path).items():
        monkeypatch.setitem(chain.variables, name, value)
    cluster = published["cluster_name"]
    arguments = ("contract", "import", "dev", "--from-eks", cluster, "--file", str(given))
    chain.tiers(*arguments)
    imported = chain.tiers("outputs", "infrastructure", "--stack", "dev", "--json").document["outputs"]
    assert imported.pop("imported_from") == published["cluster_arn"]
    # EKS knows node groups by their full names, and the add-ons of tier 2 too.
    assert list(imported.pop("node_versions").values()) == list(published.pop("node_versions").values())
    assert imported.pop("addon_versions").items() > published.pop("addon_versions").items()
    assert imported == published
    imported = chain.tiers("outputs", "infrastructure", "--stack", "dev", "--json").document["outputs"]
    # Again, it is replaced by itself.
    chain.tiers(*arguments)
    # A program of the next tier runs with it.
    run = dry_run(REPOSITORY / "platform-addons", stack="dev", upstream=lambda _: imported)
    assert run.resources
    given.write_text(given.read_text() + "vpc_cidr: 10.9.0.0/16\n")
    refused = chain.tiers(*arguments, "--dry-run", expect=2)
    assert "error[contract-disagrees]: `vpc_cidr` is '10.9.0.0/16' in the file" in refused.stderr


def test_the_record_of_a_cluster_that_tier_1_made_is_not_replaced(chain: Clone, tmp_path: Path) -> None:
    cluster = chain.outputs("infrastructure")["cluster_name"]
    arguments = ("contract", "import", "local", "--from-eks", cluster, "--file", str(tmp_path / "any.yaml"))
    assert "error[infrastructure-deployed]" in chain.tiers(*arguments, expect=3).stderr


def _operator(chain: Clone, directory: Path) -> dict[str, str]:
    """Variables of somebody with an account, which is the lane's, and a backend of their own."""
    lane = Lane.load(chain.local)
    assert lane is not None
    (directory / "states").mkdir()
    return {
        "PATH": lane.environment()["PATH"],
        "AWS_ENDPOINT_URL": lane.aws_endpoint,
        "AWS_ACCESS_KEY_ID": lane.access_key_id,
        "AWS_SECRET_ACCESS_KEY": lane.secret_access_key,
        "AWS_REGION": REGION,
        "PLATFORM_ACCOUNT_ID": "123456789012",
        "TIERS_BACKEND_URL": f"file://{directory / 'states'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(directory / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def test_an_object_that_pulumi_owns_is_refused(chain: Clone) -> None:
    """The demo's name in dusk's files: each tool would undo what the other one changes."""
    service = chain.path / "applications/dusk/base/service.yaml"
    before = service.read_text()
    service.write_text(before.replace("name: dusk\n", "name: demo\n", 1))
    refused = chain.tiers("manifests", "apply", "dusk", "--stack", "local", "--yes", expect=3)
    service.write_text(before)
    assert "error[owned-elsewhere]: Service demo in tenant-a belongs to pulumi-kubernetes" in refused.stderr


def test_what_yaml_has_made_is_deleted_whole(chain: Clone, cluster_admin: Path) -> None:
    chain.tiers("manifests", "delete", "dusk", "--stack", "local", "--yes")
    kinds = "deployments,services,configmaps,ingresses,horizontalpodautoscalers,poddisruptionbudgets"
    selected = ("-n", "tenant-a", "-l", "app.kubernetes.io/part-of=dusk", "-o", "name")
    wait(lambda: chain.kubectl(cluster_admin, "get", kinds, *selected).stdout == "", "dusk to be gone")


def _get_host(chain: Clone, host: str) -> tuple[int, str]:
    """Asks the lane's load balancer for one host."""
    lane = Lane.load(chain.local)
    assert lane is not None
    connection = http.client.HTTPConnection("127.0.0.1", lane.ports.ingress, timeout=30)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_one_tenants_quota_is_exactly_one_change(chain: Clone) -> None:
    with more_pods(chain):
        document = chain.tiers("preview", "--stack", "local", "--expect-no-changes", "--json", expect=4).document
        resources = {stack["stack"]: stack["resources"] for stack in document["stacks"] if stack["resources"]}
        assert list(resources) == ["tenants/local.tenant-b"]
        (quota,) = resources["tenants/local.tenant-b"]
        assert (quota["operation"], quota["type"]) == ("update", "kubernetes:core/v1:ResourceQuota")
        assert [change["path"] for change in quota["changes"]] == ["spec.hard.pods"]
        up = chain.tiers("up", "tenants", *ONE, "--json").document
        assert up["stacks"][0]["changes"]["update"] == 1


def test_what_somebody_changed_in_the_cluster_is_shown_by_previews_and_taken_back_by_up(
    chain: Clone, cluster_admin: Path
) -> None:
    """Two tools edit one object, and an object of another tenant is deleted."""
    # The test above updated the quota: from then on the API server reports conflicts to a dry run.
    get = ("get", "resourcequota", "quota", "-n", "tenant-b", "-o", "yaml")
    edited = {"kubectl-edit": ("pods", "3"), "k9s": ("requests.cpu", "1")}
    for tool, (resource, value) in edited.items():
        patch = f'{{"spec": {{"hard": {{"{resource}": "{value}"}}}}}}'
        edit = ("patch", "resourcequota", "quota", "-n", "tenant-b", "--field-manager", tool)
        chain.kubectl(cluster_admin, *edit, "--type", "merge", "--patch", patch)
    chain.kubectl(cluster_admin, "delete", "limitrange", "--all", "-n", "tenant-c")

    preview = ("preview", "tenants", *ONE, "--expect-no-changes", "--json")
    with more_pods(chain):
        chain.tiers(*preview)
        (stack,) = chain.tiers(*preview, "--refresh", expect=4).document["stacks"]
        assert [(one["operation"], one["type"]) for one in stack["resources"]] == [
            ("update", "kubernetes:core/v1:ResourceQuota")
        ]
        code, text = chain.python("from tooling.workflows.drift import compare; print(*compare('local'))").split(" ", 1)
        assert code == "4", text
        wanted = yaml.safe_load((chain.path / "tenants/catalog/tenant-b.yaml").read_text())["quota"]["pods"]
        quota = (
            "tenants/local.tenant-b\n  ~ update kubernetes:core/v1:ResourceQuota tenant-b-quota\n"
            f"      spec.hard.pods: 3 → {wanted}\n"
            '      spec.hard["requests.cpu"]: 1 → 2\n'
        )
        assert quota in text, text
        assert "tenants/local.tenant-c\n  + create kubernetes:core/v1:LimitRange tenant-c-limits\n" in text, text
        assert " refresh kubernetes:" not in text, text
    # Without a refresh the engine does not know of the edits, and the dry run meets them.
    chain.tiers(*preview, expect=4)

    chain.tiers("up", "tenants", "--stack", "local", "--refresh")
    hard = yaml.safe_load(chain.kubectl(cluster_admin, *get).stdout)["spec"]["hard"]
    catalog = yaml.safe_load((chain.path / "tenants/catalog/tenant-b.yaml").read_text())
    assert (hard["pods"], hard["requests.cpu"]) == (str(catalog["quota"]["pods"]), catalog["quota"]["requests.cpu"])
    assert "limitrange" in chain.kubectl(cluster_admin, "get", "limitrange", "-n", "tenant-c", "-o", "name").stdout


def test_what_holds_a_namespace_is_named_while_it_is_destroyed_and_the_hint_ends_it(
    chain: Clone, cluster_admin: Path
) -> None:
    chain.kubectl(cluster_admin, "create", "configmap", "held", "-n", "tenant-c")
    # Only controllers may put finalizers on what is in a tenant's namespace; this one never takes its own off.
    controller = ("--as", "system:serviceaccount:kube-system:generic-garbage-collector")
    finalizer = '{"metadata": {"finalizers": ["example.com/stay"]}}'
    patch = ("patch", "configmap", "held", "-n", "tenant-c", "--type", "merge", "--patch", finalizer)
    chain.kubectl(cluster_admin, *patch, *controller)

    with chain.start("destroy", "tenants", "--tenant", "tenant-c", "--stack", "local", "--yes") as destroying:
        assert destroying.stderr is not None
        said: list[str] = []
        for line in destroying.stderr:
            said.append(line)
            if "kubectl --kubeconfig .local/kubeconfig patch configmaps held" in line:
                break
        assert said
        told = "".join(said)
        assert "warning[deletion-held]: Namespace tenant-c was deleted and is still there: configmaps held has" in told
        assert "example.com/stay" in told
        command = shlex.split(said[-1])
        chain.kubectl(cluster_admin, *command[command.index("patch") :])
        rest = destroying.stderr.read()
        assert destroying.wait() == 0, told + rest

    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local")


def test_a_wrong_setting_is_bad_input_and_sends_nothing(chain: Clone) -> None:
    record = chain.local / "state/.pulumi/stacks/infrastructure/local.json"
    file = chain.path / "infrastructure/Pulumi.local.yaml"
    before, recorded = file.read_text(), record.read_bytes()
    file.write_text(before + "  infrastructure:vpc_cdr: 10.0.0.0/16\n")
    try:
        refused = chain.tiers("up", "infrastructure", "--stack", "local", expect=2)
    finally:
        file.write_text(before)
    assert 'error[settings-invalid]: unknown key `vpc_cdr`, did you mean "vpc_cidr"?' in refused.stderr
    assert record.read_bytes() == recorded


def test_the_platform_is_not_destroyed_under_its_tenants(chain: Clone) -> None:
    refused = chain.tiers("destroy", "infrastructure", "--stack", "local", "--yes", expect=3)
    assert "error[live-dependants]" in refused.stderr
    assert "hint: tiers destroy" in refused.stderr


def test_a_second_up_waits_for_the_first_which_changes_nothing_and_says_so(chain: Clone) -> None:
    first = chain.start("up", "--stack", "local")
    second = chain.start("up", "tenants", *ONE)
    said = {first.pid: first.communicate()[1], second.pid: second.communicate()[1]}
    assert (first.returncode, second.returncode) == (0, 0), said
    assert sum("waiting for `tiers up --stack local` (process" in text for text in said.values()) == 1, said
    assert all("Nothing changed." in text for text in said.values()), said


def test_the_clone_stays_clean(chain: Clone) -> None:
    assert chain.git("status", "--porcelain") == ""

"""What somebody changed or holds in the cluster behind the stacks: previews show it, `up` and `destroy` deal with it.

The tests share one deployed chain and run in the order in which they stand.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.chain.clone import Clone

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("changed in the cluster")]


@pytest.mark.parametrize("tool", ["kubectl-edit", "k9s"])
def test_what_somebody_changed_in_the_cluster_is_shown_by_every_preview_and_taken_back_by_up(
    chain: Clone, admin: Path, tool: str
) -> None:
    # A quota that was updated before: from then on the API server reports conflicts to a dry run.
    get = ("get", "resourcequota", "quota", "-n", "tenant-b", "-o", "yaml")
    quota = yaml.safe_load(chain.kubectl(admin, *get).stdout)
    wanted = quota["spec"]["hard"]["pods"]
    edit = ("patch", "resourcequota", "quota", "-n", "tenant-b", "--field-manager", tool)
    chain.kubectl(admin, *edit, "--type", "merge", "--patch", '{"spec": {"hard": {"pods": "3"}}}')

    preview = ("preview", "tenants", "--tenant", "tenant-b", "--stack", "local", "--expect-no-changes", "--json")
    chain.tiers(*preview)
    (stack,) = chain.tiers(*preview, "--refresh", expect=4).document["stacks"]
    assert [(one["operation"], one["type"]) for one in stack["resources"]] == [
        ("update", "kubernetes:core/v1:ResourceQuota")
    ]
    code, text = chain.python("from tooling.workflows.drift import compare; print(*compare('local'))").split(" ", 1)
    drifted = f"~ update kubernetes:core/v1:ResourceQuota tenant-b-quota\n      spec.hard.pods: 3 → {wanted}\n"
    assert (code, drifted in text) == ("4", True), text
    assert " refresh kubernetes:" not in text, text

    file = chain.path / "tenants/catalog/tenant-b.yaml"
    before = file.read_text()
    file.write_text(re.sub(r"(pods: *)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 7}", before, count=1))
    try:
        # Without a refresh the engine does not know of the edit, and the dry run meets it.
        chain.tiers(*preview, expect=4)
    finally:
        file.write_text(before)

    chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local", "--refresh")
    quota = yaml.safe_load(chain.kubectl(admin, *get).stdout)
    assert quota["spec"]["hard"]["pods"] == wanted


def test_what_holds_a_namespace_is_named_while_it_is_destroyed_and_the_hint_ends_it(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "create", "configmap", "held", "-n", "tenant-c")
    # Only controllers may put finalizers on what is in a tenant's namespace; this one never takes its own off.
    controller = ("--as", "system:serviceaccount:kube-system:generic-garbage-collector")
    finalizer = '{"metadata": {"finalizers": ["example.com/stay"]}}'
    patch = ("patch", "configmap", "held", "-n", "tenant-c", "--type", "merge", "--patch", finalizer)
    chain.kubectl(admin, *patch, *controller)

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
        chain.kubectl(admin, *command[command.index("patch") :])
        rest = destroying.stderr.read()
        assert destroying.wait() == 0, told + rest

    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")

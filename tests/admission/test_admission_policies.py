"""The admission policies on a real API server: each attack refused by the policy that is for it, each control admitted.

Attacks come from one who may do everything in the namespace, or from a controller of Kubernetes, so that nothing but
the policy stands in the way.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from shared.testing import run_program
from tests.admission.attacks import ATTACKS, Attack, attacked
from tests.admission.controls import ALLOWED, BY_DEPLOYER, CONTROLS, POD_SPEC
from tests.admission.guide import EXAMPLES
from tests.admission.world import (
    DEPLOYER,
    LOAD_BALANCER_CONTROLLER,
    NAMESPACE_MAKER,
    OWNER,
    PLATFORM,
    REPLICA_SETS,
    TENANT,
    TOLERATED,
    UNGUARDED,
    VOLUME_PROVISIONER,
    World,
    altered,
    cluster_binding,
    make_tenant,
    namespace,
    policies,
    rendered,
)
from tests.attack.admission import record_admission
from tests.attack.attempts import Ledger
from tests.charts import rendered_chart
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

_BY_HOST = next(attack for attack in ATTACKS if attack.policy == "ingresses-hosts")
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e-0000-4000-8000-000000000000"
EPHEMERAL = "/ephemeralcontainers"
POLICY, NAMES = "ValidatingAdmissionPolicy", "tenant-"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_is_refused_by_the_policy_that_is_for_it(world: World, ledger: Ledger, attack: Attack) -> None:
    unguarded = altered(attacked(attack), {"metadata.namespace": UNGUARDED})
    assert world.create(unguarded, attack.actor, dry_run=True).admitted
    verdict = world.create(attacked(attack), attack.actor, dry_run=True)
    record_admission(ledger, attack.id, attack.policy, attack.actor, verdict)
    assert verdict.status == 403, verdict
    assert f"{POLICY} '{NAMES}{attack.policy}'" in verdict.message
    assert attack.says in verdict.message


@pytest.mark.parametrize("name", CONTROLS)
def test_the_same_without_the_attack_is_admitted(world: World, name: str) -> None:
    actor = REPLICA_SETS if name == "pod" else OWNER
    verdict = world.create(CONTROLS[name], actor, dry_run=True)
    assert verdict.admitted, verdict


@pytest.mark.parametrize("name", ALLOWED)
def test_the_tenants_deployers_may_also_write(world: World, name: str) -> None:
    of, changes = ALLOWED[name]
    verdict = world.create(altered(CONTROLS[of], changes), DEPLOYER, dry_run=True)
    assert verdict.admitted, verdict


def test_an_ingress_is_internal_where_the_tenants_load_balancer_is(world: World) -> None:
    scheme = "metadata.annotations.alb\\.ingress\\.kubernetes\\.io/scheme"
    body = altered(CONTROLS["ingress"], {"metadata.namespace": "bare", scheme: "internal"})
    verdict = world.create(body, OWNER, dry_run=True)
    assert verdict.admitted, verdict


@pytest.mark.parametrize("name", BY_DEPLOYER)
def test_the_tenants_deployers_may_make_it(world: World, name: str) -> None:
    verdict = world.create(CONTROLS[name], DEPLOYER, dry_run=True)
    assert verdict.admitted, verdict


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_the_guide_shows_is_admitted_from_the_tenants_deployers(world: World, name: str) -> None:
    verdict = world.create(EXAMPLES[name], DEPLOYER, dry_run=True)
    assert verdict.admitted, verdict
    template = EXAMPLES[name]["spec"].get("template")
    if template is not None:
        # Pod Security only warns of a template.
        metadata = {**template["metadata"], "name": "of-the-guide", "namespace": TENANT}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        verdict = world.create(pod, REPLICA_SETS, dry_run=True)
        assert verdict.admitted, verdict


@pytest.mark.parametrize(("config", "count"), [({}, 6), ({"certificate_arn": CERTIFICATE}, 7)], ids=["plain", "tls"])
def test_the_demo_application_passes_as_its_deployers_write_it(
    world: World, config: dict[str, str], count: int
) -> None:
    objects = rendered(run_program(REPOSITORY / "applications/demo", stack="dev", config=config))
    assert len(objects) == count
    for body in objects:
        # Kubernetes' name for one without: the engine's own would be longer.
        named = altered(body, {"metadata.name": body["metadata"].get("name", "generated")})
        verdict = world.create(named, DEPLOYER, dry_run=True)
        assert verdict.admitted, (body["kind"], verdict)


@pytest.mark.parametrize(("certificate", "count"), [("", 6), (CERTIFICATE, 7)], ids=["plain", "tls"])
def test_the_demos_chart_passes_as_its_deployers_install_it(world: World, certificate: str, count: int) -> None:
    values = {
        "image": {"repository": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo"},
        "ingress": {"host": "tenant-a.example.com", "certificateArn": certificate},
    }
    done = rendered_chart(REPOSITORY / "applications/demo/chart", values, release="demo", namespace=TENANT)
    objects = [body for body in yaml.safe_load_all(done.stdout) if body]
    assert len(objects) == count, done.stderr
    for body in objects:
        verdict = world.create(body, DEPLOYER, dry_run=True)
        assert verdict.admitted, (body["kind"], verdict)


def test_every_policy_has_an_attack_and_is_known_to_the_server_without_a_warning(world: World) -> None:
    made = [body for body in policies() if body["kind"] == POLICY]
    attacked_policies = {attack.policy for attack in ATTACKS} | {"namespaces-of-tenants"}
    assert {body["metadata"]["name"] for body in made} == {f"{NAMES}{policy}" for policy in attacked_policies}
    for body in made:
        name = body["metadata"]["name"]
        world.wait(f"{name} is checked", lambda body=body: _status(world, body).get("typeChecking") is not None)
        assert _status(world, body)["typeChecking"].get("expressionWarnings", []) == [], name


def _status(world: World, body: dict[str, Any]) -> dict[str, Any]:
    found = world.get(body)
    assert found is not None
    return found.get("status", {})


@pytest.fixture(scope="module")
def rails(world: World) -> list[dict[str, Any]]:
    """The network policies that the platform made for the tenant."""
    found = world.list(CONTROLS["networkpolicy"])
    assert len(found) > 3
    return [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **body} for body in found]


def test_the_rails_cannot_be_deleted_one_by_one(world: World, rails: list[dict[str, Any]]) -> None:
    verdict = world.delete(rails[0], OWNER)
    assert f"{NAMES}objects-of-the-platform" in verdict.message
    assert world.delete(rails[0], PLATFORM, dry_run=True).admitted


def test_nor_all_at_once(world: World, rails: list[dict[str, Any]]) -> None:
    verdict = world.delete_all(rails[0], OWNER)
    assert verdict.status == 403
    assert f"{NAMES}objects-of-the-platform" in verdict.message
    assert len(world.list(rails[0])) == len(rails)


def test_nor_after_their_label_is_taken_off(world: World, rails: list[dict[str, Any]]) -> None:
    stripped = altered(rails[0], {"metadata.labels.app\\.kubernetes\\.io/managed-by": None})
    verdict = world.replace(stripped, OWNER)
    assert f"{NAMES}objects-of-the-platform" in verdict.message
    assert world.replace(stripped, PLATFORM, dry_run=True).admitted


def test_an_object_cannot_be_turned_into_an_attack_later(world: World) -> None:
    service = altered(CONTROLS["service"], {"metadata.name": "turned"})
    assert world.create(service, OWNER).admitted
    verdict = world.replace(altered(service, {"spec.externalIPs": ["10.0.0.10"]}), OWNER)
    assert f"{NAMES}services-types" in verdict.message
    verdict = world.replace(altered(service, {"metadata.finalizers": ["example.com/stay"]}), OWNER)
    assert f"{NAMES}objects-finalizers" in verdict.message
    assert world.delete(service, OWNER).admitted


_TENANT_LABEL = "metadata.labels.platform\\.internal/tenant"
_NAMESPACE_ATTACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "no tenant's any more": ("", {_TENANT_LABEL: None}),
    "another tenant's": ("", {_TENANT_LABEL: "tenant-b"}),
    "without Pod Security": ("", {"metadata.labels.pod-security\\.kubernetes\\.io/enforce": "privileged"}),
    "with hosts of others": ("", {"metadata.annotations.platform\\.internal/hosts": "tenant-b.example.com"}),
    "ended past what is in it": ("/finalize", {"spec.finalizers": []}),
    "with a status of its own": ("/status", {"status.conditions": []}),
}


@pytest.mark.parametrize("name", _NAMESPACE_ATTACKS)
def test_a_tenants_namespace_is_not_changed_by_who_owns_everything_in_it(
    world: World, ledger: Ledger, name: str
) -> None:
    subresource, changes = _NAMESPACE_ATTACKS[name]
    found = world.get(namespace(TENANT, labelled=True))
    assert found is not None
    changed = {"apiVersion": "v1", "kind": "Namespace", **altered(found, changes)}
    verdict = world.replace(changed, OWNER, subresource=subresource, dry_run=True)
    record_admission(
        ledger, f"its namespace, {name}", "namespaces-of-tenants", OWNER, verdict, "allowed to the platform"
    )
    assert f"{POLICY} '{NAMES}namespaces-of-tenants'" in verdict.message
    assert world.replace(changed, PLATFORM, subresource=subresource, dry_run=True).admitted


def test_nor_deleted_nor_made_by_others(world: World) -> None:
    whole = namespace(TENANT, labelled=True)
    assert f"{NAMES}namespaces-of-tenants" in world.delete(whole, OWNER, dry_run=True).message
    world.make(*cluster_binding("namespaces", "namespace-maker", NAMESPACE_MAKER.user))
    made = namespace("made", labelled=True)
    world.wait(
        "the right to make namespaces", lambda: NAMES in world.create(made, NAMESPACE_MAKER, dry_run=True).message
    )
    assert f"{NAMES}namespaces-of-tenants" in world.create(made, NAMESPACE_MAKER, dry_run=True).message
    assert world.create(namespace("made", labelled=False), NAMESPACE_MAKER, dry_run=True).admitted


def test_a_quota_does_not_forget_what_it_counted(world: World) -> None:
    quota = world.list({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": TENANT}})[0]
    stripped = altered(quota, {"metadata.labels": {}, "status": {"hard": {}, "used": {}}})
    body = {"apiVersion": "v1", "kind": "ResourceQuota", **stripped}
    verdict = world.replace(body, OWNER, subresource="/status", dry_run=True)
    assert verdict.status == 403
    assert f"{NAMES}objects-kept-for-controllers" in verdict.message or "objects-of-the-platform" in verdict.message
    assert world.replace(body, PLATFORM, subresource="/status", dry_run=True).admitted


def test_the_sidecars_of_a_volume_driver_protect_a_claim_that_is_copied(world: World) -> None:
    claim = altered(CONTROLS["claim"], {"metadata.name": "copied"})
    assert world.create(claim, OWNER).admitted
    found: Any = world.get(claim)
    assert found["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    protected = [*found["metadata"]["finalizers"], "provisioner.storage.kubernetes.io/cloning-protection"]
    change = {"metadata": {"finalizers": protected}}
    assert f"{NAMES}objects-finalizers" in world.patch(claim, change, OWNER).message
    assert world.patch(claim, change, VOLUME_PROVISIONER).admitted
    assert world.patch(claim, {"metadata": {"finalizers": []}}, VOLUME_PROVISIONER).admitted
    assert world.delete(claim, OWNER).admitted


def test_controllers_turn_what_is_admitted_into_pods(world: World) -> None:
    for kind in ("deployment", "job", "service", "statefulset"):
        assert world.create(CONTROLS[kind], DEPLOYER).admitted
    world.wait("each has its pod", lambda: len(world.list(CONTROLS["pod"])) == 3)
    world.wait("the claim of the stateful one", lambda: len(world.list(CONTROLS["claim"])) == 1)
    slices = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"namespace": TENANT}}
    world.wait("the addresses of the service", lambda: len(world.list(slices)) == 1)


def test_a_pod_that_runs_is_not_turned_into_an_attack(world: World) -> None:
    """RBAC lets no tenant write pods; whoever may is held to the same."""
    body = altered(CONTROLS["deployment"], {"metadata.name": "changed"})
    assert world.create(body, OWNER).admitted

    def changed() -> list[dict[str, Any]]:
        return [pod for pod in world.list(CONTROLS["pod"]) if pod["metadata"]["name"].startswith("changed-")]

    world.wait("its pod", changed)
    # Without the version that was read: the scheduler writes meanwhile that no node takes the pod.
    pod = altered({"apiVersion": "v1", "kind": "Pod", **changed()[0]}, {"metadata.resourceVersion": None})
    hardened = POD_SPEC["containers"][0]["securityContext"]
    debugger = {"name": "debugger", "image": "evil.example.com/x:1", "securityContext": hardened}
    verdict = world.replace(altered(pod, {"spec.ephemeralContainers": [debugger]}), OWNER, subresource=EPHEMERAL)
    assert f"{NAMES}pods-images" in verdict.message
    verdict = world.replace(altered(pod, {"spec.containers.0.image": "evil.example.com/x:1"}), OWNER)
    assert f"{NAMES}pods-images" in verdict.message
    tolerations = [*pod["spec"]["tolerations"], {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]
    verdict = world.replace(altered(pod, {"spec.tolerations": tolerations}), OWNER)
    assert f"{NAMES}pods-tolerations" in verdict.message
    tolerations[-1] = {"key": TOLERATED, "operator": "Exists"}
    assert world.replace(altered(pod, {"spec.tolerations": tolerations}), OWNER, dry_run=True).admitted


def test_a_namespace_ends_whatever_is_in_it(world: World) -> None:
    """The tenant's, with rails and workloads; and one with what was there before the policies, which now refuse it."""
    old, whole = namespace("old", labelled=False), namespace(TENANT, labelled=True)
    world.make(old)
    for number, attack in enumerate(ATTACKS):
        body = attacked(attack)
        # Nobody would take away the finalizers of an attack, with policies or without.
        if "finalizers" not in attack.policy and body["kind"] in ("Ingress", "NetworkPolicy", "Secret", "Service"):
            world.create(_in_old(body, f"left-{number}"))
    for kind in ("ingress", "networkpolicy", "service"):
        assert len(world.list(_in_old(CONTROLS[kind], "x"))) > 1, kind
    held = _in_old(altered(attacked(_BY_HOST), {"metadata.finalizers": ["ingress.k8s.aws/resources"]}), "held")
    world.make(held)
    found = world.get(old)
    assert found is not None
    labelled = altered(found, {"metadata.labels.platform\\.internal/tenant": "old"})
    assert world.replace({**old, **labelled}, PLATFORM).admitted
    for ending in (old, whole):
        assert world.delete(ending).admitted
    assert world.replace(altered(held, {"metadata.finalizers": []}), LOAD_BALANCER_CONTROLLER).admitted
    for ending in (old, whole):
        world.wait("the namespace is gone", lambda ending=ending: world.get(ending) is None)
    # As it was, for whoever asks next.
    make_tenant(world)


def _in_old(body: dict[str, Any], name: str) -> dict[str, Any]:
    return altered(body, {"metadata.name": name, "metadata.namespace": "old"})

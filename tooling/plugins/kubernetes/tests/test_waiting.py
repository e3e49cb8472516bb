"""What an operation waits for, what it says when that does not come, and how it ends early."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.cases import LABELLED, SELECTOR, filled, merged
from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused
from tooling.plugins.kubernetes.tests.meddler import Meddler

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
NOWHERE = {"spec": {"template": {"spec": {"nodeSelector": {"disk": "none-like-this"}}}}}


def workload(namespace: str, kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    full = filled({"selector": SELECTOR, "template": LABELLED, **spec}, "web", namespace)
    metadata = {"name": "web", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": full}


def service(namespace: str, **spec: Any) -> dict[str, Any]:
    full = {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace}, "spec": full}


def annotated(manifest: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    return merged(manifest, {"metadata": {"annotations": {key: value}}})


def set_status(api: Api, manifest: dict[str, Any], status: dict[str, Any]) -> None:
    kind = api.kind_of(manifest)
    assert kind is not None
    path = api.target(kind, manifest).path + "/status"
    api.client.request("PATCH", path, body={"status": status}, content_type="application/merge-patch+json")


@pytest.mark.parametrize(("kind", "ready"), [("Deployment", "availableReplicas"), ("StatefulSet", "readyReplicas")])
def test_workload_is_up_when_its_creation_returns(provider: Provider, namespace: str, kind: str, ready: str) -> None:
    extra = {"serviceName": "web"} if kind == "StatefulSet" else {}

    made = provider.create(f"kubernetes:apps/v1:{kind}", "web", workload(namespace, kind, replicas=2, **extra))

    assert made.state["status"][ready] == 2


def test_update_waits_for_the_new_generation(provider: Provider, namespace: str) -> None:
    made = provider.create(DEPLOYMENT, "web", workload(namespace))
    change = {"spec": {"template": {"metadata": {"annotations": {"rolled": "1"}}}}}

    updated = provider.update(made, merged(made.inputs, change))

    assert updated.state["status"]["observedGeneration"] == 2
    assert updated.state["status"]["replicas"] == updated.state["status"]["updatedReplicas"] == 1


def test_workload_that_does_not_come_up_fails_with_its_pods_reasons_and_is_kept(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    with pytest.raises(Refused) as refused:
        provider.create(DEPLOYMENT, "web", merged(workload(namespace), NOWHERE), timeout=3)

    assert f'Deployment apps/v1 "{namespace}/web" exists, but is not ready within 3 s' in refused.value.message
    assert "0 of 1 updated replicas available" in refused.value.message
    assert "didn't match Pod's node affinity/selector" in refused.value.message
    left = refused.value.left
    assert left is not None
    assert left.id == f"{namespace}/web"
    assert left.state["metadata"]["uid"]
    fixed = provider.update(left, workload(namespace))
    assert fixed.state["status"]["availableReplicas"] == 1


def test_exceeded_progress_deadline_fails_at_once(provider: Provider, namespace: str) -> None:
    inputs = merged(workload(namespace, progressDeadlineSeconds=1), NOWHERE)

    with pytest.raises(Refused, match=r"is not ready: ProgressDeadlineExceeded"):
        provider.create(DEPLOYMENT, "web", inputs, timeout=60)


def test_return_to_the_release_before_a_failed_one_is_ready(provider: Provider, namespace: str) -> None:
    good = workload(namespace, progressDeadlineSeconds=1)
    made = provider.create(DEPLOYMENT, "web", good)
    with pytest.raises(Refused, match=r"is not ready: ProgressDeadlineExceeded") as refused:
        provider.update(made, merged(good, NOWHERE), timeout=60)
    assert refused.value.left is not None
    back = provider.update(refused.value.left, good, timeout=60)
    assert back.state["status"]["availableReplicas"] == 1


def test_second_failed_release_is_reported_after_the_first(provider: Provider, namespace: str) -> None:
    good = workload(namespace, progressDeadlineSeconds=1)
    made = provider.create(DEPLOYMENT, "web", good)
    with pytest.raises(Refused, match=r"ProgressDeadlineExceeded") as refused:
        provider.update(made, merged(good, NOWHERE), timeout=60)
    assert refused.value.left is not None
    labelled = {"spec": {"template": {"metadata": {"annotations": {"try": "second"}}}}}
    with pytest.raises(Refused, match=r"is not ready: ProgressDeadlineExceeded"):
        provider.update(refused.value.left, merged(merged(good, NOWHERE), labelled), timeout=60)


def test_pods_that_admission_refuses_are_named(provider: Provider, meddler: Meddler, unique: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    provider.create(
        "kubernetes:core/v1:Namespace",
        "strict",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique, "labels": labels}},
    )

    with pytest.raises(Refused, match=r'FailedCreate[\s\S]*violates PodSecurity "restricted:latest"'):
        provider.create(DEPLOYMENT, "web", workload(unique), timeout=2)


def test_refresh_reports_a_workload_that_is_no_longer_ready_and_keeps_it(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(DEPLOYMENT, "web", workload(namespace))
    meddler.merge(made.inputs, NOWHERE)

    with pytest.raises(Refused, match=r"is not ready[\s\S]*didn't match Pod's node affinity") as refused:
        provider.read(made)

    assert refused.value.left is not None
    assert refused.value.left.id == made.id


def test_skip_await_returns_at_once(provider: Provider, namespace: str) -> None:
    inputs = annotated(merged(workload(namespace), NOWHERE), "pulumi.com/skipAwait", "true")

    assert provider.create(DEPLOYMENT, "web", inputs).id == f"{namespace}/web"


def test_timeout_annotation_bounds_the_wait(provider: Provider, namespace: str) -> None:
    inputs = annotated(merged(workload(namespace), NOWHERE), "pulumi.com/timeoutSeconds", "1")

    with pytest.raises(Refused, match="is not ready within 1 s"):
        provider.create(DEPLOYMENT, "web", inputs, timeout=0)


def test_daemon_set_waits_for_its_pods(provider: Provider, namespace: str) -> None:
    made = provider.create("kubernetes:apps/v1:DaemonSet", "web", workload(namespace, "DaemonSet"))

    assert made.state["status"]["numberAvailable"] == made.state["status"]["desiredNumberScheduled"] == 1


def job(namespace: str) -> dict[str, Any]:
    template = merged(filled(LABELLED, "job", namespace), {"spec": {"restartPolicy": "Never"}})
    metadata = {"name": "job", "namespace": namespace}
    spec = {"backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def test_job_waits_for_completion(provider: Provider, namespace: str) -> None:
    made = provider.create("kubernetes:batch/v1:Job", "job", job(namespace))

    assert made.state["status"]["succeeded"] == 1


def test_failed_job_fails_with_its_reason(provider: Provider, namespace: str) -> None:
    hopeless = merged(job(namespace), {"spec": {"activeDeadlineSeconds": 1, **NOWHERE["spec"]}})

    with pytest.raises(Refused, match=r"is not ready: DeadlineExceeded"):
        provider.create("kubernetes:batch/v1:Job", "job", hopeless, timeout=60)


def test_service_waits_for_a_pod_behind_it(provider: Provider, namespace: str) -> None:
    with pytest.raises(Refused, match="it targets no ready pod") as refused:
        provider.create(SERVICE, "web", service(namespace), timeout=1)
    assert refused.value.left is not None

    provider.create(DEPLOYMENT, "web", workload(namespace))
    assert provider.update(refused.value.left, service(namespace)).state["spec"]["clusterIP"]


@pytest.mark.parametrize(
    "spec",
    [{"clusterIP": "None"}, {"type": "ExternalName", "externalName": "example.invalid"}, {"selector": None}],
    ids=["headless", "external name", "no selector"],
)
def test_service_without_pods_of_its_own_is_not_waited_for(
    provider: Provider, namespace: str, spec: dict[str, Any]
) -> None:
    assert provider.create(SERVICE, "web", service(namespace, **spec), timeout=5).id == f"{namespace}/web"


def test_load_balancers_name_is_waited_for_and_is_an_output(
    provider: Provider, api: Api, meddler: Meddler, namespace: str
) -> None:
    inputs = service(namespace, type="LoadBalancer", selector=None)
    with pytest.raises(Refused, match="no load balancer has been allocated") as refused:
        provider.create(SERVICE, "web", inputs, timeout=1)
    assert refused.value.left is not None

    set_status(api, inputs, {"loadBalancer": {"ingress": [{"hostname": "lb.example.invalid"}]}})
    ready = provider.update(refused.value.left, inputs)

    assert ready.state["status"]["loadBalancer"]["ingress"][0]["hostname"] == "lb.example.invalid"


def test_ingress_waits_for_its_controller(provider: Provider, api: Api, meddler: Meddler, namespace: str) -> None:
    inputs = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"ingressClassName": "alb", "rules": [{"host": "a.example.invalid"}]},
    }
    answered = threading.Thread(target=lambda: answer_ingress(api, meddler, inputs))
    answered.start()

    made = provider.create("kubernetes:networking.k8s.io/v1:Ingress", "web", inputs)
    answered.join()

    assert made.state["status"]["loadBalancer"]["ingress"] == [{"hostname": "lb.example.invalid"}]


def answer_ingress(api: Api, meddler: Meddler, inputs: dict[str, Any]) -> None:
    while meddler.live(inputs) is None:
        threading.Event().wait(0.05)
    set_status(api, inputs, {"loadBalancer": {"ingress": [{"hostname": "lb.example.invalid"}]}})


def claim(namespace: str, storage_class: str) -> dict[str, Any]:
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "resources": resources}
    metadata = {"name": "data", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(("mode", "waits"), [("Immediate", True), ("WaitForFirstConsumer", False)])
def test_claim_is_waited_for_unless_it_binds_on_first_use(
    provider: Provider, api: Api, namespace: str, unique: str, mode: str, waits: bool
) -> None:
    storage_class = {"metadata": {"name": unique}, "provisioner": "none.invalid", "volumeBindingMode": mode}
    api.client.request("POST", "/apis/storage.k8s.io/v1/storageclasses", body=storage_class)
    token = "kubernetes:core/v1:PersistentVolumeClaim"

    if waits:
        with pytest.raises(Refused, match="the claim is Pending"):
            provider.create(token, "data", claim(namespace, unique), timeout=1)
    else:
        assert provider.create(token, "data", claim(namespace, unique)).id == f"{namespace}/data"


def test_cancel_ends_the_waits_of_its_own_provider_only(new_provider: Callable[..., Provider], namespace: str) -> None:
    cancelled, other = new_provider(), new_provider()
    outcomes: list[str] = []

    def create() -> None:
        try:
            cancelled.create(DEPLOYMENT, "web", merged(workload(namespace), NOWHERE), timeout=600)
        except Refused as refused:
            outcomes.append(refused.message)

    worker = threading.Thread(target=create)
    worker.start()
    probe = {**workload(namespace), "metadata": {"name": "web", "namespace": namespace}}
    while other.fetch(DEPLOYMENT, "web", f"{namespace}/web") is None:
        threading.Event().wait(0.05)
    cancelled.cancel()
    worker.join(timeout=30)

    assert len(outcomes) == 1
    assert "was cancelled" in outcomes[0]
    assert other.create(DEPLOYMENT, "twin", merged(probe, {"metadata": {"name": "twin"}})).id == f"{namespace}/twin"


def test_stuck_namespace_is_reported_with_what_is_left_in_it(provider: Provider, meddler: Meddler, unique: str) -> None:
    made = provider.create(
        "kubernetes:core/v1:Namespace", "n", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique}}
    )
    metadata = {"name": "held", "namespace": unique, "finalizers": ["example.invalid/held"]}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    meddler.apply(config_map, {"metadata": metadata})

    with pytest.raises(Refused, match=r"kubernetes-not-gone[\s\S]*example.invalid/held in 1 resource instances"):
        provider.delete(made, timeout=8)

    meddler.merge(config_map, {"metadata": {"finalizers": None}})
    provider.delete(made)
    assert meddler.live(made.inputs) is None


def test_object_held_by_a_finalizer_is_reported_with_it(provider: Provider, meddler: Meddler, namespace: str) -> None:
    metadata = {"name": "held", "namespace": namespace}
    made = provider.create(
        "kubernetes:core/v1:ConfigMap", "held", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    )
    meddler.merge(made.inputs, {"metadata": {"finalizers": ["example.invalid/held"]}})

    with pytest.raises(Refused, match=r"finalizer example\.invalid/held is still set"):
        provider.delete(made, timeout=1)


def test_deletion_may_leave_dependants_behind(provider: Provider, api: Api, namespace: str) -> None:
    inputs = annotated(workload(namespace), "pulumi.com/deletionPropagationPolicy", "orphan")
    made = provider.create(DEPLOYMENT, "web", inputs)

    provider.delete(made)

    pods = api.discovery.find("v1", "Pod")
    assert pods is not None
    assert len(api.list(pods, namespace)) == 1

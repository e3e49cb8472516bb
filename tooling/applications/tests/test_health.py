"""Why a workload is not healthy: every state that the API server shows becomes one reason, in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.applications.health import Reason, reasons_of

Object = dict[str, Any]


def deployment(**status: Any) -> Object:
    return {"kind": "Deployment", "metadata": {"name": "demo", "uid": "d"}, "status": status}


def replica_set(revision: int, **status: Any) -> Object:
    metadata = {
        "name": f"demo-{revision}",
        "uid": f"rs{revision}",
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "labels": {"pod-template-hash": str(revision)},
    }
    return {"kind": "ReplicaSet", "metadata": metadata, "status": status}


def pod(revision: int, name: str = "p", *, ready: bool = False, **status: Any) -> Object:
    condition = {"type": "Ready", "status": str(ready), "reason": "ContainersNotReady"}
    metadata = {"name": f"demo-{revision}-{name}", "uid": name, "labels": {"pod-template-hash": str(revision)}}
    return {
        "kind": "Pod",
        "metadata": metadata,
        "status": {"phase": "Pending", **status, "conditions": [*status.get("conditions", []), condition]},
    }


def waiting(reason: str, message: str = "") -> Object:
    return {"containerStatuses": [{"name": "demo", "state": {"waiting": {"reason": reason, "message": message}}}]}


def event(uid: str, reason: str, message: str) -> Object:
    return {
        "reason": reason,
        "message": message,
        "involvedObject": {"uid": uid, "kind": "ReplicaSet", "name": "demo-2"},
    }


REFUSED = 'pods "demo-2-x" is forbidden: exceeded quota: quota, requested: pods=1, used: pods=6, limited: pods=6'
DENIED = "pods is forbidden: ValidatingAdmissionPolicy 'image-registry' denied request: ghcr.io is not allowed"


@pytest.mark.parametrize(
    ("live", "sets", "pods", "events", "reason"),
    [
        (
            deployment(),
            [replica_set(2)],
            [pod(2, **waiting("ImagePullBackOff", "demo:v9: not found"))],
            [],
            Reason(what="image not found", said="demo:v9: not found", at="pod demo-2-p"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [
                pod(
                    2,
                    containerStatuses=[
                        {
                            "name": "demo",
                            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                            "lastState": {"terminated": {"exitCode": 2, "reason": "Error", "message": "no such host"}},
                        }
                    ],
                )
            ],
            [],
            Reason(what="crashed", said="container demo exited with 2: no such host", at="pod demo-2-p"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [
                pod(
                    2,
                    containerStatuses=[
                        {"name": "demo", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
                    ],
                )
            ],
            [],
            Reason(what="crashed", said="container demo exited with 137: OOMKilled", at="pod demo-2-p"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [pod(2, **waiting("CreateContainerConfigError", 'secret "s" not found'))],
            [],
            Reason(what="configuration", said='secret "s" not found', at="pod demo-2-p"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [pod(2, containerStatuses=[{"name": "demo", "state": {"running": {}}}])],
            [event("p", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
            Reason(
                what="probe failing",
                said="Readiness probe failed: HTTP probe failed with statuscode: 503",
                at="pod demo-2-p",
            ),
        ),
        (
            deployment(),
            [replica_set(2)],
            [pod(2, conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}])],
            [],
            Reason(what="not scheduled", said="0/3 nodes are available", at="pod demo-2-p"),
        ),
        (
            deployment(),
            [replica_set(2, conditions=[{"type": "ReplicaFailure", "status": "True", "message": REFUSED}])],
            [],
            [],
            Reason(what="refused by quota", said=REFUSED, at="replicaset demo-2"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [],
            [event("rs2", "FailedCreate", DENIED)],
            Reason(what="refused by policy", said=DENIED, at="replicaset demo-2"),
        ),
        (
            deployment(),
            [replica_set(2)],
            [pod(2)],
            [],
            Reason(what="not ready", said="ContainersNotReady", at="pod demo-2-p"),
        ),
    ],
    ids=["image", "crash", "killed", "configuration", "probe", "unscheduled", "quota", "policy", "starting"],
)
def test_each_state_has_its_reason(
    live: Object, sets: list[Object], pods: list[Object], events: list[Object], reason: Reason
) -> None:
    assert reasons_of(live, replica_sets=sets, pods=pods, events=events) == [reason]


def test_pods_of_the_release_before_and_pods_that_leave_are_not_asked() -> None:
    leaving = pod(2, "leaving", **waiting("ImagePullBackOff"))
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    old = pod(1, **waiting("ImagePullBackOff"))
    ready = pod(2, ready=True)
    assert reasons_of(deployment(), replica_sets=[replica_set(1), replica_set(2)], pods=[old, leaving, ready], events=[
        event("rs1", "FailedCreate", REFUSED)
    ]) == []  # fmt: skip


def test_many_pods_of_one_trouble_are_one_reason() -> None:
    pods = [pod(2, name, **waiting("ErrImagePull", "not found")) for name in "abc"]
    (reason,) = reasons_of(deployment(), replica_sets=[replica_set(2)], pods=pods, events=[])
    assert str(reason) == "image not found: not found (pod demo-2-a and 2 more)"


def test_pods_of_a_job_need_no_replica_set() -> None:
    job = {"kind": "Job", "metadata": {"name": "demo", "uid": "j"}, "status": {}}
    (reason,) = reasons_of(job, replica_sets=[], pods=[pod(1, **waiting("ErrImagePull", "x"))], events=[])
    assert reason.what == "image not found"

"""A rollout that has failed is given up; one that goes back is waited for, although its condition is still the old one.

The deployment controller keeps `ProgressDeadlineExceeded` until the failed pods are gone. A rollback that was deployed
in that time was reported as failed at once.
"""

from __future__ import annotations

from typing import Any

import pytest

from tooling.plugins.kubernetes.waiting.workloads import deployment

EXCEEDED = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}


def live(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 3},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 3, "conditions": [EXCEEDED], **status},
    }


@pytest.mark.parametrize(
    ("status", "hopeless"),
    [
        ({"replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"replicas": 2, "updatedReplicas": 0, "availableReplicas": 1}, True),
        ({"replicas": 1, "updatedReplicas": 1}, True),
    ],
    ids=["going-back", "no-pod-of-the-release", "pod-that-is-not-available"],
)
def test_an_exceeded_deadline_is_final_only_while_pods_of_the_release_are_missing(
    status: dict[str, int], hopeless: bool
) -> None:
    verdict = deployment(live(**status))
    assert (verdict.ready, verdict.hopeless) == (False, hopeless)

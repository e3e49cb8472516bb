"""Which pods belong to a workload, by what an API server answers."""

from __future__ import annotations

from typing import Any

from tooling.applications.live import Cluster

LABELS = {"app.kubernetes.io/component": "tidy", "app.kubernetes.io/part-of": "tidy"}
POD = {"metadata": {"name": "tidy-1", "namespace": "tenant-a", "uid": "2"}, "spec": {"containers": []}}


class Client:
    """Has one CronJob with one pod, and no events."""

    def __init__(self) -> None:
        self.selectors: list[str] = []

    def request(self, method: str, path: str, *, query: dict[str, str] | None = None) -> dict[str, Any]:
        assert method == "GET"
        if path.endswith("/cronjobs/tidy"):
            template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"image": "a"}]}}
            spec = {"jobTemplate": {"spec": {"template": template}}}
            return {"kind": "CronJob", "metadata": {"name": "tidy", "uid": "1"}, "spec": spec}
        if path.endswith("/pods"):
            self.selectors.append((query or {})["labelSelector"])
            return {"items": [POD]}
        return {"items": []}


def test_pods_of_a_cron_job_are_those_of_its_template() -> None:
    client: Any = Client()
    (found,) = Cluster(client, [("kubernetes:batch/v1:CronJob", "tenant-a", "tidy")]).workloads()
    assert client.selectors == ["app.kubernetes.io/component=tidy,app.kubernetes.io/part-of=tidy"]
    assert (found.pods, found.desired, found.image) == ([POD], None, "a")

"""A node, a namespace, an image repository and a small service on a running lane."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tooling.kubelet.registry import Registry, manifest
from tooling.kubelet.trees import images_in, keep
from tooling.lane.api_server import Answer
from tooling.lane.state import REGION, Lane

NAMESPACE = "shop"
REPOSITORY = "shop/web"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
INGRESSES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses"

SERVICE = """
import http.server, json, os, signal, sys, threading

if os.environ.get("CRASH"):
    print("no disk", file=sys.stderr)
    sys.exit(3)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {
            "/": VERSION,
            "/health": "ok",
            "/environment": json.dumps(dict(os.environ)),
            "/argv": json.dumps(sys.argv[1:]),
        }
        body = answers.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
print("listening", flush=True)

def stop(*_):
    print("stopped", flush=True)
    threading.Thread(target=server.shutdown).start()

signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""


class World:
    def __init__(self, lane: Lane, directory: Path) -> None:
        self.lane = lane
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "node", "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "50"}},
        }
        self.done("POST", "/api/v1/nodes", node)
        self.done("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        self.wait(lambda: self.get(f"{CORE}/serviceaccounts/default"), "the namespace's service account")
        self._registry = Registry(lane.aws_endpoint, lane.access_key_id)
        self._ask_aws("CreateRepository", {"repositoryName": REPOSITORY})
        self._service = directory / "service"
        self._package = self._service / "web"
        self._package.mkdir(parents=True)
        self.digest = self.release("v1")

    def release(self, version: str) -> str:
        """Records an image of the service, and returns its digest."""
        (self._package / "__main__.py").write_text(f"VERSION = {version!r}\n{SERVICE}")
        tree = keep(self._service, images_in(self.lane.directory))
        document = manifest(service="service", version=version, tree=tree.name, size_bytes=tree.size_bytes)
        return self._registry.put(REGION, REPOSITORY, version, document)

    def pods(self, name: str) -> list[dict[str, Any]]:
        found = self.get(f"{CORE}/pods?labelSelector=app%3D{name}")
        assert found is not None
        return found["items"]

    def pod(self, name: str, holds: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The Deployment's pod, once it is the only one and `holds` is true of it."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = self.pods(name)
            return len(found) == 1 and bool(holds(found[0]))

        self.wait(look, lambda: f"{what}: {json.dumps([pod.get('status') for pod in found])}")
        return found[0]

    def events(self, pod: Mapping[str, Any]) -> set[tuple[str, str]]:
        found = self.get(f"{CORE}/events?fieldSelector=involvedObject.uid%3D{pod['metadata']['uid']}")
        assert found is not None
        return {(event["reason"], event["message"]) for event in found["items"]}

    def fetch(self, path: str, host: str) -> tuple[int, str]:
        return fetch(self.lane.ports.ingress, path, host)

    def get(self, path: str) -> dict[str, Any] | None:
        answer = self.ask("GET", path)
        return answer.json() if answer.status == 200 else None

    def done(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        assert answer.status in (200, 201), answer.body
        return answer.json()

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        kind = {"Content-Type": "application/strategic-merge-patch+json"} if method == "PATCH" else {}
        with self.lane.cluster.api() as api:
            return api.request(method, path, body, headers=kind)

    def wait(self, holds: Callable[[], object], what: str | Callable[[], str], seconds: float = 90.0) -> None:
        deadline, pause = time.monotonic() + seconds, threading.Event()
        while not holds():
            assert time.monotonic() < deadline, what if isinstance(what, str) else what()
            pause.wait(0.1)

    def _ask_aws(self, action: str, request: Mapping[str, Any]) -> None:
        self._registry._ask(REGION, action, request)  # pyright: ignore[reportPrivateUsage]


def fetch(port: int, path: str, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def deployment(
    name: str, *, replicas: int = 1, tag: str = "v1", image: str = "", env: Mapping[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """`more`: keys of its only container."""
    variables = {"PORT": "8080", **(env or {})}
    container = {
        "name": "web",
        "image": image or f"{IMAGE}:{tag}",
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 1},
        **more,
    }
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 10},
            },
        },
    }


def service(name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}


def ingress(name: str) -> dict[str, Any]:
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    rule = {"host": host_of(name), "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {"metadata": {"name": name}, "spec": {"rules": [rule]}}


def host_of(name: str) -> str:
    return f"{name}.shop.example.com"


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def container(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The status of its only container."""
    (found,) = (pod.get("status") or {}).get("containerStatuses") or [{"state": {}, "restartCount": 0}]
    return found


def reason(pod: Mapping[str, Any]) -> str:
    return (container(pod)["state"].get("waiting") or {}).get("reason", "")

"""The kubelet's process: watches all pods, and gives each that it manages a thread. Ends at a signal."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.kubelet.api import Api
from tooling.kubelet.ingress import Ingress
from tooling.kubelet.logs import remove_old_logs, services_in
from tooling.kubelet.pods import ManagedPod, Node, is_managed, start
from tooling.kubelet.probes import end_commands
from tooling.kubelet.processes import Processes
from tooling.kubelet.registry import Registry, operator_key
from tooling.kubelet.trees import images_in
from tooling.lane.api_server import ApiServer

_ADDRESSES = ipaddress.ip_network("198.18.0.0/15")
"""Reserved for benchmarks, hence on no network: RFC 2544. kwok gives its pods addresses of 10.0.0.0/8."""

_WATCH_SECONDS = 300
_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    lane_directory: Path
    directory: Path
    """The kubelet's own."""
    api_server: str
    pki: Path
    aws_endpoint: str
    port: int
    """Loopback port of the proxy, where the hosts of Ingresses answer."""


def run(options: Options) -> None:
    """Serves until SIGTERM or SIGINT."""
    _log_to(options.directory / "kubelet.log")
    kubelet = Kubelet(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: kubelet.stopped.set())
    threading.Thread(target=kubelet.watch, daemon=True).start()
    kubelet.ingress.start()
    kubelet.stopped.wait()
    kubelet.processes.close()
    end_commands()
    # Threads wait for probes and answers; the services die with the fork server.
    os._exit(0)


def _log_to(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


class Kubelet:
    def __init__(self, options: Options) -> None:
        self.stopped = threading.Event()
        self.processes = Processes(options.directory, self._ended)
        self.ingress = Ingress(Api(ApiServer(options.api_server, options.pki)), options.directory, options.port)
        self._options = options
        self._lock = threading.Lock()
        self._pods: dict[str, ManagedPod] = {}
        self._owners: dict[int, ManagedPod] = {}
        self._early: dict[int, int] = {}
        self._node = Node(
            lane_directory=options.lane_directory,
            api=Api(ApiServer(options.api_server, options.pki)),
            registry=Registry(options.aws_endpoint, operator_key(options.lane_directory)),
            processes=self.processes,
            images=images_in(options.lane_directory),
            listens=self.ingress.listens,
            started=self._started,
        )

    def watch(self) -> None:
        """Follows the pods of all namespaces, for ever."""
        while True:
            try:
                self._follow()
            except (OSError, ValueError) as error:
                _log.info("watching again: %s", error)
                time.sleep(_RETRY_SECONDS)
            except Exception:
                _log.exception("watching again")
                time.sleep(_RETRY_SECONDS)

    def _follow(self) -> None:
        server = ApiServer(self._options.api_server, self._options.pki, timeout_seconds=_WATCH_SECONDS + 30)
        with server:
            answer = server.request("GET", "/api/v1/pods")
            if answer.status != 200:
                raise ConnectionError(f"listing pods returned {answer.status}")
            listed = answer.json()
            there = {pod["metadata"]["uid"] for pod in listed["items"]}
            for pod in listed["items"]:
                self._seen(pod)
            for uid in set(self._pods) - there:
                self._gone(uid)
            remove_old_logs(services_in(self._options.lane_directory), self._log_directories())
            version = listed["metadata"]["resourceVersion"]
            query = f"watch=true&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
            for change in server.watch(f"/api/v1/pods?{query}"):
                if change["type"] == "ERROR":
                    raise ConnectionError(str(change["object"].get("message")))
                if change["type"] == "DELETED":
                    self._gone(change["object"]["metadata"]["uid"])
                else:
                    self._seen(change["object"])

    def _seen(self, pod: Mapping[str, Any]) -> None:
        if not is_managed(pod):
            return
        uid = pod["metadata"]["uid"]
        known = self._pods.get(uid)
        if known is not None:
            known.notify(("changed", pod))
            return
        is_over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if is_over and "deletionTimestamp" not in pod["metadata"]:
            return
        managed = ManagedPod(pod, self._address(pod), self._node)
        self._pods[uid] = managed
        start(managed)

    def _gone(self, uid: str) -> None:
        known = self._pods.pop(uid, None)
        if known is not None:
            known.notify(("gone", None))
            with self._lock:
                self._owners = {number: owner for number, owner in self._owners.items() if owner is not known}

    def _address(self, pod: Mapping[str, Any]) -> str:
        """The pod's address as before, or the first one that is free."""
        former = (pod.get("status") or {}).get("podIP", "")
        used = {each.address for each in self._pods.values()}
        if former and former not in used and ipaddress.ip_address(former) in _ADDRESSES:
            return former
        return next(str(address) for address in _free(used))

    def _started(self, number: int, pod: ManagedPod) -> None:
        with self._lock:
            self._owners[number] = pod
            code = self._early.pop(number, None)
        if code is not None:
            self._ended(number, code)

    def _ended(self, number: int, code: int) -> None:
        with self._lock:
            owner = self._owners.pop(number, None)
            if owner is None:
                # It ended before its start was noted, or its pod is gone.
                self._early[number] = code
        if owner is not None:
            owner.notify(("ended", (number, code)))

    def _log_directories(self) -> set[Path]:
        return {pod.log("any").parent for pod in self._pods.values()}


def _free(used: set[str]) -> Iterator[ipaddress.IPv4Address]:
    for address in _ADDRESSES.hosts():
        if str(address) not in used:
            yield address  # type: ignore[misc]

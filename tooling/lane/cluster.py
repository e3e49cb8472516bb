"""The lane's Kubernetes cluster: etcd, API server, controller manager and scheduler with kwok's fake nodes.

`kwokctl`'s binary runtime makes and starts it; its configuration is decided here. Which of its processes run, and how
they end, is `cluster_processes`' business; nodes, and who may log in, the AWS emulation's.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.errors import PlatformError
from tooling.lane.api_server import ApiServer
from tooling.lane.binaries import binary, search_path
from tooling.lane.cluster_processes import COMPONENTS, ClusterProcesses
from tooling.lane.environments import washed
from tooling.lane.ports import LOOPBACK, becomes_free
from tooling.lane.processes import last_lines

SERVICE_CIDR = "172.20.0.0/16"
"""One of the two ranges EKS chooses from. Source: docs.aws.amazon.com/eks/latest/APIReference,
KubernetesNetworkConfigRequest.serviceIpv4Cidr."""

NODE_ANNOTATION = "kwok.x-k8s.io/node=fake"
"""Nodes that kwok keeps alive; any other stays NotReady, as a missing machine would."""

_ADVERTISED_ADDRESS = "192.0.2.1"
"""Stands in the `kubernetes` Service's endpoints, where loopback is not allowed and where, without it, the API server
looks for the host's own address and refuses to start if there is no network. Reserved for documentation: RFC 5737."""

_WEBHOOK_CACHE_SECONDS = 5
"""How long a changed access entry stays cached; the default of 2 minutes is too long to wait for at a terminal."""

_STAGES = Path(__file__).with_name("kwok_stages.yaml")

_READY_SECONDS = 180.0
_MOST_RESTARTS = 3
NODE_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class ClusterPorts:
    """Loopback ports of the cluster's processes."""

    api_server: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kwok: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster in `directory`, whether it exists and runs or not.

    `webhook_port` is where token reviews are asked for, over HTTP at `/authenticate`; None: only client certificates
    and service accounts are let in. `issuer` is the service-account issuer, an https address that need not exist.
    """

    directory: Path
    ports: ClusterPorts
    issuer: str
    webhook_port: int | None = None

    @property
    def server(self) -> str:
        return f"https://{LOOPBACK}:{self.ports.api_server}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it refers to files beside it and holds no key itself."""
        return self._work_directory / "kubeconfig.yaml"

    @property
    def certificate_authority(self) -> Path:
        return self.pki / "ca.crt"

    @property
    def pki(self) -> Path:
        """Holds ca.crt, admin.crt and admin.key."""
        return self._work_directory / "pki"

    @property
    def _work_directory(self) -> Path:
        return self.processes.work_directory

    def api(self) -> ApiServer:
        return ApiServer(self.server, self.pki)

    def exists(self) -> bool:
        """Whether it was created completely and still exists."""
        return self._made.exists() and self._work_directory.is_dir()

    @property
    def processes(self) -> ClusterProcesses:
        return ClusterProcesses(self.directory)

    def start(self) -> None:
        """Creates the cluster if needed, starts what is not running, and waits until pods can be created.

        Raises:
            PlatformError: a port is taken, or a component does not come up; with the end of its log.
        """
        self.processes.end_kwokctl()
        pids = self.processes.pids()
        self._check_ports(pids)
        if not self.exists():
            self._make()
        elif None in pids.values():
            self.processes.link_programs()
            self.processes.correct_records()
            self._run("start", "cluster", "--name", "lane")
        self._wait()

    def stop(self) -> None:
        """Stops every component and keeps its state."""
        self.processes.stop()

    def release_nodes(self) -> None:
        """Stops the fake kubelet and removes the leases of its nodes; does nothing without an API server.

        The next fake kubelet waits until a lease of another one has run out, 200 s, and meanwhile pods do not start.
        Source: sigs.k8s.io/kwok v0.8.0, pkg/kwok/controllers/node_lease_controller.go.
        """
        self.processes.end_component("kwok-controller", grace_seconds=0)
        with contextlib.suppress(OSError), self.api() as api:
            api.request("DELETE", NODE_LEASES)

    def delete(self) -> None:
        """Kills every component and removes the directory."""
        self.processes.stop(grace_seconds=0)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _made(self) -> Path:
        return self.directory / "made"

    def _make(self) -> None:
        # A partial cluster left by a killed run looks like a complete one, so start from scratch.
        self.delete()
        self.directory.mkdir(parents=True, mode=0o700)
        if self.webhook_port is not None:
            self._webhook_file.write_text(json.dumps(webhook_configuration(self.webhook_port)))
        config = self.directory / "kwokctl.yaml"
        config.write_text(f"{json.dumps(self.configuration())}\n---\n{_STAGES.read_text(encoding='utf-8')}")
        # `--kubeconfig ""`: otherwise kwokctl would add the lane to the user's own kubeconfig.
        self._run("create", "cluster", "--name", "lane", "--config", str(config), "--kubeconfig", "")
        self._made.touch()

    @property
    def _webhook_file(self) -> Path:
        return self.directory / "webhook.yaml"

    def configuration(self) -> dict[str, Any]:
        """The configuration of kwokctl: a `KwokctlConfiguration`."""
        api_server = {
            "service-cluster-ip-range": SERVICE_CIDR,
            "advertise-address": _ADVERTISED_ADDRESS,
        }
        if self.webhook_port is not None:
            api_server |= {
                "authentication-token-webhook-config-file": str(self._webhook_file),
                "authentication-token-webhook-cache-ttl": f"{_WEBHOOK_CACHE_SECONDS}s",
                "authentication-token-webhook-version": "v1",
            }
        return {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "metadata": {"name": "lane"},
            "options": {
                "runtime": "binary",
                "bindAddress": LOOPBACK,  # kwokctl's default is every interface, etcd without authentication included
                "kubeApiserverPort": self.ports.api_server,
                "etcdPort": self.ports.etcd,
                "etcdPeerPort": self.ports.etcd_peer,
                "kubeControllerManagerPort": self.ports.controller_manager,
                "kubeSchedulerPort": self.ports.scheduler,
                "kwokControllerPort": self.ports.kwok,
                # Paths, not addresses: kwokctl downloads nothing.
                "etcdBinary": str(binary("etcd")),
                "kubeApiserverBinary": str(binary("kube-apiserver")),
                "kubeControllerManagerBinary": str(binary("kube-controller-manager")),
                "kubeSchedulerBinary": str(binary("kube-scheduler")),
                "kwokControllerBinary": str(binary("kwok")),
                "kubectlBinary": str(binary("kubectl")),
                "components": list(COMPONENTS),
            },
            "componentsPatches": [
                _patch("kube-apiserver", api_server, override={"service-account-issuer": self.issuer}),
                _patch(
                    "kube-controller-manager",
                    {
                        # Each controller has its own identity, which admission policies distinguish, as on EKS.
                        "use-service-account-credentials": "true",
                        "service-cluster-ip-range": SERVICE_CIDR,
                        # The default is 20 per second: creating those identities took 4 s of every start.
                        "kube-api-qps": "200",
                        "kube-api-burst": "400",
                        **_NO_ELECTION,
                    },
                ),
                _patch("kube-scheduler", _NO_ELECTION),
                _patch(
                    "kwok-controller",
                    {"manage-nodes-with-annotation-selector": NODE_ANNOTATION},
                    override={"manage-all-nodes": "false"},
                ),
            ],
        }

    def _check_ports(self, pids: dict[str, int | None]) -> None:
        owners = {
            "kube-apiserver": ("api_server",),
            "etcd": ("etcd", "etcd_peer"),
            "kube-controller-manager": ("controller_manager",),
            "kube-scheduler": ("scheduler",),
            "kwok-controller": ("kwok",),
        }
        ports = asdict(self.ports)
        for component, names in owners.items():
            for port in (ports[name] for name in names):
                if pids[component] is None and not becomes_free(port):
                    raise PlatformError(
                        "port-taken",
                        f"port {port} of the lane's {component} is used by another program",
                        at=f"{LOOPBACK}:{port}",
                        hint=f"stop the program that listens there (ss -ltnp 'sport = :{port}'), "
                        "or discard the lane's state with: tiers local reset",
                    )

    def _run(self, *arguments: str) -> None:
        """Runs kwokctl, and stops waiting as soon as a component dies."""
        output = self.directory / "kwokctl.log"
        self.processes.kwokctl.unlink(missing_ok=True)
        self.processes.kwokctl.symlink_to(binary("kwokctl"))
        # HOME instead of KWOK_WORKDIR, which kwokctl 0.8 reads only up to the first space (fmt.Sscan).
        environment = {**washed(), "HOME": str(self.directory)}
        environment["PATH"] = ":".join([*search_path(), environment.get("PATH", "")])
        with (
            output.open("ab") as log,
            subprocess.Popen(
                [str(self.processes.kwokctl), *arguments],
                env=environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ) as process,
        ):
            try:
                deadline = time.monotonic() + _READY_SECONDS
                while process.poll() is None and time.monotonic() < deadline and not _hopeless(self.processes.died()):
                    time.sleep(_POLL_SECONDS)
            finally:
                if process.poll() is None:
                    process.terminate()
        if process.returncode != 0:
            raise self._not_up(output)

    def _wait(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        restarts = 0
        with self.api() as api:
            while True:
                # In this order, and once: looking at all processes takes longer than asking the API server.
                settled, died = api.settled(), self.processes.died()
                if settled and not died:
                    return
                if _hopeless(died) or restarts > _MOST_RESTARTS or time.monotonic() > deadline:
                    raise self._not_up(self.processes.log("kube-apiserver"))
                if died and api.ready():
                    restarts += 1
                    self.processes.correct_records()
                    self._run("start", "cluster", "--name", "lane")
                time.sleep(_POLL_SECONDS)

    def _not_up(self, log: Path) -> PlatformError:
        died = self.processes.died()
        where = self.processes.log(died[0]) if died else log
        what = f"the lane's {', '.join(died)} exited" if died else "the lane's cluster does not become ready"
        return PlatformError(
            "cluster-not-up", f"{what}: {last_lines(where, 2)}", at=str(where), hint="tiers local reset"
        )


def _hopeless(died: Sequence[str]) -> bool:
    """The others give up on an API server that takes more than 20 s, as on a busy machine, and are restarted."""
    return not {"etcd", "kube-apiserver"}.isdisjoint(died)


_NO_ELECTION = {"leader-elect": "false"}
"""Only one copy runs; with leader election, a restart would wait up to 15 s for the lease of a killed one."""


def _patch(component: str, extra: dict[str, str], *, override: dict[str, str] | None = None) -> dict[str, Any]:
    arguments = [{"key": key, "value": value, "override": False} for key, value in extra.items()]
    arguments += [{"key": key, "value": value, "override": True} for key, value in (override or {}).items()]
    return {"name": component, "extraArgs": arguments}


def webhook_configuration(port: int) -> dict[str, Any]:
    """The token review webhook of the API server, as a kubeconfig, the format its flag requires."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lane", "cluster": {"server": f"http://{LOOPBACK}:{port}/authenticate"}}],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "lane", "context": {"cluster": "lane", "user": "api-server"}}],
        "current-context": "lane",
    }

"""What an EKS add-on puts into the cluster: one row an add-on.

The workloads' shape (names, replicas, labels, service accounts, tolerations, ports) is that of the add-on; their
containers never run. There is no APIService for metrics-server: without a backend it would block every namespace's
deletion. Of `configurationValues`, what moves Pods is followed (replicas, node selector, tolerations, environment,
host network); the rest is accepted without effect.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tooling.aws_emulator.controllers.kubernetes_api import Manifest
from tooling.aws_emulator.controllers.snapshot import InstalledAddon

SYSTEM = "kube-system"
REGISTRY_ACCOUNT = "602401143452"
"""AWS' account of EKS images: https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html"""

_EVERYWHERE = ({"operator": "Exists"},)
_CRITICAL = ({"key": "CriticalAddonsOnly", "operator": "Exists"},)
_CONTROL_PLANE = (*_CRITICAL, {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"})
_DNS_PORTS = (("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"))


@dataclass(frozen=True, kw_only=True)
class Workload:
    """`values` is the part of `configurationValues` that speaks of this workload; empty for the whole."""

    kind: Literal["Deployment", "DaemonSet"]
    name: str
    labels: dict[str, str]
    service_account: str
    image: str
    container: str
    tolerations: tuple[dict[str, str], ...]
    replicas: int = 0
    host_network: bool = False
    cpu: str = "50m"
    memory: str = "64Mi"
    values: str = ""
    switch: str = ""
    """The part of `configurationValues` whose `enabled: false` leaves it out; empty where nothing does."""
    ports: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class AddonService:
    name: str
    selector: dict[str, str]
    labels: dict[str, str]
    ports: tuple[tuple[str, int, str, int | str], ...]
    """Name, port, protocol, target port."""
    cluster_dns: bool = False
    """Has the tenth address of the service range, as the cluster's resolver."""


@dataclass(frozen=True, kw_only=True)
class AddonObjects:
    workloads: tuple[Workload, ...]
    service: AddonService | None = None
    namespace: str = SYSTEM
    """Made if it is not there, and left where it is when the add-on goes: who else uses it is not known."""


ADDON_OBJECTS = {
    "coredns": AddonObjects(
        workloads=(
            Workload(
                kind="Deployment",
                name="coredns",
                labels={"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"},
                service_account="coredns",
                image="eks/coredns",
                container="coredns",
                tolerations=_CONTROL_PLANE,
                replicas=2,
                cpu="100m",
                memory="70Mi",
                ports=_DNS_PORTS,
            ),
        ),
        service=AddonService(
            name="kube-dns",
            selector={"k8s-app": "kube-dns"},
            labels={
                "k8s-app": "kube-dns",
                "eks.amazonaws.com/component": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
            ports=tuple((name, port, protocol, port) for name, port, protocol in _DNS_PORTS),
            cluster_dns=True,
        ),
    ),
    "vpc-cni": AddonObjects(
        workloads=(
            Workload(
                kind="DaemonSet",
                name="aws-node",
                labels={
                    "k8s-app": "aws-node",
                    "app.kubernetes.io/name": "aws-node",
                    "app.kubernetes.io/instance": "aws-vpc-cni",
                },
                service_account="aws-node",
                image="amazon-k8s-cni",
                container="aws-node",
                tolerations=_EVERYWHERE,
                host_network=True,
                cpu="25m",
            ),
        ),
    ),
    "kube-proxy": AddonObjects(
        workloads=(
            Workload(
                kind="DaemonSet",
                name="kube-proxy",
                labels={"k8s-app": "kube-proxy"},
                service_account="kube-proxy",
                image="eks/kube-proxy",
                container="kube-proxy",
                tolerations=_EVERYWHERE,
                host_network=True,
                cpu="100m",
            ),
        ),
    ),
    "metrics-server": AddonObjects(
        workloads=(
            Workload(
                kind="Deployment",
                name="metrics-server",
                labels={"app.kubernetes.io/name": "metrics-server", "app.kubernetes.io/instance": "metrics-server"},
                service_account="metrics-server",
                image="eks/metrics-server",
                container="metrics-server",
                tolerations=_CRITICAL,
                replicas=2,
                cpu="100m",
                memory="200Mi",
                ports=(("https", 10251, "TCP"),),
            ),
        ),
        service=AddonService(
            name="metrics-server",
            selector={"app.kubernetes.io/name": "metrics-server", "app.kubernetes.io/instance": "metrics-server"},
            labels={"app.kubernetes.io/name": "metrics-server"},
            ports=(("https", 443, "TCP", "https"),),
        ),
    ),
    "eks-pod-identity-agent": AddonObjects(
        workloads=(
            Workload(
                kind="DaemonSet",
                name="eks-pod-identity-agent",
                labels={
                    "app.kubernetes.io/name": "eks-pod-identity-agent",
                    "app.kubernetes.io/instance": "eks-pod-identity-agent",
                },
                service_account="eks-pod-identity-agent",
                image="eks/eks-pod-identity-agent",
                container="eks-pod-identity-agent",
                tolerations=_EVERYWHERE,
                host_network=True,
                cpu="10m",
            ),
        ),
    ),
    "aws-ebs-csi-driver": AddonObjects(
        workloads=(
            Workload(
                kind="Deployment",
                name="ebs-csi-controller",
                labels={"app": "ebs-csi-controller", "app.kubernetes.io/name": "aws-ebs-csi-driver"},
                service_account="ebs-csi-controller-sa",
                image="eks/aws-ebs-csi-driver",
                container="ebs-plugin",
                tolerations=_CRITICAL,
                replicas=2,
                values="controller",
            ),
            Workload(
                kind="DaemonSet",
                name="ebs-csi-node",
                labels={"app": "ebs-csi-node", "app.kubernetes.io/name": "aws-ebs-csi-driver"},
                service_account="ebs-csi-node-sa",
                image="eks/aws-ebs-csi-driver",
                container="ebs-plugin",
                tolerations=_EVERYWHERE,
                cpu="10m",
                values="node",
            ),
        ),
    ),
    "amazon-cloudwatch-observability": AddonObjects(
        namespace="amazon-cloudwatch",
        workloads=(
            Workload(
                kind="Deployment",
                name="amazon-cloudwatch-observability-controller-manager",
                labels={
                    "app.kubernetes.io/name": "amazon-cloudwatch-observability",
                    "control-plane": "controller-manager",
                },
                service_account="amazon-cloudwatch-observability-controller-manager",
                image="eks/observability/cloudwatch-agent-operator",
                container="manager",
                tolerations=_EVERYWHERE,
                replicas=1,
                cpu="100m",
                values="manager",
                ports=(("webhook-server", 9443, "TCP"),),
            ),
            Workload(
                kind="DaemonSet",
                name="cloudwatch-agent",
                labels={"app.kubernetes.io/name": "cloudwatch-agent"},
                service_account="cloudwatch-agent",
                image="eks/observability/cloudwatch-agent",
                container="otc-container",
                tolerations=_EVERYWHERE,
                host_network=True,
                cpu="250m",
                memory="128Mi",
                values="agent",
            ),
            Workload(
                kind="DaemonSet",
                name="fluent-bit",
                labels={"k8s-app": "fluent-bit"},
                service_account="cloudwatch-agent",
                image="eks/observability/aws-for-fluent-bit",
                container="fluent-bit",
                tolerations=_EVERYWHERE,
                host_network=True,
                memory="25Mi",
                switch="containerLogs",
            ),
        ),
        service=AddonService(
            name="amazon-cloudwatch-observability-webhook-service",
            selector={
                "app.kubernetes.io/name": "amazon-cloudwatch-observability",
                "control-plane": "controller-manager",
            },
            labels={"app.kubernetes.io/name": "amazon-cloudwatch-observability"},
            ports=(("https", 443, "TCP", "webhook-server"),),
        ),
    ),
}
"""By add-on; the keys are those of the catalog."""

_ROLE_ANNOTATED = frozenset(
    {"aws-node", "cloudwatch-agent", "coredns", "ebs-csi-controller-sa", "kube-proxy", "metrics-server"}
)
"""Service accounts that get `serviceAccountRoleArn`; a driver's node half keeps the node's role."""


def addon_objects(
    addon: InstalledAddon, *, region: str, service_cidr: str, accepts_address: Callable[[str], bool]
) -> list[Manifest]:
    """Manifests of one add-on.

    Args:
        accepts_address: whether the API server's own service range holds an address; it may differ from the cluster's.
    """
    row = ADDON_OBJECTS[addon.name]
    workloads = [work for work in row.workloads if _is_on(work, addon)]
    accounts = sorted({work.service_account for work in workloads})
    manifests = [_service_account(name, row.namespace, addon) for name in accounts]
    if row.service is not None:
        address = str(ipaddress.ip_network(service_cidr)[10])
        fixed = address if row.service.cluster_dns and accepts_address(address) else None
        manifests.append(_service(row.service, row.namespace, fixed))
    manifests.extend(_workload(workload, row.namespace, addon, region) for workload in workloads)
    return manifests


def addon_namespaces(addons: Iterable[InstalledAddon]) -> set[str]:
    """Where their objects are."""
    return {ADDON_OBJECTS[addon.name].namespace for addon in addons}


def _is_on(workload: Workload, addon: InstalledAddon) -> bool:
    values = addon.configuration.get(workload.switch) if workload.switch else None
    return not isinstance(values, dict) or values.get("enabled") is not False


def _service_account(name: str, namespace: str, addon: InstalledAddon) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": namespace}
    if addon.service_account_role and name in _ROLE_ANNOTATED:
        metadata["annotations"] = {"eks.amazonaws.com/role-arn": addon.service_account_role}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _service(service: AddonService, namespace: str, cluster_ip: str | None) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name, "namespace": namespace, "labels": dict(service.labels)},
        "spec": {
            "selector": dict(service.selector),
            "ports": [
                {"name": name, "port": port, "protocol": protocol, "targetPort": target}
                for name, port, protocol, target in service.ports
            ],
            **({"clusterIP": cluster_ip} if cluster_ip else {}),
        },
    }


def _workload(workload: Workload, namespace: str, addon: InstalledAddon, region: str) -> Manifest:
    values = addon.configuration.get(workload.values, {}) if workload.values else addon.configuration
    values = values if isinstance(values, dict) else {}
    host = f"{REGISTRY_ACCOUNT}.dkr.ecr.{region}.amazonaws.com"
    container: Manifest = {
        "name": workload.container,
        "image": f"{host}/{workload.image}:{addon.version or 'self-managed'}",
        "resources": {"requests": {"cpu": workload.cpu, "memory": workload.memory}},
    }
    if workload.ports:
        container["ports"] = [
            {"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in workload.ports
        ]
    environment = values.get("env")
    if isinstance(environment, dict):
        container["env"] = [{"name": name, "value": str(value)} for name, value in sorted(environment.items())]
    pod: Manifest = {
        "serviceAccountName": workload.service_account,
        "priorityClassName": "system-node-critical" if workload.kind == "DaemonSet" else "system-cluster-critical",
        "tolerations": values.get("tolerations") or [dict(toleration) for toleration in workload.tolerations],
        "containers": [container],
        **({"hostNetwork": True} if values.get("hostNetwork", workload.host_network) else {}),
        **({"nodeSelector": values["nodeSelector"]} if values.get("nodeSelector") else {}),
    }
    spec: Manifest = {
        "selector": {"matchLabels": dict(workload.labels)},
        "template": {"metadata": {"labels": dict(workload.labels)}, "spec": pod},
    }
    if workload.kind == "Deployment":
        spec["replicas"] = _replicas(values, workload.replicas)
    return {
        "apiVersion": "apps/v1",
        "kind": workload.kind,
        "metadata": {"name": workload.name, "namespace": namespace, "labels": dict(workload.labels)},
        "spec": spec,
    }


def _replicas(values: dict[str, Any], default: int) -> int:
    """Add-ons spell it in two ways."""
    return int(values.get("replicaCount", values.get("replicas", default)))

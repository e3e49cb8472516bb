"""Checks on the cluster, before a stack is deployed, that nothing still uses what a tenant is about to lose.

A change of a tenant's file restricts later writes only. Existing objects stay: an Ingress keeps serving a host that now
belongs to another team. Therefore the check reports such objects, and nothing is deployed until they are gone.

Not checked: images of a registry that a tenant has lost, and web ports. They affect nobody else: the next rollout is
refused, or the load balancer finds its targets unhealthy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.catalog import CatalogFile, read_catalog
from shared.errors import Refused
from shared.host_names import overlap
from shared.kubernetes_labels import TENANT_LABEL
from shared.tenant_file import TenantFile
from tooling.runner.cluster_reading import Items, Reader
from tooling.runner.graph import StackId
from tooling.runner.project_files import stack_settings

_POLICIES_SWITCH = "platform-addons:admission_policies_enabled"
_SWITCH = TypeAdapter(bool)
"""Accepts every spelling that the tier's settings model accepts."""


@dataclass(frozen=True, kw_only=True)
class Ingress:
    namespace: str
    name: str
    hosts: frozenset[str]

    @property
    def removal(self) -> str:
        return f"kubectl delete ingress {self.name} --namespace {self.namespace}"


@dataclass(frozen=True, kw_only=True)
class TenantsOnCluster:
    namespaces: Mapping[str, str]
    """Maps the name of each tenant namespace to its tenant."""
    ingresses: tuple[Ingress, ...]

    @classmethod
    def read(cls, read: Reader) -> TenantsOnCluster:
        namespaces = {
            one["metadata"]["name"]: one["metadata"]["labels"][TENANT_LABEL]
            for one in read("/api/v1/namespaces")
            if TENANT_LABEL in (one["metadata"].get("labels") or {}) and "deletionTimestamp" not in one["metadata"]
        }
        found = read("/apis/networking.k8s.io/v1/ingresses") if namespaces else []
        return cls(
            namespaces=namespaces,
            ingresses=tuple(
                Ingress(namespace=one["metadata"]["namespace"], name=one["metadata"]["name"], hosts=_hosts(one))
                for one in found
                if one["metadata"]["namespace"] in namespaces
            ),
        )


@dataclass
class TenantGuards:
    """The guards of one run; catalog and cluster are read once, when the first stack needs them."""

    connect: Callable[[], Reader | None]
    """Called once, when the tiers before are deployed; returns `None` if there is no cluster to check."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: tuple[Reader, Mapping[str, CatalogFile], TenantsOnCluster] | None = None
    _connected: bool = False

    def check(self, stack: StackId) -> None:
        """Must be called before `stack` is deployed.

        Raises:
            Refused: `host-in-use`, `namespace-in-use`, `guardrails-in-use`.
            PlatformError: `cluster-unreadable`.
        """
        if stack.tier not in ("tenants", "platform-addons") or (stack.tier == "platform-addons" and _guarded(stack)):
            return
        seen = self._read()
        if seen is None:
            return
        read, tenants, cluster = seen
        if stack.tier == "platform-addons":
            refuse_to_unguard(stack, cluster)
        elif stack.tenant in tenants:
            tenant = tenants[stack.tenant].tenant(stack.environment)
            refuse_lost_hosts(tenant, cluster)
            refuse_lost_namespaces(tenant, cluster, read)

    def stop_suspended(self, stack: StackId, remove_pods: Callable[[str], None]) -> str:
        """Ends the pods of a suspended tenant; its quota, which is deployed by now, lets no new one start.

        Args:
            remove_pods: deletes all pods of a namespace.

        Returns:
            What was done, for the report; empty if nothing.

        Raises:
            PlatformError: `cluster-unreadable`.
        """
        seen = self._read() if stack.tier == "tenants" else None
        file = seen[1].get(stack.tenant) if seen else None
        if seen is None or file is None or file.tenant(stack.environment).state != "suspended":
            return ""
        read, ended = seen[0], 0
        for namespace in file.tenant(stack.environment).namespaces:
            pods = [pod for pod in read(f"/api/v1/namespaces/{namespace}/pods") if not _has_ended(pod)]
            if pods:
                remove_pods(namespace)
                ended += len(pods)
        return f"{stack} is suspended: {ended} pod{'' if ended == 1 else 's'} ended" if ended else ""

    def _read(self) -> tuple[Reader, Mapping[str, CatalogFile], TenantsOnCluster] | None:
        with self._lock:
            if not self._connected:
                read = self.connect()
                self._seen = None if read is None else (read, read_catalog(), TenantsOnCluster.read(read))
                self._connected = True
            return self._seen


def refuse_lost_hosts(tenant: TenantFile, cluster: TenantsOnCluster) -> None:
    """Refuses if the tenant has an Ingress for a host it has lost, or another tenant has one for its hosts."""
    wrong: list[tuple[Ingress, str]] = []
    for ingress in cluster.ingresses:
        if cluster.namespaces[ingress.namespace] == tenant.name:
            wrong.extend((ingress, host) for host in sorted(ingress.hosts - set(tenant.hosts)))
        else:
            wrong.extend(
                (ingress, host) for host in sorted(ingress.hosts) if any(overlap(host, own) for own in tenant.hosts)
            )
    if not wrong:
        return
    ingress, host = wrong[0]
    owner = cluster.namespaces[ingress.namespace]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    raise Refused(
        "host-in-use",
        f"Ingress {ingress.namespace}/{ingress.name} of {owner} still uses host {host!r}, which "
        f"{'its file no longer names' if owner == tenant.name else f'{tenant.name} claims'}{more}",
        at=f"tenants/catalog/{tenant.name}.yaml, hosts",
        hint="\n".join(
            [
                "remove the host from its application, or delete the Ingress as an administrator:",
                *dict.fromkeys(ingress.removal for ingress, _ in wrong),
                "then run the same command again",
            ]
        ),
    )


def refuse_lost_namespaces(tenant: TenantFile, cluster: TenantsOnCluster, read: Reader) -> None:
    """Refuses to delete a namespace that the file no longer names unless it is empty."""
    for namespace, owner in sorted(cluster.namespaces.items()):
        if owner != tenant.name or namespace in tenant.namespaces:
            continue
        pods = [pod for pod in read(f"/api/v1/namespaces/{namespace}/pods") if not _has_ended(pod)]
        claims = read(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims")
        if pods or claims:
            raise Refused(
                "namespace-in-use",
                f"namespace {namespace} is no longer in {tenant.name}'s file and would be deleted with "
                f"{_count(pods, 'pod')} and {_count(claims, 'volume claim')}",
                at=f"tenants/catalog/{tenant.name}.yaml, namespaces",
                hint="move the applications and their data first, then empty it as an administrator:\n"
                "kubectl delete deployments,statefulsets,cronjobs,jobs,persistentvolumeclaims --all "
                f"--namespace {namespace}\nthen run the same command again",
            )


def refuse_to_unguard(stack: StackId, cluster: TenantsOnCluster) -> None:
    """Refuses to remove the admission policies, on which the platform's isolation relies, while tenants exist."""
    if cluster.namespaces:
        names = sorted(set(cluster.namespaces.values()))
        raise Refused(
            "guardrails-in-use",
            f"the admission policies would be removed while tenants are on the cluster: {', '.join(names)}",
            at=f"{stack.directory}/Pulumi.{stack.stack}.yaml, {_POLICIES_SWITCH}",
            hint=f"remove the setting {_POLICIES_SWITCH}, or destroy the tenants first: "
            f"tiers destroy tenants --stack {stack.environment}",
        )


def _guarded(stack: StackId) -> bool:
    """Whether the setting is on. `pulumi config set` writes it as text: `"false"`, or whatever was typed."""
    try:
        return _SWITCH.validate_python(stack_settings(stack.path, stack.environment).get(_POLICIES_SWITCH, True))
    except ValidationError:
        # The program refuses the value before anything is sent.
        return True


def _hosts(ingress: Mapping[str, Any]) -> frozenset[str]:
    spec = ingress.get("spec") or {}
    named = [rule.get("host") for rule in spec.get("rules") or ()]
    named += [host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()]
    return frozenset(str(host).removeprefix("*.") for host in named if host)


def _has_ended(pod: Mapping[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _count(items: Items, what: str) -> str:
    names = ", ".join(item["metadata"]["name"] for item in items[:3])
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}" + (f" ({names})" if items else "")

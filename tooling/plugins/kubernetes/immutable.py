"""Which changes replace an object instead of updating it: the released plug-in's list, and nothing it does not list.

A field that the API server holds immutable but that is not listed here fails on update there, so it fails here too:
replacing it silently would hide an error that AWS shows. Source: pulumi-kubernetes, provider/pkg/provider/diff.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes.discovery import api_group

Path = tuple[str, ...]
ANY_ITEM = "*"
"""Stands for every index of a list."""

IDENTITY: tuple[Path, ...] = (("metadata", "name"), ("metadata", "namespace"))


def _paths(*dotted: str) -> tuple[Path, ...]:
    return tuple(tuple(path.split(".")) for path in dotted)


_SELECTOR = _paths("spec.selector")
_ROLE_REFERENCE = _paths("roleRef")
_CONFIG_DATA = _paths("data", "binaryData")
_SECRET_DATA = _paths("data", "stringData")

_CONTAINER_FIELDS = (
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
)
_POD_FIELDS = (
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
)
_VOLUME_SOURCES = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)

REPLACING: dict[tuple[str, str], tuple[Path, ...]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): _SELECTOR
    + _paths("spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.serviceName", "spec.volumeClaimTemplates"),
    ("batch", "Job"): _SELECTOR + _paths("spec.completions", "spec.parallelism", "spec.template"),
    ("", "PersistentVolume"): _paths(*(f"spec.{source}" for source in _VOLUME_SOURCES)),
    ("", "PersistentVolumeClaim"): _SELECTOR + _paths("spec.accessModes", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): _paths(
        *(f"spec.{field}" for field in _POD_FIELDS),
        *(f"spec.{list_}.*.{field}" for list_ in ("containers", "initContainers") for field in _CONTAINER_FIELDS),
    ),
    ("", "ResourceQuota"): _paths("spec.scopes"),
    ("", "Secret"): _paths("type"),
    ("", "Service"): _paths("spec.clusterIP"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE_REFERENCE,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE_REFERENCE,
    ("storage.k8s.io", "StorageClass"): _paths("parameters", "provisioner"),
}


def replacing_paths(
    manifest: Mapping[str, Any], *, config_map_mutable: bool, secret_mutable: bool, patch: bool
) -> tuple[Path, ...]:
    """The paths whose change replaces this object.

    Args:
        config_map_mutable: the provider's `enableConfigMapMutable`; an object with `immutable: true` ignores it.
        secret_mutable: the same for Secrets.
        patch: a `…Patch` resource, of which only the identity is immutable.
    """
    if patch:
        return IDENTITY
    kind = (api_group(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", "")))
    paths = IDENTITY + REPLACING.get(kind, ())
    frozen = manifest.get("immutable") is True
    if kind == ("", "ConfigMap") and (frozen or not config_map_mutable):
        paths += _CONFIG_DATA
    if kind == ("", "Secret") and (frozen or not secret_mutable):
        paths += _SECRET_DATA
    return paths

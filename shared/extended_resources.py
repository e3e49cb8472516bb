"""Resources that device plug-ins and nodes offer besides CPU, memory and disk, and how a ResourceQuota counts them.

A quota counts only what it names, so each has a row: 0, unless the tenant's file allows some. Standard library only.
"""

from __future__ import annotations

import re

KNOWN = (
    "nvidia.com/gpu",
    "nvidia.com/gpu.shared",
    "amd.com/gpu",
    "habana.ai/gaudi",
    "aws.amazon.com/neuron",
    "aws.amazon.com/neuroncore",
    "aws.amazon.com/neurondevice",
    "vpc.amazonaws.com/efa",
    "vpc.amazonaws.com/pod-eni",
    "vpc.amazonaws.com/PrivateIPv4Address",
    "hugepages-2Mi",
    "hugepages-1Gi",
    "hugepages-32Mi",
    "hugepages-64Ki",
)
"""Extended resources that EKS nodes can offer. MIG profiles of GPUs (`nvidia.com/mig-…`) are too many to list.

Source: EKS user guide, "Manage hardware devices", "Use EFA" and "Security groups for Pods"; NVIDIA k8s-device-plugin
README; Kubernetes, "Manage HugePages", sizes of amd64 and of arm64 with 4 KiB pages.
"""

_HUGE_PAGES = re.compile(r"hugepages-[1-9][0-9]*[KMG]i", re.ASCII)
_EXTENDED = re.compile(
    r"(?=.{1,253}/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+/"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,45}[A-Za-z0-9])?",
    re.ASCII,
)
"""48 characters after the slash: with `requests.` before it, a quota's key still fits a qualified name."""


def is_extended_resource(name: str) -> bool:
    """Whether a device plug-in can offer `name`. Source: Kubernetes, "Extended resources"."""
    if _HUGE_PAGES.fullmatch(name):
        return True
    domain = name.partition("/")[0]
    return _EXTENDED.fullmatch(name) is not None and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def quota_row(name: str) -> str:
    """The key in `spec.hard` that counts it. Source: Kubernetes, "Resource Quotas", "Resource quota for extended
    resources"; huge pages are counted under their own name."""
    return name if name.startswith("hugepages-") else f"requests.{name}"

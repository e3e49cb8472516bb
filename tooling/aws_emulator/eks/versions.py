"""Kubernetes versions that the emulated EKS knows: the platform's minor, the one below and the one above.

Enough to rehearse an upgrade in either direction of time; what EKS itself offers is not asserted here.
"""

from __future__ import annotations

from shared.versions import KUBERNETES
from tooling.aws_emulator.eks.refusals import invalid_parameter

PLATFORM_VERSION = "eks.1"


def minor_of(version: str) -> int:
    """`1.35` -> 35."""
    return int(version.split(".")[1])


DEFAULT = KUBERNETES.value
SUPPORTED = tuple(f"1.{minor_of(DEFAULT) + step}" for step in (-1, 0, 1))


def supported(version: str) -> str:
    """Returns `version`. Refuses one that the emulated EKS does not know."""
    if version not in SUPPORTED:
        invalid_parameter(f"unsupported Kubernetes version {version}; the local lane has {', '.join(SUPPORTED)}")
    return version


def one_step_up(current: str, wanted: str) -> None:
    """Refuses anything but the next minor: https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html"""
    supported(wanted)
    if minor_of(wanted) != minor_of(current) + 1:
        invalid_parameter(f"Unsupported Kubernetes minor version update from {current} to {wanted}")

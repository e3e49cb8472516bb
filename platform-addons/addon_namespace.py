"""The dedicated namespace of an add-on."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from shared.kubernetes_labels import MANAGED_BY_LABEL, PLATFORM


def addon_namespace(
    name: str, opts: pulumi.ResourceOptions, *, pod_security: Literal["restricted", "privileged"] = "restricted"
) -> core.Namespace:
    """`pod_security`: the Pod Security level that is enforced. Source: Kubernetes, "Pod Security Standards"."""
    return core.Namespace(
        name,
        metadata=meta.ObjectMetaArgs(
            name=name, labels={MANAGED_BY_LABEL: PLATFORM, "pod-security.kubernetes.io/enforce": pod_security}
        ),
        opts=opts,
    )

"""Answers Ingresses of class `alb` with a load balancer's name, as the load balancer controller would in time.

Without it, every wait for an Ingress would time out. The name has the controller's form and depends on the
Ingress alone: https://github.com/kubernetes-sigs/aws-load-balancer-controller (pkg/ingress, load balancer names).
"""

from __future__ import annotations

import hashlib
import re

from tooling.aws_emulator.controllers.kubernetes_api import Manifest

CLASS = "alb"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_GROUP_ANNOTATION = "alb.ingress.kubernetes.io/group.name"
_SCHEME_ANNOTATION = "alb.ingress.kubernetes.io/scheme"
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]")


def status_correction(ingress: Manifest, region: str) -> Manifest | None:
    """The merge patch for the status subresource, or None if it is right. A class given up gives the name up."""
    balancers = ingress.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    hostname = _hostname(ingress, region)
    if _is_alb(ingress):
        wanted = [{"hostname": hostname}]
        return None if balancers == wanted else {"status": {"loadBalancer": {"ingress": wanted}}}
    if balancers == [{"hostname": hostname}]:
        return {"status": {"loadBalancer": {"ingress": None}}}
    return None


def _is_alb(ingress: Manifest) -> bool:
    annotations = ingress["metadata"].get("annotations") or {}
    return CLASS in (ingress.get("spec", {}).get("ingressClassName"), annotations.get(_CLASS_ANNOTATION))


def _hostname(ingress: Manifest, region: str) -> str:
    """`k8s-<namespace>-<name>-<hash>-<number>.<region>.elb.amazonaws.com`; `internal-…` unless internet-facing."""
    metadata = ingress["metadata"]
    annotations = metadata.get("annotations") or {}
    group = annotations.get(_GROUP_ANNOTATION)
    if group:
        key, name = f"group/{group}", f"k8s-{_short(group, 17)}"
    else:
        key = f"{metadata['namespace']}/{metadata['name']}"
        name = f"k8s-{_short(metadata['namespace'], 8)}-{_short(metadata['name'], 8)}"
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()
    number = int(digest[10:20], 16) % 10**10
    prefix = "" if annotations.get(_SCHEME_ANNOTATION) == "internet-facing" else "internal-"
    return f"{prefix}{name}-{digest[:10]}-{number:010d}.{region}.elb.amazonaws.com".lower()


def _short(name: str, length: int) -> str:
    return _NOT_ALPHANUMERIC.sub("", name)[:length]

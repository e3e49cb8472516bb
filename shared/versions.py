"""Every version that the platform pins, with its source and the date it was read.

Nothing is resolved as "latest" at plan time. A pin without source and date fails a test; a value that could not be read
from a source is `None` with the reason as its source, and is never invented. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One pinned version.

    `value` is the version in its consumer's format. `source` is where it was read, `read_on` the date.
    """

    value: str
    source: str
    read_on: date


KUBERNETES = Pin(
    value="1.35",
    source="endoflife.date/amazon-eks: standard support until 2027-03-27",
    read_on=date(2026, 11, 21),
)
"""Kubernetes minor version of the EKS cluster and of the local lane's API server."""

KUBERNETES_MINORS = {
    minor.value: minor
    for minor in (
        Pin(
            value="1.34",
            source="endoflife.date/amazon-eks: standard support until 2026-12-02",
            read_on=date(2026, 11, 24),
        ),
        KUBERNETES,
        Pin(
            value="1.36",
            source="docs.aws.amazon.com/eks/latest/userguide/platform-versions.html, which names it as newest",
            read_on=date(2026, 11, 24),
        ),
    )
}
"""Kubernetes minor versions that clusters may run: the platform's, the previous and the next one."""

KUBERNETES_PATCH = Pin(
    value="1.35.4",
    source="tooling/binaries/control-plane/go.mod: newest patch of the minor that the Go module registry serves",
    read_on=date(2026, 11, 21),
)
"""Patch release of the local lane's control plane."""

ENGINE = Pin(value="3.259.0", source="tooling/binaries/control-plane/go.mod", read_on=date(2026, 11, 21))
"""Pulumi engine that the lane builds if `pulumi` is not on PATH or too old."""

ETCD = Pin(value="3.6.5", source="go.mod of k8s.io/kubernetes v1.35.4", read_on=date(2026, 11, 21))
ACTIONLINT = Pin(value="1.7.12", source="tooling/binaries/actionlint/go.mod", read_on=date(2026, 11, 24))
BUILDKIT = Pin(value="0.31.2", source="tooling/binaries/dockerfile-check/go.mod", read_on=date(2026, 11, 28))
"""BuildKit whose linter checks Dockerfiles; newer ones need a newer Go than the lane does."""
CYCLONUS = Pin(value="0.5.6", source="tooling/binaries/network-verdicts/go.mod", read_on=date(2026, 11, 28))
"""Reads network policies for the attack tests, as another project understands them."""
HELM = Pin(value="3.22.0", source="tooling/binaries/helm/go.mod", read_on=date(2026, 11, 26))
"""Helm version that the local lane uses for charts; the released Kubernetes plug-in includes its own."""
KWOK = Pin(value="0.8.0", source="tooling/binaries/kwok/go.mod", read_on=date(2026, 11, 21))

_PUBLIC_EKS_135 = (
    "unverified: read in one public Terraform configuration of an EKS 1.35 cluster, in a copy that does not name its "
    "repository; check with `aws eks describe-addon-versions --kubernetes-version 1.35` before deploying"
)

ADDONS = {
    "vpc-cni": Pin(value="v1.21.1-eksbuild.3", source=_PUBLIC_EKS_135, read_on=date(2026, 11, 21)),
    "kube-proxy": Pin(value="v1.35.0-eksbuild.2", source=_PUBLIC_EKS_135, read_on=date(2026, 11, 21)),
    "coredns": Pin(value="v1.13.2-eksbuild.1", source=_PUBLIC_EKS_135, read_on=date(2026, 11, 21)),
    "eks-pod-identity-agent": Pin(value="v1.3.10-eksbuild.3", source=_PUBLIC_EKS_135, read_on=date(2026, 11, 21)),
    "aws-ebs-csi-driver": Pin(
        value="v1.55.0-eksbuild.2",
        source="unverified: read in one public page that lists it beside our vpc-cni and coredns, of a 1.34 cluster, "
        "in a copy without its repository's name; check like the others",
        read_on=date(2026, 11, 24),
    ),
    "amazon-cloudwatch-observability": Pin(
        value="v4.10.3-eksbuild.1",
        source="unverified: aws-observability/application-signals-demo, pull request 334, which pins it since 5.3 "
        "broke its tests, and names no Kubernetes version; check like the others. From 5.0 on Application Signals is "
        "on unless switched off",
        read_on=date(2026, 11, 27),
    ),
    "metrics-server": Pin(
        value="v0.8.0-eksbuild.2",
        source="unverified: read in one public Terraform file that names no Kubernetes version; check like the others",
        read_on=date(2026, 11, 21),
    ),
}
"""EKS add-ons by name: the complete set that the platform installs."""


def addon_pin(name: str, minor: str) -> Pin | None:
    """The pin of an EKS add-on for a Kubernetes minor; `None` if unknown, as pins are for the platform's own minor."""
    return ADDONS.get(name) if minor == KUBERNETES.value else None


def minor_number(version: str) -> int:
    """35 for `1.35`, `1.35.4` and `v1.35.0-eksbuild.2`."""
    return int(version.removeprefix("v").split(".")[1])


CLUSTER_AUTOSCALER_IMAGE = Pin(
    value="registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2",
    source="unverified: read in one public manifest, in a copy without its repository's name; digest unread",
    read_on=date(2026, 11, 21),
)
"""The autoscaler's minor must match the cluster's, whose scheduler it simulates."""

EXTERNAL_DNS_IMAGE = Pin(
    value="registry.k8s.io/external-dns/external-dns:v0.22.0",
    source="kubernetes-sigs/external-dns at 00fc1a3fc85f9a7a2c03e33b5dcc3b50247a89db, docs/registry/txt.md; "
    "digest unread",
    read_on=date(2026, 11, 26),
)

EXTERNAL_SECRETS_IMAGE = Pin(
    value="ghcr.io/external-secrets/external-secrets:v1.3.2",
    source="github.com/external-secrets/external-secrets v1.3.2, the newest release whose sources could be read; "
    "digest unread",
    read_on=date(2026, 11, 27),
)

LOAD_BALANCER_CONTROLLER_CHART = Pin(
    value="1.13.0",
    source="unverified: read in alexkuklin/yamasoft, terraform/.helm.sh, which installs it from AWS's repository; "
    "check with `helm search repo eks/aws-load-balancer-controller --versions` before deploying",
    read_on=date(2026, 11, 27),
)

FLUENT_BIT_IMAGE = Pin(
    value="public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15"
    "@sha256:88e1b56cedb230486afeca6eeb26c5f6bd59c48879d0054d1674d5a58838c607",
    source="unverified: tag and digest read in public DaemonSet manifests, in copies without their repositories' "
    "names; check with `docker buildx imagetools inspect` before deploying",
    read_on=date(2026, 11, 27),
)
"""AWS's build of Fluent Bit, with its own version numbers. Since 3.0 it contains Fluent Bit 4 or newer, which namespace
labels require. Source: aws/aws-for-fluent-bit, VERSIONS.md."""

SERVICE_PYTHON = Pin(
    value="3.13",
    source="Debian 13, package python3, which the distroless images for Debian 13 contain",
    read_on=date(2026, 11, 28),
)
"""Python of the images of services. Their two base images must have the same minor: compiled packages are installed in
one and run in the other."""

_READ_IN_DOCKERFILES = (
    "unverified: tag and digest read in public Dockerfiles, in copies without their repositories' names; `make pins` "
    "checks them where the registry can be reached"
)

PYTHON_BUILD_IMAGE = Pin(
    value="public.ecr.aws/docker/library/python:3.13-slim-trixie"
    "@sha256:ffb752e139c0a19692a43af8d8523b274222dd68eebad5d583b45c2201c6e30a",
    source=_READ_IN_DOCKERFILES,
    read_on=date(2026, 11, 28),
)
"""Base image of the build stage: Docker's official image, by its copy in Amazon's public registry, which has no rate
limit for builds in AWS."""

PYTHON_RUNTIME_IMAGE = Pin(
    value="gcr.io/distroless/python3-debian13:nonroot"
    "@sha256:8ee214843129f43e2ebf5e0ca9f2e4e6d8292143d1b8a6787f169b5898578884",
    source=_READ_IN_DOCKERFILES,
    read_on=date(2026, 11, 28),
)
"""Base image of services: Python without a shell or a package manager."""

DEMO_IMAGE = Pin(
    value="registry.k8s.io/e2e-test-images/agnhost:2.59",
    source="k8s.io/kubernetes v1.35.4, test/utils/image/manifest.go",
    read_on=date(2026, 11, 21),
)
"""Small HTTP server that can run as any user on a read-only file system."""

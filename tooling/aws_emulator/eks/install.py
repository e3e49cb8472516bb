"""Puts the completed EKS in the place of moto's, in this process.

The code depends on the internals of one moto release, so any other is rejected at start.
"""

from __future__ import annotations

import importlib.metadata

import moto.iam.models
from moto.eks import models, responses, urls

from shared.errors import PlatformError
from tooling.aws_emulator.callers import account_of
from tooling.aws_emulator.eks.access_operations import AccessOperations
from tooling.aws_emulator.eks.addon_operations import AddonOperations
from tooling.aws_emulator.eks.cluster_updates import ClusterUpdateOperations
from tooling.aws_emulator.eks.control_plane import CONTROL_PLANE
from tooling.aws_emulator.eks.fargate_operations import FargateOperations
from tooling.aws_emulator.eks.nodegroup_operations import NodegroupOperations
from tooling.aws_emulator.eks.records import Cluster, Nodegroup
from tooling.aws_emulator.eks.tag_operations import TagOperations
from tooling.aws_emulator.eks.update_operations import UpdateOperations
from tooling.aws_emulator.options import Options

MOTO_VERSION = "5.2.5"
"""As pinned in pyproject.toml."""

_SEAMS = {
    models: ("Cluster", "Nodegroup", "EKSBackend", "eks_backends"),
    responses: ("EKSResponse",),
    urls: ("url_paths", "url_bases", "response"),
    moto.iam.models: ("get_account_id_from",),
}


class CompletedEKSResponse(
    NodegroupOperations,
    FargateOperations,
    ClusterUpdateOperations,
    AddonOperations,
    AccessOperations,
    UpdateOperations,
    TagOperations,
):
    """All operations; what none of these classes has, moto answers or the emulator refuses by name."""


def installed_moto() -> str:
    return importlib.metadata.version("moto")


def install(options: Options) -> None:
    """Raises PlatformError if this is not the moto that the rest was written for."""
    version = installed_moto()
    missing = [
        f"{module.__name__}.{name}" for module, names in _SEAMS.items() for name in names if not hasattr(module, name)
    ]
    if version != MOTO_VERSION or missing:
        raise PlatformError(
            "moto-of-another-version",
            f"the emulated EKS completes moto {MOTO_VERSION}, and moto {version} is installed"
            + (f", which lacks {', '.join(missing)}" if missing else ""),
            at="tooling/aws_emulator/eks/install.py",
            hint="make lock\nuv sync, or revise tooling/aws_emulator/eks for the new moto",
        )
    moto.iam.models.get_account_id_from = account_of
    models.Cluster = Cluster  # type: ignore[misc]
    models.Nodegroup = Nodegroup  # type: ignore[misc]
    # botocore's own model finds the operation once a request is here, so one path opens them all.
    urls.url_paths = {"{0}/(?P<rest>.+)$": CompletedEKSResponse.dispatch}
    CONTROL_PLANE.kubeconfig = options.cluster_kubeconfig
    CONTROL_PLANE.oidc_issuer = options.oidc_issuer

"""What a container can mount: one typed model for each kind of volume. A volume's name is its key in `volumes`.

The root file system is read-only, so that whatever an application writes is in one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pulumi
from pulumi_kubernetes.core import v1 as core

from shared.applications.arguments import require_quantity
from shared.kubernetes_labels import DEFAULT_STORAGE_CLASS


@dataclass(frozen=True, kw_only=True)
class EmptyDirectory:
    """Empty at the start of each pod, and deleted with it."""

    path: str
    """Where the containers see it."""
    size_limit: str
    """A pod that writes more is evicted. It counts against the limit of `ephemeral-storage`, or of memory."""
    in_memory: bool = False

    def __post_init__(self) -> None:
        require_quantity("size_limit", self.size_limit)


@dataclass(frozen=True, kw_only=True)
class ClaimedVolume:
    """A new PersistentVolumeClaim, `<application>-<name of the volume>`. It is deleted with the application, and its
    data with it."""

    path: str
    size: str
    """Can be raised, not lowered."""
    storage_class: str = DEFAULT_STORAGE_CLASS
    """One that tier 2 allows in `admission_storage_classes`."""
    access_mode: Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"] = "ReadWriteOnce"
    """EBS volumes cannot be mounted on two nodes: without `ReadWriteMany`, an application has at most one pod, which
    stops before the next one starts."""

    def __post_init__(self) -> None:
        require_quantity("size", self.size)

    @property
    def for_one_pod(self) -> bool:
        return self.access_mode != "ReadWriteMany"


@dataclass(frozen=True, kw_only=True)
class ExistingClaim:
    """A PersistentVolumeClaim that something else in the namespace created."""

    path: str
    claim: pulumi.Input[str]
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class SecretFiles:
    """The keys of a Secret of the namespace as files, which follow its changes within about a minute."""

    path: str
    secret: pulumi.Input[str]


Volume: TypeAlias = EmptyDirectory | ClaimedVolume | ExistingClaim | SecretFiles


def volume_source(name: str, volume: Volume, claims: Mapping[str, pulumi.Input[str]]) -> core.VolumeArgs:
    """The pod's volume.

    Args:
        claims: names of the claims that were created for volumes, by the volume's name.
    """
    match volume:
        case EmptyDirectory():
            medium = "Memory" if volume.in_memory else None
            source = core.EmptyDirVolumeSourceArgs(size_limit=volume.size_limit, medium=medium)
            return core.VolumeArgs(name=name, empty_dir=source)
        case ClaimedVolume():
            source = core.PersistentVolumeClaimVolumeSourceArgs(claim_name=claims[name])
            return core.VolumeArgs(name=name, persistent_volume_claim=source)
        case ExistingClaim():
            source = core.PersistentVolumeClaimVolumeSourceArgs(claim_name=volume.claim, read_only=volume.read_only)
            return core.VolumeArgs(name=name, persistent_volume_claim=source)
        case SecretFiles():
            return core.VolumeArgs(name=name, secret=core.SecretVolumeSourceArgs(secret_name=volume.secret))


def volume_mount(name: str, volume: Volume) -> core.VolumeMountArgs:
    read_only = isinstance(volume, SecretFiles) or (isinstance(volume, ExistingClaim) and volume.read_only)
    return core.VolumeMountArgs(name=name, mount_path=volume.path, read_only=read_only or None)


def claim_spec(volume: ClaimedVolume) -> core.PersistentVolumeClaimSpecArgs:
    return core.PersistentVolumeClaimSpecArgs(
        access_modes=[volume.access_mode],
        storage_class_name=volume.storage_class,
        resources=core.VolumeResourceRequirementsArgs(requests={"storage": volume.size}),
    )

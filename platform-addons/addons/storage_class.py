"""The default StorageClass: EBS gp3, encrypted.

EKS creates no default class since 1.30, and its `gp2` is not encrypted.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.storage import v1 as storage
from pydantic import Field

from shared.kubernetes_labels import DEFAULT_STORAGE_CLASS, MANAGED_BY_LABEL, PLATFORM
from shared.settings import Settings


class StorageClassSettings(Settings):
    volume_key_arn: str = Field(
        default="", description="KMS key of PersistentVolumes; empty: the account's default key for EBS."
    )


class StorageClass(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[StorageClassSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        key = args.settings.volume_key_arn
        storage.StorageClass(
            DEFAULT_STORAGE_CLASS,
            metadata=meta.ObjectMetaArgs(
                name=DEFAULT_STORAGE_CLASS,
                labels={MANAGED_BY_LABEL: PLATFORM},
                annotations={"storageclass.kubernetes.io/is-default-class": "true"},
            ),
            # Source: kubernetes-sigs/aws-ebs-csi-driver, docs/parameters.md.
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true", **({"kmsKeyId": key} if key else {})},
            # A volume exists in one zone: that of the pod, known once it is scheduled. Node groups for pods with
            # volumes are limited to one zone each: infrastructure/README.md, "Volumes and zones".
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name="storage-class",
    summary="default StorageClass with encrypted gp3 volumes",
    component=StorageClass,
    settings=StorageClassSettings,
)

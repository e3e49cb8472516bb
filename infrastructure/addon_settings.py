"""Settings of the add-ons that tier 1 installs, and of how workloads get AWS credentials."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from shared.errors import nearest
from shared.iam import IdentityMethod
from shared.settings import Settings
from shared.versions import ADDONS, KUBERNETES, addon_pin

ALWAYS = ("vpc-cni", "kube-proxy", "coredns")
POD_IDENTITY_AGENT = "eks-pod-identity-agent"
EBS_CSI_DRIVER = "aws-ebs-csi-driver"

_BUILD = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")


class AddonSettings(Settings):
    workload_identity: IdentityMethod = Field(
        default="irsa",
        description="How this tier's add-ons get their IAM roles: IRSA or EKS Pod Identity. The policies are the same "
        "in both cases.",
    )
    pod_identity_agent: bool = Field(
        default=True, description="Install the EKS Pod Identity agent, required by `pod-identity`."
    )
    ebs_csi_driver: bool = Field(default=True, description="Install the EBS CSI driver, for pod volumes.")
    addon_versions: dict[str, str] = Field(
        default_factory=dict,
        description="Add-on versions that replace the pins in shared/versions.py, by name; required for every add-on "
        "if the pins are for another Kubernetes minor.",
    )

    @model_validator(mode="after")
    def _addons_are_known(self) -> AddonSettings:
        if self.workload_identity == "pod-identity" and not self.pod_identity_agent:
            raise ValueError("workload_identity pod-identity requires pod_identity_agent: true")
        for name, version in self.addon_versions.items():
            if name not in self.enabled_addons():
                known = ", ".join(self.enabled_addons())
                raise ValueError(
                    f"addon_versions: {name!r} is not one of {known}{nearest(name, self.enabled_addons())}"
                )
            if _BUILD.fullmatch(version) is None:
                raise ValueError(f"addon_versions: {name} {version!r} must have the form of {ADDONS['coredns'].value}")
        return self

    def enabled_addons(self) -> tuple[str, ...]:
        """Names of the add-ons that this tier installs."""
        optional = {POD_IDENTITY_AGENT: self.pod_identity_agent, EBS_CSI_DRIVER: self.ebs_csi_driver}
        return (*ALWAYS, *(name for name, wanted in optional.items() if wanted))

    def pinned_addons(self, kubernetes_version: str) -> dict[str, str]:
        """Version of every enabled add-on, by name.

        Raises:
            ValueError: if an add-on has no version for this minor.
        """
        pins = {name: addon_pin(name, kubernetes_version) for name in self.enabled_addons()}
        versions = {**{name: pin.value for name, pin in pins.items() if pin is not None}, **self.addon_versions}
        missing = [name for name in self.enabled_addons() if name not in versions]
        if missing:
            raise ValueError(
                f"addon_versions: set a version for Kubernetes {kubernetes_version} of {', '.join(missing)}; "
                f"the pins in shared/versions.py are for {KUBERNETES.value}"
            )
        return {name: versions[name] for name in self.enabled_addons()}

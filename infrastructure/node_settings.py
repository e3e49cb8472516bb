"""Settings of the nodes: the group `general`, further groups by name, and Fargate profiles.

Flat keys configure the group `general`; every other group is an entry of `node_groups`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from address_plan import MOST_ZONES
from cluster_settings import known_minor
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.kubernetes_labels import PLATFORM_NAMESPACES
from shared.settings import Settings

GENERAL = "general"

_INSTANCE_TYPE = re.compile(r"(?P<family>[a-z][a-z0-9-]*)\.[a-z0-9-]+")
_ARM_FAMILY = re.compile(r"a1|[a-z]+\d+g[a-z]*")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?")
_LONGEST_LABEL_KEY = 80
"""Keeps the autoscaler's tag for the label within the 128 characters of an Auto Scaling tag key."""
_ACCELERATED_FAMILY = re.compile(r"(g|gr|p|inf|trn|dl|vt|f)\d.*")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$")]
"""At most 20 characters: the physical name also has the environment's suffix and 26 characters from the engine."""


def family(instance_type: str) -> str:
    """`m6g` of `m6g.large`."""
    return instance_type.partition(".")[0]


def architecture(instance_type: str) -> Literal["x86_64", "arm64"]:
    """From the family name: Graviton families have a `g` after the generation. Source: EC2 user guide, "Instance
    type naming conventions"."""
    return "arm64" if _ARM_FAMILY.fullmatch(family(instance_type)) else "x86_64"


def is_burstable(instance_type: str) -> bool:
    """Whether the type is in the t family: t3, t3a, t4g."""
    return re.match(r"t\d", instance_type) is not None


def _instance_type(value: str) -> str:
    found = _INSTANCE_TYPE.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not an EC2 instance type such as t3.large")
    if _ACCELERATED_FAMILY.fullmatch(found["family"]) and not _ARM_FAMILY.fullmatch(found["family"]):
        raise ValueError(f"{value!r} is an accelerated instance type, which the platform's node images do not support")
    return value


def _in_order(min_size: int, desired_capacity: int, max_size: int) -> None:
    if min_size > max_size:
        raise ValueError(f"min_size {min_size} is more than max_size {max_size}")
    if not min_size <= desired_capacity <= max_size:
        raise ValueError(f"desired_capacity {desired_capacity} is outside min_size {min_size} to max_size {max_size}")


InstanceType = Annotated[str, AfterValidator(_instance_type)]


class Taint(Settings):
    key: str = Field(min_length=1, max_length=63, description="Key of the taint, e.g. `dedicated`.")
    value: str = Field(default="", max_length=63, description="Value of the taint; may be empty.")
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] = Field(
        description="Effect of the taint, in EKS notation."
    )


class NodeGroupSettings(Settings):
    """One entry of `node_groups`."""

    instance_types: list[InstanceType] = Field(
        min_length=1,
        max_length=20,
        description="EC2 instance types of one architecture; Graviton types give ARM nodes. More than one type is "
        "useful only for spot groups, and the autoscaler assumes that all are like the first.",
    )
    capacity_type: Literal["ON_DEMAND", "SPOT"] = Field(default="ON_DEMAND", description="On-demand or spot instances.")
    min_size: int = Field(default=0, ge=0, description="Minimum number of nodes; 0 lets the autoscaler scale to zero.")
    max_size: int = Field(default=3, ge=1, description="Maximum number of nodes.")
    desired_capacity: int | None = Field(
        default=None, ge=0, description="Initial number of nodes; default: min_size. Later the autoscaler sets it."
    )
    volume_gib: int = Field(default=80, ge=20, le=16384, description="Encrypted data volume of each node, in GiB.")
    labels: dict[str, str] = Field(
        default_factory=dict, description="Labels of the nodes, in addition to `environment`."
    )
    taints: list[Taint] = Field(default_factory=list[Taint], max_length=50, description="Taints of the nodes.")
    max_pods: int | None = Field(
        default=None, ge=8, le=250, description="Maximum pods per node; default: calculated by EKS."
    )
    zones: list[str] = Field(
        default_factory=list,
        max_length=MOST_ZONES,
        description="Availability zones of the group, a subset of the environment's `availability_zones`; empty: all. "
        "With one group per zone, the autoscaler can add a node in the zone of a pod's EBS volume.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> NodeGroupSettings:
        _in_order(self.min_size, self.initial_size, self.max_size)
        if len({architecture(kind) for kind in self.instance_types}) > 1:
            raise ValueError(f"instance_types {', '.join(self.instance_types)} are of more than one architecture")
        for key, value in self.labels.items():
            if len(key) > _LONGEST_LABEL_KEY or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                raise ValueError(
                    f"labels: {key}={value} is not a label, or its key is longer than {_LONGEST_LABEL_KEY}"
                )
            if key == "environment" or key.partition("/")[0].endswith(("kubernetes.io", "k8s.io", "eks.amazonaws.com")):
                raise ValueError(f"labels: {key!r} is reserved for the platform, EKS or the kubelet")
        if len(set(self.zones)) < len(self.zones):
            raise ValueError(f"zones {', '.join(self.zones)} contains a duplicate")
        if len({(taint.key, taint.effect) for taint in self.taints}) < len(self.taints):
            raise ValueError("taints contain the same key and effect twice")
        return self

    @property
    def initial_size(self) -> int:
        """Number of nodes that the group is created with."""
        return self.min_size if self.desired_capacity is None else self.desired_capacity

    @property
    def architecture(self) -> Literal["x86_64", "arm64"]:
        return architecture(self.instance_types[0])


class FargateSelector(Settings):
    namespace: str = Field(description=f"One of {', '.join(PLATFORM_NAMESPACES)}.")
    labels: dict[str, str] = Field(default_factory=dict, max_length=5, description="Labels that a pod must have.")

    @model_validator(mode="after")
    def _is_the_platforms(self) -> FargateSelector:
        # Source: EKS user guide, "Limit Pod traffic with Kubernetes network policies", considerations.
        if self.namespace not in PLATFORM_NAMESPACES:
            raise ValueError(
                f"namespace {self.namespace!r} may belong to a tenant, and Fargate does not enforce network policies; "
                f"use one of {', '.join(PLATFORM_NAMESPACES)}"
            )
        return self


class FargateProfileSettings(Settings):
    """One entry of `fargate_profiles`."""

    selectors: list[FargateSelector] = Field(
        min_length=1, max_length=5, description="Pods that match any of these selectors run on Fargate."
    )


class NodeSettings(Settings):
    instance_type: InstanceType = Field(
        default="t3.large", description="EC2 instance type of the node group `general`."
    )
    min_size: int = Field(default=3, ge=0, description="Minimum number of nodes of the node group `general`.")
    max_size: int = Field(default=10, ge=1, description="Maximum number of nodes of the node group `general`.")
    desired_capacity: int = Field(
        default=5, ge=0, description="Initial number of nodes; later the autoscaler sets it, and changes are ignored."
    )
    volume_gib: int = Field(
        default=80,
        ge=20,
        le=16384,
        description="Encrypted data volume of each node, in GiB: images, logs and emptyDir.",
    )
    node_groups: dict[Name, NodeGroupSettings] = Field(
        default_factory=dict, description="Node groups in addition to `general`, by name."
    )
    node_kubernetes_version: str = Field(
        default="",
        description="Kubernetes minor of the nodes during an upgrade, at most three behind the cluster's; "
        "empty: the cluster's.",
    )
    node_release_version: str = Field(
        default="",
        pattern=r"^$|^\d+\.\d+\.\d+-[0-9a-f]{8}$",
        description="Bottlerocket release of all nodes, e.g. 1.52.0-943d9a41; empty: EKS uses the newest when it "
        "creates a group or upgrades it to another minor.",
    )
    node_repair: bool = Field(default=True, description="Let EKS replace unhealthy nodes.")
    max_unavailable_percentage: int = Field(
        default=33, ge=1, le=100, description="Percentage of a group's nodes that an update may replace at a time."
    )
    volume_key_arn: str = Field(
        default="",
        pattern=r"^$|^arn:aws[-a-z]*:kms:.+:key/.+$",
        description="KMS key of the nodes' volumes, whose policy must allow the role AWSServiceRoleForAutoScaling; "
        "empty: the account's default key for EBS.",
    )
    node_cloudwatch_policy: bool = Field(
        default=False,
        description="Attach CloudWatchAgentServerPolicy to the node role, for agents on the host network; other pods "
        "cannot use the role.",
    )
    fargate_profiles: dict[Name, FargateProfileSettings] = Field(
        default_factory=dict, description="Fargate profiles by name. They can select platform namespaces only."
    )
    fargate_pod_logs: bool = Field(
        default=False,
        description="Let pods on Fargate write to CloudWatch Logs; used with the add-on fargate-logging, which "
        "configures the logs.",
    )

    @model_validator(mode="after")
    def _logs_of_some_profile(self) -> NodeSettings:
        if self.fargate_pod_logs and not self.fargate_profiles:
            raise ValueError(
                "fargate_pod_logs: requires fargate_profiles, as there is no role to grant the permission otherwise"
            )
        return self

    @model_validator(mode="after")
    def _groups_are_sound(self) -> NodeSettings:
        if GENERAL in self.node_groups:
            raise ValueError(
                f"node_groups: {GENERAL!r} is the group that instance_type, min_size, max_size and so on configure"
            )
        _in_order(self.min_size, self.desired_capacity, self.max_size)
        if self.node_kubernetes_version:
            known_minor(self.node_kubernetes_version)
        return self

    def all_node_groups(self) -> dict[str, NodeGroupSettings]:
        """Every group by name, `general` first."""
        general = NodeGroupSettings(
            instance_types=[self.instance_type],
            min_size=self.min_size,
            max_size=self.max_size,
            desired_capacity=self.desired_capacity,
            volume_gib=self.volume_gib,
        )
        return {GENERAL: general, **self.node_groups}

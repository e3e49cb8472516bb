"""Settings of the nodes: the group `general`, further groups by name, and Fargate profiles.

The first group has the seeds' flat keys; every other one is an entry of `node_groups`.
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
"""So that the autoscaler's tag for it stays within the 128 characters of an Auto Scaling tag's key."""
_ACCELERATED_FAMILY = re.compile(r"(g|gr|p|inf|trn|dl|vt|f)\d.*")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$")]
"""At most 20 characters: the physical name ends in the environment's suffix and 26 characters of the engine."""


def family(instance_type: str) -> str:
    """`m6g` of `m6g.large`."""
    return instance_type.partition(".")[0]


def architecture(instance_type: str) -> Literal["x86_64", "arm64"]:
    """By the name of the family: Graviton's have a `g` right after the generation. Source: EC2 user guide, "Instance
    type naming conventions"."""
    return "arm64" if _ARM_FAMILY.fullmatch(family(instance_type)) else "x86_64"


def is_burstable(instance_type: str) -> bool:
    """Of the t family: t3, t3a, t4g."""
    return re.match(r"t\d", instance_type) is not None


def _instance_type(value: str) -> str:
    found = _INSTANCE_TYPE.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no EC2 instance type, such as t3.large")
    if _ACCELERATED_FAMILY.fullmatch(found["family"]) and not _ARM_FAMILY.fullmatch(found["family"]):
        raise ValueError(f"{value!r} is an accelerated instance type, which the platform's node images do not serve")
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
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] = Field(description="As EKS spells it.")


class NodeGroupSettings(Settings):
    """One entry of `node_groups`."""

    instance_types: list[InstanceType] = Field(
        min_length=1,
        max_length=20,
        description="EC2 instance types of one architecture; Graviton's make it a group of ARM nodes. More than one "
        "only helps spot groups, and the autoscaler takes all for like the first.",
    )
    capacity_type: Literal["ON_DEMAND", "SPOT"] = Field(default="ON_DEMAND", description="On demand, or spot.")
    min_size: int = Field(default=0, ge=0, description="Fewest nodes; 0 lets the autoscaler empty the group.")
    max_size: int = Field(default=3, ge=1, description="Most nodes.")
    desired_capacity: int | None = Field(
        default=None, ge=0, description="Nodes to begin with; left out: min_size. Afterwards the autoscaler decides."
    )
    volume_gib: int = Field(default=80, ge=20, le=16384, description="Encrypted data volume of a node, GiB.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the nodes, beside `environment`.")
    taints: list[Taint] = Field(default_factory=list, max_length=50, description="Taints of the nodes.")
    max_pods: int | None = Field(
        default=None, ge=8, le=250, description="Most pods on a node; left out: EKS reckons it."
    )
    zones: list[str] = Field(
        default_factory=list,
        max_length=MOST_ZONES,
        description="Availability zones of the group, out of the environment's `availability_zones`; empty: all of "
        "them. One group per zone lets the autoscaler add a node in the zone of a pod's EBS volume.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> NodeGroupSettings:
        _in_order(self.min_size, self.initial_size, self.max_size)
        if len({architecture(kind) for kind in self.instance_types}) > 1:
            raise ValueError(f"instance_types {', '.join(self.instance_types)} are of more than one architecture")
        for key, value in self.labels.items():
            if len(key) > _LONGEST_LABEL_KEY or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                raise ValueError(f"labels: {key}={value} is no label, or its key has over {_LONGEST_LABEL_KEY} letters")
            if key == "environment" or key.partition("/")[0].endswith(("kubernetes.io", "k8s.io", "eks.amazonaws.com")):
                raise ValueError(f"labels: {key!r} is set by the platform, EKS or the kubelet")
        if len(set(self.zones)) < len(self.zones):
            raise ValueError(f"zones {', '.join(self.zones)} names one zone twice")
        if len({(taint.key, taint.effect) for taint in self.taints}) < len(self.taints):
            raise ValueError("taints name one key and effect twice")
        return self

    @property
    def initial_size(self) -> int:
        """Nodes that the group is made with."""
        return self.min_size if self.desired_capacity is None else self.desired_capacity

    @property
    def architecture(self) -> Literal["x86_64", "arm64"]:
        return architecture(self.instance_types[0])


class FargateSelector(Settings):
    namespace: str = Field(description=f"One of {', '.join(PLATFORM_NAMESPACES)}.")
    labels: dict[str, str] = Field(default_factory=dict, max_length=5, description="Labels that a pod must bear.")

    @model_validator(mode="after")
    def _is_the_platforms(self) -> FargateSelector:
        # Source: EKS user guide, "Limit Pod traffic with Kubernetes network policies", considerations.
        if self.namespace not in PLATFORM_NAMESPACES:
            raise ValueError(
                f"namespace {self.namespace!r} may be a tenant's, and network policies do not hold on Fargate; "
                f"use one of {', '.join(PLATFORM_NAMESPACES)}"
            )
        return self


class FargateProfileSettings(Settings):
    """One entry of `fargate_profiles`."""

    selectors: list[FargateSelector] = Field(
        min_length=1, max_length=5, description="Which pods run on Fargate: those that any selector takes."
    )


class NodeSettings(Settings):
    instance_type: InstanceType = Field(
        default="t3.large", description="EC2 instance type of the node group `general`."
    )
    min_size: int = Field(default=3, ge=0, description="Fewest nodes of the node group `general`.")
    max_size: int = Field(default=10, ge=1, description="Most nodes of the node group `general`.")
    desired_capacity: int = Field(
        default=5, ge=0, description="Nodes to begin with; afterwards the autoscaler decides, and changes are ignored."
    )
    volume_gib: int = Field(
        default=80, ge=20, le=16384, description="Encrypted data volume of a node, GiB: images, logs and emptyDir."
    )
    node_groups: dict[Name, NodeGroupSettings] = Field(
        default_factory=dict, description="Node groups beside `general`, by name."
    )
    node_kubernetes_version: str = Field(
        default="",
        description="Kubernetes minor of the nodes while an upgrade is under way, at most three behind the cluster's; "
        "empty: the cluster's.",
    )
    node_release_version: str = Field(
        default="",
        pattern=r"^$|^\d+\.\d+\.\d+-[0-9a-f]{8}$",
        description="Bottlerocket release of all nodes, e.g. 1.52.0-943d9a41; empty: EKS takes the newest when it "
        "makes a group or moves it to another minor.",
    )
    node_repair: bool = Field(default=True, description="Let EKS replace nodes that it finds unhealthy.")
    max_unavailable_percentage: int = Field(
        default=33, ge=1, le=100, description="Part of a group's nodes that an update may replace at a time."
    )
    volume_key_arn: str = Field(
        default="",
        pattern=r"^$|^arn:aws[-a-z]*:kms:.+:key/.+$",
        description="KMS key of the nodes' volumes, whose policy must admit the role AWSServiceRoleForAutoScaling; "
        "empty: the account's own key for EBS.",
    )
    node_cloudwatch_policy: bool = Field(
        default=False,
        description="Attach CloudWatchAgentServerPolicy to the nodes' role, for agents on the host network; others "
        "cannot reach the role.",
    )
    fargate_profiles: dict[Name, FargateProfileSettings] = Field(
        default_factory=dict, description="Fargate profiles by name; they select platform namespaces only."
    )
    fargate_pod_logs: bool = Field(
        default=False,
        description="Let pods on Fargate write to CloudWatch Logs; goes with the add-on fargate-logging, which says "
        "what they write.",
    )

    @model_validator(mode="after")
    def _logs_of_some_profile(self) -> NodeSettings:
        if self.fargate_pod_logs and not self.fargate_profiles:
            raise ValueError("fargate_pod_logs: there is no role to give the right to without fargate_profiles")
        return self

    @model_validator(mode="after")
    def _groups_are_sound(self) -> NodeSettings:
        if GENERAL in self.node_groups:
            raise ValueError(f"node_groups: {GENERAL!r} is the group of instance_type, min_size, max_size and so on")
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

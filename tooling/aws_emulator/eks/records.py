"""What the completed EKS stores of a cluster and the things in it, and how each reads on the wire.

moto's `Cluster` and `Nodegroup` are extended, since moto's own operations make and find them; the rest are plain
records. Dates are UTC without a zone, as moto's serializer wants them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from moto.core.utils import utcnow
from moto.eks import models

Document = dict[str, Any]


@dataclass(kw_only=True)
class PolicyAssociation:
    """An EKS access policy given to a principal."""

    policy_arn: str
    scope: Literal["cluster", "namespace"]
    namespaces: list[str] = field(default_factory=list)
    """Names or patterns with `*`; empty for scope `cluster`."""
    associated_at: datetime = field(default_factory=utcnow)
    modified_at: datetime = field(default_factory=utcnow)

    @property
    def policy(self) -> str:
        """`AmazonEKSViewPolicy`."""
        return self.policy_arn.rsplit("/", 1)[-1]

    def document(self) -> Document:
        return {
            "policyArn": self.policy_arn,
            "accessScope": {"type": self.scope, "namespaces": self.namespaces},
            "associatedAt": self.associated_at,
            "modifiedAt": self.modified_at,
        }


@dataclass(kw_only=True)
class AccessEntry:
    cluster: str
    principal: str
    arn: str
    type: str
    username: str
    groups: list[str]
    tags: dict[str, str]
    principal_id: str = ""
    """Unique id of the role or user that there was at creation; empty for a principal of another account."""
    made_by_eks: bool = False
    """For a node role, with its node group; goes with the last group of that role."""
    policies: dict[str, PolicyAssociation] = field(default_factory=dict)
    """By policy ARN."""
    created_at: datetime = field(default_factory=utcnow)
    modified_at: datetime = field(default_factory=utcnow)

    def document(self) -> Document:
        return {
            "clusterName": self.cluster,
            "principalArn": self.principal,
            "kubernetesGroups": self.groups,
            "accessEntryArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "tags": self.tags,
            "username": self.username,
            "type": self.type,
        }


@dataclass(kw_only=True)
class Addon:
    cluster: str
    name: str
    version: str
    arn: str
    tags: dict[str, str]
    service_account_role: str | None = None
    configuration: str | None = None
    """`configurationValues` as given: JSON or YAML."""
    pod_identity_associations: list[str] = field(default_factory=list)
    """Ids of the associations made with the add-on."""
    created_at: datetime = field(default_factory=utcnow)
    modified_at: datetime = field(default_factory=utcnow)


@dataclass(kw_only=True)
class PodIdentityAssociation:
    cluster: str
    id: str
    arn: str
    namespace: str
    service_account: str
    role: str
    tags: dict[str, str]
    owner: str | None = None
    """ARN of the add-on it was made with."""
    target_role: str | None = None
    disable_session_tags: bool = False
    policy: str | None = None
    external_id: str | None = None
    created_at: datetime = field(default_factory=utcnow)
    modified_at: datetime = field(default_factory=utcnow)

    def document(self) -> Document:
        return without_absent(
            {
                "clusterName": self.cluster,
                "namespace": self.namespace,
                "serviceAccount": self.service_account,
                "roleArn": self.role,
                "associationArn": self.arn,
                "associationId": self.id,
                "tags": self.tags,
                "createdAt": self.created_at,
                "modifiedAt": self.modified_at,
                "ownerArn": self.owner,
                "disableSessionTags": self.disable_session_tags,
                "targetRoleArn": self.target_role,
                "externalId": self.external_id,
                "policy": self.policy,
            }
        )


@dataclass(kw_only=True)
class Update:
    """Always `Successful`: the emulated EKS works at once."""

    id: str
    type: str
    params: dict[str, str]
    nodegroup: str | None = None
    addon: str | None = None
    created_at: datetime = field(default_factory=utcnow)

    def document(self) -> Document:
        return {
            "id": self.id,
            "status": "Successful",
            "type": self.type,
            "params": [{"type": key, "value": value} for key, value in self.params.items()],
            "createdAt": self.created_at,
            "errors": [],
        }


class Cluster(models.Cluster):
    """moto's cluster with what moto drops. `completed` in `cluster_operations` fills it in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_config: Document = {}
        self.upgrade_policy: Document = {}
        self.zonal_shift_config: Document = {}
        self.deletion_protection = False
        self.self_managed_addons: set[str] = set()
        """Add-ons whose objects are in the cluster although EKS does not manage them."""
        self.addons: dict[str, Addon] = {}
        self.access_entries: dict[str, AccessEntry] = {}
        self.pod_identity_associations: dict[str, PodIdentityAssociation] = {}
        self.updates: dict[str, Update] = {}


class Nodegroup(models.Nodegroup):
    """moto's node group with what moto drops. `nodegroup_operations` fills it in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remote_access: Document | None = None
        self.autoscaling_group_name = ""
        self.remote_access_group = ""
        """Security group for SSH, made by EKS; empty without remote access."""


def without_absent(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}

"""How much a tenant may use: the quota of each of its namespaces, and the limits of one container.

Named as in a ResourceQuota and a LimitRange. Objects that controllers create for a tenant are counted too: finished
pods, ReplicaSets and ControllerRevisions take up API server storage as long as their owner exists. Not counted are
EndpointSlices and Endpoints, whose number depends only on Services and pods, and Events, which expire after an hour and
are needed for troubleshooting.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.extended_resources import KNOWN, is_extended_resource, quota_row
from shared.models import WholeNumber, WrongValue
from shared.quantities import Quantity, quantity_value

_NONE_OF = {
    # These would bypass the Ingress and its load balancer.
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    # Devices requested by resource claims: only the platform offers any.
    "count/resourceclaims.resource.k8s.io": "0",
    "count/resourceclaimtemplates.resource.k8s.io": "0",
}

_REVISIONS = 12
"""Revisions of a Deployment or StatefulSet: ten old ones (`revisionHistoryLimit`), the current and the next."""

LEAST_OF_A_CONTAINER = {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"}
"""The kubelet treats a limit of 0 as no limit, which would bypass every upper bound."""

LEAST_OF_A_CLAIM = "1Gi"
"""Size of the smallest EBS volume: a claim of one byte gets that size too, but the quota would count one byte.

Source: Amazon EBS user guide, "Amazon EBS volume types".
"""


Count = Annotated[WholeNumber, Field(le=150_000)]
"""How many objects of a kind. A larger number than a cluster can have would be a quota that limits nothing.

Source: Kubernetes, "Considerations for large clusters", no more than 150,000 pods.
"""


class Part(BaseModel):
    """A mapping inside a tenant file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Quota(Part):
    """The quota of one namespace of the tenant."""

    requests_cpu: Quantity = Field(default="2", alias="requests.cpu", description="CPU that pods may request.")
    requests_memory: Quantity = Field(
        default="4Gi", alias="requests.memory", description="Memory that pods may request."
    )
    requests_ephemeral_storage: Quantity = Field(
        default="10Gi", alias="requests.ephemeral-storage", description="Node-local storage that pods may request."
    )
    limits_cpu: Quantity = Field(default="4", alias="limits.cpu", description="Sum of the pods' CPU limits.")
    limits_memory: Quantity = Field(default="8Gi", alias="limits.memory", description="Sum of the pods' memory limits.")
    limits_ephemeral_storage: Quantity = Field(
        default="20Gi", alias="limits.ephemeral-storage", description="Sum of the pods' limits of node-local storage."
    )
    requests_storage: Quantity = Field(
        default="50Gi", alias="requests.storage", description="Storage that PersistentVolumeClaims may request."
    )
    pods: Count = Field(default=20, ge=1, description="Pods that have not finished.")
    services: Count = Field(default=20, ge=0, description="Services; load balancers and node ports are always 0.")
    configmaps: Count = Field(default=100, ge=1, description="ConfigMaps; Kubernetes itself creates one.")
    secrets: Count = Field(default=50, ge=0, description="Secrets.")
    persistentvolumeclaims: Count = Field(default=10, ge=0, description="PersistentVolumeClaims.")
    deployments: Count = Field(default=20, ge=0, alias="count/deployments.apps", description="Deployments.")
    statefulsets: Count = Field(default=10, ge=0, alias="count/statefulsets.apps", description="StatefulSets.")
    jobs: Count = Field(default=50, ge=0, alias="count/jobs.batch", description="Jobs, including finished ones.")
    cronjobs: Count = Field(default=10, ge=0, alias="count/cronjobs.batch", description="CronJobs.")
    ingresses: Count = Field(default=10, ge=0, alias="count/ingresses.networking.k8s.io", description="Ingresses.")
    autoscalers: Count = Field(
        default=20,
        ge=0,
        alias="count/horizontalpodautoscalers.autoscaling",
        description="HorizontalPodAutoscalers.",
    )
    disruption_budgets: Count = Field(
        default=20, ge=0, alias="count/poddisruptionbudgets.policy", description="PodDisruptionBudgets."
    )

    network_policies: Count = Field(
        default=30,
        ge=10,
        alias="count/networkpolicies.networking.k8s.io",
        description="NetworkPolicies, including those of the platform, up to ten.",
    )
    roles: Count = Field(
        default=20,
        ge=5,
        alias="count/roles.rbac.authorization.k8s.io",
        description="Roles, including those of the platform, up to five.",
    )
    role_bindings: Count = Field(
        default=20,
        ge=5,
        alias="count/rolebindings.rbac.authorization.k8s.io",
        description="RoleBindings, including those of the platform, up to five.",
    )

    external_secrets: Count = Field(
        default=20,
        ge=0,
        alias="count/externalsecrets.external-secrets.io",
        description="ExternalSecrets, if the cluster has the add-on.",
    )

    all_pods: Count | None = Field(
        default=None,
        ge=1,
        alias="count/pods",
        description="Pods, including finished ones, which exist as long as their Job; default: three times `pods`, at "
        "least 100.",
    )
    replicasets: Count | None = Field(
        default=None,
        ge=0,
        alias="count/replicasets.apps",
        description="ReplicaSets, including old ones; default: twelve for each Deployment.",
    )
    controllerrevisions: Count | None = Field(
        default=None,
        ge=0,
        alias="count/controllerrevisions.apps",
        description="Revisions of StatefulSets; default: twelve for each StatefulSet.",
    )
    extended: dict[str, Quantity] = Field(
        default_factory=dict,
        max_length=20,
        description="Extended resources such as `nvidia.com/gpu` that pods may request in total; 0 for each one that "
        "is not listed.",
    )

    def hard(self, *, external_secrets: bool = False) -> dict[str, str]:
        """`spec.hard` of the ResourceQuota.

        Args:
            external_secrets: whether the cluster has the kind. A quota row for an unknown kind is not counted for
                minutes after the kind appears, and until then none can be created.
        """
        left_out = {"extended"} if external_secrets else {"extended", "external_secrets"}
        derived = {
            "count/pods": max(3 * self.pods, 100),
            "count/replicasets.apps": _REVISIONS * self.deployments,
            "count/controllerrevisions.apps": _REVISIONS * self.statefulsets,
        }
        stated = self.model_dump(by_alias=True, exclude=left_out, exclude_none=True)
        extended = dict.fromkeys(KNOWN, "0") | self.extended
        return {
            **{name: str(value) for name, value in (derived | stated).items()},
            **{quota_row(name): amount for name, amount in sorted(extended.items())},
            **_NONE_OF,
        }

    @model_validator(mode="after")
    def _known_extended(self) -> Quota:
        for name in self.extended:
            if not is_extended_resource(name):
                raise WrongValue(f"{name!r} is not an extended resource such as {KNOWN[0]}", "extended", name)
        return self

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Quota:
        hard = self.hard()
        for resource in ("cpu", "memory", "ephemeral-storage"):
            lower, higher = f"requests.{resource}", f"limits.{resource}"
            require_order(lower, hard[lower], higher, hard[higher], at=(lower,))
        require_order("pods", hard["pods"], "count/pods", hard["count/pods"], at=("pods",))
        return self


Size = Literal["small", "medium", "large"]

SIZES: dict[Size, dict[str, str | int]] = {
    "small": {},
    "medium": {
        "requests.cpu": "8",
        "requests.memory": "16Gi",
        "requests.ephemeral-storage": "40Gi",
        "limits.cpu": "16",
        "limits.memory": "32Gi",
        "limits.ephemeral-storage": "80Gi",
        "requests.storage": "200Gi",
        "pods": 80,
        "services": 40,
        "secrets": 100,
        "persistentvolumeclaims": 20,
        "count/deployments.apps": 40,
        "count/jobs.batch": 100,
    },
    "large": {
        "requests.cpu": "32",
        "requests.memory": "64Gi",
        "requests.ephemeral-storage": "150Gi",
        "limits.cpu": "64",
        "limits.memory": "128Gi",
        "limits.ephemeral-storage": "300Gi",
        "requests.storage": "1Ti",
        "pods": 250,
        "services": 100,
        "configmaps": 300,
        "secrets": 200,
        "persistentvolumeclaims": 50,
        "count/deployments.apps": 100,
        "count/statefulsets.apps": 30,
        "count/jobs.batch": 250,
        "count/cronjobs.batch": 50,
        "count/ingresses.networking.k8s.io": 30,
        "count/horizontalpodautoscalers.autoscaling": 100,
        "count/poddisruptionbudgets.policy": 100,
        "count/externalsecrets.external-secrets.io": 100,
    },
}
"""Rows of the quota that differ from its defaults, by size. Each step is four times the one before: a guess that keeps
tenants from asking for the next one every month."""

NOTHING_STARTS = {"pods": "0", "count/jobs.batch": "0"}
"""Rows of the quota of a suspended tenant. Without a row for Jobs, CronJobs would go on creating Jobs without pods."""


class Resources(Part):
    cpu: Quantity
    memory: Quantity
    ephemeral_storage: Quantity = Field(alias="ephemeral-storage")

    def amounts(self) -> dict[str, str]:
        return self.model_dump(by_alias=True)


def _resources(cpu: str, memory: str, disk: str) -> Resources:
    return Resources.model_validate({"cpu": cpu, "memory": memory, "ephemeral-storage": disk})


class Containers(Part):
    """Default requests and limits of a container, and its maximum limits."""

    requests: Resources = Field(
        default_factory=lambda: _resources("100m", "128Mi", "256Mi"), description="Default requests of a container."
    )
    limits: Resources = Field(
        default_factory=lambda: _resources("500m", "512Mi", "1Gi"), description="Default limits of a container."
    )
    max: Resources = Field(
        default_factory=lambda: _resources("2", "4Gi", "8Gi"), description="Maximum limits of a container."
    )

    def amounts(self) -> dict[str, dict[str, str]]:
        return {"requests": self.requests.amounts(), "limits": self.limits.amounts(), "max": self.max.amounts()}

    @model_validator(mode="after")
    def _in_order(self) -> Containers:
        requests, limits, highest = self.requests.amounts(), self.limits.amounts(), self.max.amounts()
        for resource in highest:
            least, request, limit = LEAST_OF_A_CONTAINER[resource], requests[resource], limits[resource]
            at = ("requests", resource)
            require_order(f"the least, {resource}", least, f"requests.{resource}", request, at=at)
            require_order(f"requests.{resource}", request, f"limits.{resource}", limit, at=at)
            require_order(f"limits.{resource}", limit, f"max.{resource}", highest[resource], at=("limits", resource))
        return self


def require_order(lower: str, amount: str, higher: str, bound: str, *, at: tuple[str, ...]) -> None:
    if quantity_value(amount) > quantity_value(bound):
        raise WrongValue(f"{lower} {amount} is more than {higher} {bound}", *at)

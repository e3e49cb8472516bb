"""The form of a tenant's file, `tenants/catalog/<tenant>.yaml`: what it may say and what the defaults are.

Checks here need one file only; what needs several, such as two tenants that want one host, is in `shared.catalog`.
Resources are spelt as in a ResourceQuota. No Pulumi here: the runner reads these files too.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.environment import environment_names
from shared.errors import nearest
from shared.github import Repository
from shared.kubernetes_labels import PLATFORM_NAMESPACES
from shared.log_groups import RetentionDays
from shared.models import WholeNumber
from shared.naming import is_dns_label
from shared.quantities import Quantity, quantity_value

_NONE_OF = {"services.loadbalancers": "0", "services.nodeports": "0"}
"""Ways in that go around the Ingress and its load balancer."""

_REGISTRY = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[a-z0-9._-]+)*")
_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")


def _host(value: str) -> str:
    labels = value.split(".")
    if len(value) > 253 or len(labels) < 2 or not all(is_dns_label(label) for label in labels):
        raise ValueError(f"{value!r} is not a whole host name such as tenant-a.example.com")
    return value


def _registry(value: str) -> str:
    if len(value) > 253 or not _REGISTRY.fullmatch(value):
        raise ValueError(f"{value!r} is not a registry such as ghcr.io/team-a, without scheme, tag and last slash")
    return value


def _principal(value: str) -> str:
    if not _PRINCIPAL.fullmatch(value):
        raise ValueError(f"{value!r} is not the ARN of an IAM role or user")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Quota(_Part):
    """The most that one namespace of the tenant may hold."""

    requests_cpu: Quantity = Field(default="2", alias="requests.cpu", description="CPU that pods may request.")
    requests_memory: Quantity = Field(
        default="4Gi", alias="requests.memory", description="Memory that pods may request."
    )
    requests_ephemeral_storage: Quantity = Field(
        default="10Gi", alias="requests.ephemeral-storage", description="Node-local disk that pods may request."
    )
    limits_cpu: Quantity = Field(default="4", alias="limits.cpu", description="CPU that pods may burst to.")
    limits_memory: Quantity = Field(default="8Gi", alias="limits.memory", description="Memory that pods may reach.")
    limits_ephemeral_storage: Quantity = Field(
        default="20Gi", alias="limits.ephemeral-storage", description="Node-local disk that pods may reach."
    )
    requests_storage: Quantity = Field(
        default="50Gi", alias="requests.storage", description="Sum over PersistentVolumeClaims."
    )
    pods: WholeNumber = Field(default=20, ge=1, description="Pods that have not ended.")
    services: WholeNumber = Field(default=20, ge=0, description="Services; load balancers and node ports are always 0.")
    configmaps: WholeNumber = Field(default=100, ge=1, description="ConfigMaps; Kubernetes itself puts one in.")
    secrets: WholeNumber = Field(default=50, ge=0, description="Secrets.")
    persistentvolumeclaims: WholeNumber = Field(default=10, ge=0, description="PersistentVolumeClaims.")
    deployments: WholeNumber = Field(default=20, ge=0, alias="count/deployments.apps", description="Deployments.")
    statefulsets: WholeNumber = Field(default=10, ge=0, alias="count/statefulsets.apps", description="StatefulSets.")
    jobs: WholeNumber = Field(default=50, ge=0, alias="count/jobs.batch", description="Jobs, ended ones too.")
    cronjobs: WholeNumber = Field(default=10, ge=0, alias="count/cronjobs.batch", description="CronJobs.")
    ingresses: WholeNumber = Field(
        default=10, ge=0, alias="count/ingresses.networking.k8s.io", description="Ingresses."
    )
    autoscalers: WholeNumber = Field(
        default=20,
        ge=0,
        alias="count/horizontalpodautoscalers.autoscaling",
        description="HorizontalPodAutoscalers.",
    )
    disruption_budgets: WholeNumber = Field(
        default=20, ge=0, alias="count/poddisruptionbudgets.policy", description="PodDisruptionBudgets."
    )

    external_secrets: WholeNumber = Field(
        default=20,
        ge=0,
        alias="count/externalsecrets.external-secrets.io",
        description="ExternalSecrets, where the cluster has them.",
    )

    def hard(self, *, external_secrets: bool = False) -> dict[str, str]:
        """`spec.hard` of the ResourceQuota.

        Args:
            external_secrets: whether the cluster has the kind. A row that is older than the kind stays uncounted for
                minutes, and while it is, nobody may make one.
        """
        left_out = set() if external_secrets else {"external_secrets"}
        return {name: str(value) for name, value in self.model_dump(by_alias=True, exclude=left_out).items()} | _NONE_OF

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Quota:
        hard = self.hard()
        for resource in ("cpu", "memory", "ephemeral-storage"):
            lower, higher = f"requests.{resource}", f"limits.{resource}"
            _ordered(lower, hard[lower], higher, hard[higher])
        return self


class Resources(_Part):
    cpu: Quantity
    memory: Quantity
    ephemeral_storage: Quantity = Field(alias="ephemeral-storage")

    def amounts(self) -> dict[str, str]:
        return self.model_dump(by_alias=True)


def _resources(cpu: str, memory: str, disk: str) -> Resources:
    return Resources.model_validate({"cpu": cpu, "memory": memory, "ephemeral-storage": disk})


class Containers(_Part):
    """What a container gets that says nothing, and the most that one may ask for."""

    requests: Resources = Field(
        default_factory=lambda: _resources("100m", "128Mi", "256Mi"), description="Requests of one that names none."
    )
    limits: Resources = Field(
        default_factory=lambda: _resources("500m", "512Mi", "1Gi"), description="Limits of one that names none."
    )
    max: Resources = Field(default_factory=lambda: _resources("2", "4Gi", "8Gi"), description="Highest limits.")

    @model_validator(mode="after")
    def _in_order(self) -> Containers:
        requests, limits, highest = self.requests.amounts(), self.limits.amounts(), self.max.amounts()
        for resource in highest:
            _ordered(f"requests.{resource}", requests[resource], f"limits.{resource}", limits[resource])
            _ordered(f"limits.{resource}", limits[resource], f"max.{resource}", highest[resource])
        return self


class TenantFile(_Part):
    """The content of one `tenants/catalog/<name>.yaml`."""

    name: str = Field(description="The file's own name, a DNS label.")
    owner: str = Field(min_length=1, description="Team that answers for the tenant.")
    environments: tuple[str, ...] = Field(
        default_factory=lambda: tuple(environment_names()),
        description="Environments that the tenant exists in; all of them if left out.",
    )
    namespaces: tuple[str, ...] = Field(
        default=(),
        description="Each is the tenant's name or begins with it and a hyphen; left out: one, the tenant's name. "
        "Applications go to the first unless they name another.",
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=(), description="Host names that the tenant's Ingresses may bear."
    )
    registries: tuple[Annotated[str, AfterValidator(_registry)], ...] = Field(
        default=("public.ecr.aws", "registry.k8s.io"),
        description="Where the tenant's images may come from besides the account's own ECR; each with a path or "
        "without.",
    )
    web_ports: tuple[Annotated[WholeNumber, Field(ge=1, le=65535)], ...] = Field(
        default=(8080,),
        min_length=1,
        max_length=24,
        description="Container ports that load balancers may reach; the VPC CNI takes 24 at most.",
    )
    load_balancer_scheme: Literal["internet-facing", "internal"] = Field(
        default="internet-facing",
        description="Whether the tenant's load balancer is reached from the internet, or from the VPC alone.",
    )
    quota: Quota = Field(default_factory=Quota, description="Of each namespace, as in a ResourceQuota.")
    containers: Containers = Field(default_factory=Containers, description="Of each namespace, as in a LimitRange.")
    bucket_access: Literal["read-write", "read-only", "none"] = Field(
        default="read-write", description="What the tenant's pods may do below its prefix of the tenants' bucket."
    )
    log_retention_days: RetentionDays = Field(
        default=30,
        description="Days that what the tenant's pods print is kept; a value that CloudWatch Logs allows.",
    )
    deployer_principal_arns: tuple[Annotated[str, AfterValidator(_principal)], ...] = Field(
        default=(),
        description="Who may assume the deployer role; empty: whoever the account's own IAM policies allow.",
    )
    repository: Repository | None = Field(
        default=None,
        description="The team's repository on GitHub, `owner/name`, whose pipelines may assume the deployer role too.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_namespace_by_default(cls, content: dict[str, object]) -> dict[str, object]:
        return content if content.get("namespaces") else {**content, "namespaces": (content.get("name"),)}

    @model_validator(mode="after")
    def _consistent(self) -> TenantFile:
        known = environment_names()
        for environment in self.environments:
            if environment not in known:
                raise ValueError(f"there is no environment {environment!r}{nearest(environment, known)}")
        for namespace in self.namespaces:
            if not is_dns_label(namespace):
                raise ValueError(f"namespace {namespace!r} is not a DNS label")
            if namespace != self.name and not namespace.startswith(f"{self.name}-"):
                raise ValueError(
                    f"namespace {namespace!r} is neither {self.name!r} nor begins with {self.name + '-'!r}"
                )
            if namespace in PLATFORM_NAMESPACES:
                raise ValueError(f"namespace {namespace!r} is the platform's own; choose another name")
        for key in ("environments", "namespaces", "hosts", "registries", "web_ports"):
            values = getattr(self, key)
            if len(set(values)) != len(values):
                raise ValueError(f"{key} names one thing twice")
        hard = self.quota.hard()
        for resource, amount in self.containers.max.amounts().items():
            _ordered(f"containers.max.{resource}", amount, f"quota.limits.{resource}", hard[f"limits.{resource}"])
        return self

    @property
    def bucket_prefix(self) -> str:
        """Ends with a slash, so that tenant `a` does not reach what belongs to `ab`."""
        return f"{self.name}/"


def _ordered(lower: str, amount: str, higher: str, bound: str) -> None:
    if quantity_value(amount) > quantity_value(bound):
        raise ValueError(f"{lower} {amount} is more than {higher} {bound}")

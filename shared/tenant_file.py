"""The schema of a tenant file, `tenants/catalog/<tenant>.yaml`, with its defaults.

Checks here need only one file; checks across files, such as two tenants with the same host, are in `shared.claims`.
Resources are named as in a ResourceQuota. Does not import Pulumi, because the runner reads these files too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from shared.environment import environment_names
from shared.errors import nearest
from shared.github import Repository
from shared.host_names import is_host_name
from shared.image_registries import parse_registry
from shared.kubernetes_labels import PLATFORM_NAMESPACES
from shared.log_groups import RetentionDays
from shared.models import WrongValue
from shared.naming import is_dns_label
from shared.stack_states import PLATFORM_PROJECTS
from shared.tenant_exceptions import Pause, PodSecurityException
from shared.tenant_network import EgressProfile, EgressRange, Port
from shared.tenant_people import People, Principal
from shared.tenant_quota import NOTHING_STARTS, SIZES, Containers, Part, Quota, Size, require_order
from shared.yaml_files import Source

# Also a label and a tag. Source: Kubernetes, "Labels and Selectors", syntax of values.
_COST_CENTRE = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
# Source: Kubernetes, "Labels and Selectors", syntax of keys, which is that of taints' keys.
_TAINT_KEY = re.compile(
    r"((?P<domain>[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII
)
_KUBERNETES_DOMAINS = ("kubernetes.io", "k8s.io")
_SYSTEM_TAINT = "CriticalAddonsOnly"


def _host(value: str) -> str:
    if not is_host_name(value):
        raise ValueError(f"{value!r} is not a complete host name such as tenant-a.example.com")
    return value


def _registry(value: str) -> str:
    parse_registry(value)
    return value


def _repository_name(value: str) -> str:
    if not is_dns_label(value):
        raise ValueError(f"{value!r} is not a DNS label such as demo, without tenant, environment and tag")
    return value


def _application(value: str) -> str:
    if not is_dns_label(value):
        raise ValueError(f"{value!r} is not the name of an application such as demo")
    if value in PLATFORM_PROJECTS:
        raise ValueError(f"{value!r} is a project of the platform")
    return value


def _tenant(value: str) -> str:
    if not is_dns_label(value):
        raise ValueError(f"{value!r} is not the name of a tenant")
    return value


def _cost_centre(value: str) -> str:
    if not _COST_CENTRE.fullmatch(value):
        raise ValueError(f"{value!r} has other characters than letters, digits, '-', '_' and '.', or more than 63")
    return value


def _toleration(value: str) -> str:
    found = _TAINT_KEY.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not the key of a taint, such as dedicated or example.com/gpu")
    domain = found["domain"] or ""
    if value == _SYSTEM_TAINT or any(domain == own or domain.endswith(f".{own}") for own in _KUBERNETES_DOMAINS):
        raise ValueError(
            f"{value!r} marks nodes reserved by Kubernetes or the platform, such as cordoned or failing ones"
        )
    return value


def _owner(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a team name may contain printable characters only")
    return value


def _sized(content: Mapping[str, object]) -> dict[str, object]:
    """The quota with the rows of the size; nothing where either is invalid, which the fields report."""
    preset, quota = SIZES.get(content.get("size")), content.get("quota", {})  # type: ignore[reportArgumentType]
    return {"quota": {**preset, **quota}} if preset and isinstance(quota, Mapping) else {}


LISTS = (
    "environments",
    "namespaces",
    "hosts",
    "registries",
    "repositories",
    "applications",
    "web_ports",
    "egress",
    "egress_ranges",
    "may_call",
    "may_be_called_by",
    "tolerations",
    "deployer_principal_arns",
)
"""Keys whose values are sets, written as lists."""


NOT_BY_ENVIRONMENT = ("name", "environments", "owner")
"""Keys that say whose file it is, and so have one value for all environments."""


class TenantFile(Part):
    """One tenant in one environment: the content of `tenants/catalog/<name>.yaml`, with the values that the file sets
    for the environment in place of those for all."""

    _source: Source | None = PrivateAttr(default=None)

    name: str = Field(description="The file name without .yaml, a DNS label.", examples=["checkout"])
    owner: Annotated[str, AfterValidator(_owner)] = Field(
        min_length=1, max_length=128, description="Team responsible for the tenant.", examples=["checkout-team"]
    )
    cost_centre: Annotated[str, AfterValidator(_cost_centre)] | None = Field(
        default=None,
        description="Cost centre that pays: tag `cost-centre` of every AWS resource, and a label of the namespaces.",
        examples=["4711"],
    )
    state: Literal["active", "suspended"] = Field(
        default="active",
        description="`suspended`: no pod starts, load balancers cannot reach those that run, and all data stays.",
    )
    paused: Pause | None = Field(
        default=None,
        description="Nothing is applied to the tenant for a time; every run says so.",
        examples=[{"reason": "The team migrates its databases by hand.", "until": "2027-01-31"}],
    )
    deletion_lock: bool | None = Field(
        default=None,
        description="Protects the namespaces, repositories and log groups from deletion; default: in `prod`.",
        examples=[True],
    )
    people: People = Field(
        default_factory=People,
        description="Who works for the tenant, by role.",
        examples=[{"viewers": {"principals": ["arn:aws:iam::123456789012:role/checkout-support"]}}],
    )
    environments: tuple[str, ...] = Field(
        default_factory=lambda: tuple(environment_names()),
        description="Environments that the tenant exists in; default: all. Either a list, or a mapping of each to the "
        "keys that differ there: mappings are merged, lists and values replaced.",
        examples=[["dev", "prod"], {"dev": None, "prod": {"quota": {"pods": 80}}}],
    )
    namespaces: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Namespaces, each named after the tenant or `<tenant>-…`; default: one with the tenant's name. "
        "Applications are deployed to the first unless they name another.",
        examples=[["checkout", "checkout-batch"]],
    )
    pod_security: dict[str, PodSecurityException] = Field(
        default_factory=dict,
        max_length=20,
        description="Namespaces with Pod Security level `baseline` in place of `restricted`, each with a reason and an "
        "end.",
        examples=[{}],
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=(),
        max_length=50,
        description="Host names that the tenant's Ingresses may use, each below one of the environment's "
        "`allowed_domains`; none may equal, or be above or below, a host of another tenant.",
        examples=[["checkout.example.com"]],
    )
    registries: tuple[Annotated[str, AfterValidator(_registry)], ...] = Field(
        default=("registry.k8s.io",),
        max_length=50,
        description="Registries that the tenant may pull images from besides `<tenant>/` in the account's own ECR: "
        "`host/path`, where the path identifies the publisher.",
        examples=[["registry.k8s.io", "ghcr.io/checkout"]],
    )
    repositories: tuple[Annotated[str, AfterValidator(_repository_name)], ...] = Field(
        default=(),
        max_length=50,
        description="Image repositories to create in the account's ECR, by name, such as those of its applications: "
        "`<tenant>/<name>-<environment suffix>`.",
        examples=[["web", "worker"]],
    )
    applications: tuple[Annotated[str, AfterValidator(_application)], ...] = Field(
        default=(),
        max_length=50,
        description="Applications that the tenant's pipeline deploys, by project name; default: those named in "
        "`repositories`. No other tenant may have one of the same name.",
        examples=[["web", "worker"]],
    )
    web_ports: tuple[Port, ...] = Field(
        default=(8080,),
        min_length=1,
        max_length=24,
        description="Container ports that load balancers can reach; the VPC CNI supports at most 24.",
        examples=[[8080]],
    )
    load_balancer_scheme: Literal["internet-facing", "internal"] = Field(
        default="internet-facing",
        description="Scheme of the tenant's load balancer: `internet-facing` in the public subnets, or `internal` in "
        "the private ones, reachable from the VPC and networks connected to it.",
        examples=["internal"],
    )
    egress: tuple[EgressProfile, ...] = Field(
        default=("internet", "aws"),
        min_length=1,
        description="Where pods may connect to besides the tenant's namespaces: `internet`, public addresses; `aws`, "
        "the environment's interface endpoints; or `none` alone.",
        examples=[["aws"]],
    )
    egress_ranges: tuple[EgressRange, ...] = Field(
        default=(),
        max_length=20,
        description="Further networks outside the VPC that pods may connect to.",
        examples=[[{"cidr": "10.20.0.0/16", "ports": [5432]}]],
    )
    may_call: tuple[Annotated[str, AfterValidator(_tenant)], ...] = Field(
        default=(),
        max_length=50,
        description="Tenants whose pods this tenant's pods may connect to, on the web ports of the other; each lists "
        "this tenant in `may_be_called_by`.",
        examples=[["payments"]],
    )
    may_be_called_by: tuple[Annotated[str, AfterValidator(_tenant)], ...] = Field(
        default=(),
        max_length=50,
        description="Tenants that may connect to this tenant's web ports, once they list it in `may_call`.",
        examples=[["shop"]],
    )
    tolerations: tuple[Annotated[str, AfterValidator(_toleration)], ...] = Field(
        default=(),
        max_length=20,
        description="Additional taint keys that the tenant's pods may tolerate, for node groups reserved for it.",
        examples=[["dedicated"]],
    )
    size: Size = Field(
        default="small", description="Preset of the quota: `medium` has four times the room of `small`, `large` 16."
    )
    quota: Quota = Field(
        default_factory=Quota,
        description="Quota of each namespace, as in a ResourceQuota; rows that are not given are those of `size`.",
    )
    containers: Containers = Field(
        default_factory=Containers, description="Limits of each namespace, as in a LimitRange."
    )
    bucket_access: Literal["read-write", "read-only", "none"] = Field(
        default="read-write", description="Access of the tenant's pods to its prefix in the tenants' bucket."
    )
    log_retention_days: RetentionDays = Field(
        default=30,
        description="Retention of the tenant's pod logs in days; a value that CloudWatch Logs allows.",
    )
    deployer_principal_arns: tuple[Principal, ...] = Field(
        default=(),
        max_length=20,
        description="Further principals of `people.developers`, as earlier files spell them. Without any, whoever the "
        "account's own IAM policies allow may assume the deployer role.",
        examples=[["arn:aws:iam::123456789012:role/checkout-deploy"]],
    )
    repository: Repository | None = Field(
        default=None,
        description="The team's GitHub repository, `owner/name`, whose pipelines may also assume the deployer role.",
        examples=["checkout-team/shop"],
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_from_other_keys(cls, content: dict[str, object]) -> dict[str, object]:
        namespaces = {} if content.get("namespaces") else {"namespaces": (content.get("name"),)}
        applications = {} if "applications" in content else {"applications": content.get("repositories", ())}
        return {**content, **namespaces, **applications, **_sized(content)}

    @model_validator(mode="after")
    def _consistent(self) -> TenantFile:
        known = environment_names()
        for index, environment in enumerate(self.environments):
            if environment not in known:
                raise WrongValue(
                    f"there is no environment {environment!r}{nearest(environment, known)}", "environments", index
                )
        for index, namespace in enumerate(self.namespaces):
            if wrong := self._wrong_namespace(namespace):
                raise WrongValue(wrong, "namespaces", index)
        for key in LISTS:
            values = getattr(self, key)
            for index, value in enumerate(values):
                if value in values[:index]:
                    raise WrongValue(f"{key} contains a duplicate: {value}", key, index)
        self._require_sensible_access()
        hard = self.quota.hard()
        for resource, amount in self.containers.max.amounts().items():
            lower, higher = f"containers.max.{resource}", f"quota.limits.{resource}"
            require_order(lower, amount, higher, hard[f"limits.{resource}"], at=("containers", "max", resource))
        return self

    def _require_sensible_access(self) -> None:
        for namespace in self.pod_security:
            if namespace not in self.namespaces:
                said = f"{namespace!r} is no namespace of the tenant{nearest(namespace, self.namespaces)}"
                raise WrongValue(said, "pod_security", namespace)
        if "none" in self.egress and len(self.egress) > 1:
            raise WrongValue("`none` excludes the other profiles", "egress", self.egress.index("none"))
        for key in ("may_call", "may_be_called_by"):
            if self.name in getattr(self, key):
                said = "pods of one tenant may always connect to each other"
                raise WrongValue(said, key, getattr(self, key).index(self.name))

    def _wrong_namespace(self, namespace: str) -> str:
        if not is_dns_label(namespace):
            return f"namespace {namespace!r} is not a DNS label"
        if namespace != self.name and not namespace.startswith(f"{self.name}-"):
            return f"namespace {namespace!r} is not {self.name!r} and does not begin with {self.name + '-'!r}"
        if namespace in PLATFORM_NAMESPACES:
            return f"namespace {namespace!r} is reserved for the platform; choose another name"
        return ""

    @property
    def source(self) -> Source:
        """Where the values are written, for errors and explanations."""
        return self._source or Source(file=f"tenants/catalog/{self.name}.yaml")

    def read_from(self, source: Source) -> TenantFile:
        self._source = source
        return self

    def hard(self, *, external_secrets: bool = False) -> dict[str, str]:
        """`spec.hard` of the ResourceQuota of each namespace.

        Args:
            external_secrets: as in `Quota.hard`.
        """
        rows = self.quota.hard(external_secrets=external_secrets)
        return {**rows, **NOTHING_STARTS} if self.state == "suspended" else rows

    def locked_in(self, environment: str) -> bool:
        """Whether what holds the tenant's data is protected from deletion."""
        return environment == "prod" if self.deletion_lock is None else self.deletion_lock

    @property
    def developer_principals(self) -> list[str]:
        return list(dict.fromkeys([*self.deployer_principal_arns, *self.people.developers.principals]))

    @property
    def bucket_prefix(self) -> str:
        """Ends with a slash, so that tenant `a` cannot access objects of tenant `ab`."""
        return f"{self.name}/"

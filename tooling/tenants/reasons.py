"""Why each resource of a tenant's stack exists, and which key of the tenant's file asks for it.

One row per resource, by type and logical name. A resource without a row, or with two, is an error, so that a new
resource gets an explanation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import PlatformError
from shared.tenant_file import TenantFile
from shared.yaml_files import KeyPath

Asked = Callable[[TenantFile, "re.Match[str]"], KeyPath]


@dataclass(frozen=True, kw_only=True)
class Reason:
    type: str
    """Last part of the resource's type, such as `Role`, with `aws:` or `kubernetes:` before it."""
    name: str
    """Regular expression for the logical name; `namespace` is a group where the name begins with one."""
    why: str
    asked: Asked
    """The key that asks for it."""


def _key(*path: str | int) -> Asked:
    return lambda tenant, found: path


def _set(*keys: str) -> Asked:
    """The first of these keys that the file sets."""
    return lambda tenant, found: next(((key,) for key in keys if tenant.source.mark((key,))), (keys[0],))


def _item(key: str, group: str) -> Asked:
    """The item of a list that is the part of the logical name."""
    return lambda tenant, found: (key, getattr(tenant, key).index(found[group]))


_NAMESPACE = r"(?P<namespace>[a-z0-9-]+)"
_OF_NAMESPACE = _item("namespaces", "namespace")


def _in_namespace(kind: str, name: str, why: str, asked: Asked = _OF_NAMESPACE) -> Reason:
    return Reason(type=f"kubernetes:{kind}", name=f"{_NAMESPACE}-{name}", why=why, asked=asked)


def _access(name: str, who: str, asked: Asked) -> tuple[Reason, ...]:
    return (
        _in_namespace("Role", name, f"what {who} may do in the namespace", asked),
        _in_namespace("RoleBinding", name, f"gives {who} that Role", asked),
    )


REASONS: tuple[Reason, ...] = (
    Reason(
        type="aws:Role",
        name="workload",
        why="pods assume it to reach the tenant's bucket prefix and secrets",
        asked=_key("owner"),
    ),
    Reason(
        type="aws:Role",
        name="deployer",
        why="developers and pipelines assume it to deploy",
        asked=_set("people", "deployer_principal_arns"),
    ),
    Reason(type="aws:Role", name="ci", why="jobs of the tenant's pipeline assume it", asked=_key("repository")),
    Reason(type="aws:Role", name="owner", why="owners assume it", asked=_key("people", "owners")),
    Reason(type="aws:Role", name="viewer", why="viewers assume it", asked=_key("people", "viewers")),
    Reason(
        type="aws:RolePolicy",
        name="bucket-prefix",
        why="pods read, and unless read-only write, objects below the tenant's prefix",
        asked=_key("bucket_access"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="find-cluster",
        why="`aws eks update-kubeconfig` finds the cluster",
        asked=_set("people", "deployer_principal_arns"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="(?P<role>owners|viewers)-find-cluster",
        why="`aws eks update-kubeconfig` finds the cluster",
        asked=lambda tenant, found: ("people", found["role"]),
    ),
    Reason(type="aws:RolePolicy", name="read-secrets", why="pods read the tenant's secrets", asked=_key("owner")),
    Reason(
        type="aws:RolePolicy",
        name="keep-secrets",
        why="developers write the tenant's secrets, and cannot read them",
        asked=_set("people", "deployer_principal_arns"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="owners-keep-secrets",
        why="owners write the tenant's secrets, and cannot read them",
        asked=_key("people", "owners"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="ci-enter-cluster",
        why="jobs enter the cluster by the deployer role",
        asked=_key("repository"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="ci-images",
        why="jobs push to the tenant's image repositories",
        asked=_key("repositories"),
    ),
    Reason(
        type="aws:RolePolicy",
        name="ci-states",
        why="jobs keep the states of the tenant's applications",
        asked=_set("applications", "repositories"),
    ),
    Reason(
        type="aws:AccessEntry",
        name="deployers",
        why="lets the deployer role into the cluster",
        asked=_set("people", "deployer_principal_arns"),
    ),
    Reason(
        type="aws:AccessEntry",
        name="(?P<role>owners|viewers)",
        why="lets their role into the cluster",
        asked=lambda tenant, found: ("people", found["role"]),
    ),
    Reason(
        type="aws:LogGroup",
        name=f"{_NAMESPACE}-pods",
        why="logs of the namespace's pods, with their retention",
        asked=_set("log_retention_days", "namespaces"),
    ),
    *(
        Reason(
            type=f"aws:{kind}", name="(?P<repository>[a-z0-9-]+)", why=why, asked=_item("repositories", "repository")
        )
        for kind, why in (
            ("Repository", "holds the images of one application"),
            ("LifecyclePolicy", "lets old images expire"),
            ("RepositoryPolicy", "lets the tenant's pipelines of other accounts pull images, to promote them"),
        )
    ),
    Reason(
        type="kubernetes:Namespace",
        name=_NAMESPACE,
        why="holds the tenant's objects; Pod Security and admission policies apply to it",
        asked=_OF_NAMESPACE,
    ),
    _in_namespace("ResourceQuota", "quota", "limits what the namespace uses", _set("quota", "size", "state")),
    _in_namespace(
        "ResourceQuota",
        "cross-namespace-affinity",
        "keeps pods from affinity to those of other tenants",
        _key("owner"),
    ),
    _in_namespace("LimitRange", "limits", "defaults and limits of a container", _key("containers")),
    _in_namespace("ServiceAccountPatch", "default", "pods without a service account get no token", _key("owner")),
    _in_namespace("ServiceAccount", "service-account", "gives pods the tenant's IAM role", _key("owner")),
    *(
        _in_namespace("NetworkPolicy", name, why, asked)
        for name, why, asked in (
            ("default-deny", "denies all traffic that no other policy allows", _key("owner")),
            ("allow-own-namespaces", "pods of the tenant reach each other", _key("namespaces")),
            ("allow-dns", "pods reach the cluster's DNS", _key("owner")),
            ("allow-internet", "pods reach public addresses", _key("egress")),
            ("allow-aws-endpoints", "pods reach the interface endpoints of AWS", _key("egress")),
            ("allow-listed-ranges", "pods reach the networks that the file lists", _key("egress_ranges")),
            ("allow-callees", "pods reach the web ports of other tenants", _key("may_call")),
            ("allow-callers", "pods of other tenants reach the web ports", _key("may_be_called_by")),
            ("allow-load-balancers", "load balancers reach the web ports", _set("web_ports", "load_balancer_scheme")),
        )
    ),
    *_access("deployers", "developers", _set("people", "deployer_principal_arns")),
    *_access("owners", "owners", _key("people", "owners")),
    *_access("viewers", "viewers", _key("people", "viewers")),
    *_access("external-secrets", "the controller of external-secrets", _key("owner")),
    _in_namespace("SecretStore", "secret-store", "reads secrets from AWS Secrets Manager", _key("owner")),
)


def reason_of(kind: str, name: str, tenant: TenantFile) -> tuple[Reason, KeyPath]:
    """The reason of one resource, and the key that asks for it.

    Args:
        kind: as `Reason.type`.

    Raises:
        PlatformError: `resource-unexplained`.
    """
    matching = [(one, found) for one in REASONS if one.type == kind and (found := re.fullmatch(one.name, name))]
    matching = [(one, found) for one, found in matching if _is_in(found, tenant)]
    if len(matching) != 1:
        raise PlatformError(
            "resource-unexplained",
            f"{kind} {name} of {tenant.name} has {len(matching)} reasons",
            at="tooling/tenants/reasons.py",
            hint="add a row for it, or make the rows' names exclude each other",
        )
    ((reason, found),) = matching
    return reason, reason.asked(tenant, found)


def _is_in(found: re.Match[str], tenant: TenantFile) -> bool:
    """Whether the namespace in the name is one of the tenant's: `a-b-quota` may be of `a` or of `a-b`."""
    return "namespace" not in found.groupdict() or found["namespace"] in tenant.namespaces

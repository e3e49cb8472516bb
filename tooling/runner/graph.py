"""The stacks of one environment and who reads whom: from `tiers.yaml`, the tenant catalog and the applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx

from shared.catalog import catalog_names, tenant_names
from shared.claims import Deployed
from shared.environment import environment_names
from shared.errors import BadInput, PlatformError, nearest
from shared.naming import require_dns_label
from tooling.paths import REPOSITORY
from tooling.runner.project_files import declared_settings, stack_settings
from tooling.runner.tiers_file import Tier, load_tiers


@dataclass(frozen=True, kw_only=True, order=True)
class StackId:
    """A stack of one project. Its text form is `<project>/<stack>`, as in a stack reference."""

    tier: str
    project: str
    stack: str
    directory: str
    """Of the project, relative to the repository."""
    environment: str
    tenant: str = ""
    """The tenant of a stack of tier 3, and of an application."""

    def __str__(self) -> str:
        return f"{self.project}/{self.stack}"

    @property
    def path(self) -> Path:
        return REPOSITORY / self.directory


Graph = networkx.DiGraph
"""Nodes are `StackId`; an edge goes from a stack to one that reads it."""


def environment_graph(environment: str) -> Graph:
    """The stacks that should exist in `environment`.

    Raises:
        BadInput: `environment-unknown`, or what is wrong in the catalog or an application's Pulumi.yaml.
    """
    names = environment_names()
    if environment not in names:
        raise BadInput(
            "environment-unknown",
            f"there is no environment {environment!r}{nearest(environment, names)}",
            at="--stack",
            hint=f"use one of: {', '.join(names)}",
        )
    graph: Graph = networkx.DiGraph()
    by_tier: dict[str, list[StackId]] = {}
    for tier in load_tiers().tiers:
        stacks = _stacks(tier, environment)
        if tier.stacks == "application":
            here = {stack.tenant for above in by_tier.values() for stack in above}
            stacks = [stack for stack in stacks if stack.tenant in here or not _is_elsewhere(stack)]
        by_tier[tier.name] = stacks
        graph.add_nodes_from(stacks)
        for stack in stacks:
            graph.add_edges_from(
                (upstream, stack)
                for read in tier.reads
                for upstream in by_tier[read]
                # An application reads its own tenant, not every tenant.
                if not (upstream.tenant and stack.tenant) or upstream.tenant == stack.tenant
            )
    return graph


def in_order(graph: Graph) -> list[StackId]:
    """Upstream first; within a tier by name."""
    positions = {tier.name: index for index, tier in enumerate(load_tiers().tiers)}
    return list(networkx.lexicographical_topological_sort(graph, key=lambda s: (positions[s.tier], s.project, s.stack)))


def select(
    graph: Graph, *, tiers: Sequence[str] = (), tenants: Sequence[str] = (), applications: Sequence[str] = ()
) -> list[StackId]:
    """The stacks that the command line names, upstream first; all of them if it names none.

    Raises:
        BadInput: `tier-unknown`, `tenant-unknown`, `application-unknown`, `flags-exclude-each-other`.
    """
    if tenants and applications:
        raise BadInput(
            "flags-exclude-each-other",
            "--tenant and --app exclude each other: an application has one tenant",
            at="--tenant, --app",
            hint="leave one of them out",
        )
    known = [load_tiers().tier(name).name for name in tiers]
    chosen = [stack for stack in in_order(graph) if not known or stack.tier in known]
    if tenants:
        chosen = _named(chosen, tenants, what="tenant", of=lambda s: s.tenant if s.tier == "tenants" else "")
    if applications:
        chosen = _named(
            chosen, applications, what="application", of=lambda s: s.project if s.tier == "applications" else ""
        )
    return chosen


def downstream(graph: Graph, stacks: Iterable[StackId]) -> list[StackId]:
    """All other stacks that read one of `stacks`, directly or indirectly."""
    given = set(stacks)
    found = set().union(*(networkx.descendants(graph, stack) for stack in given if stack in graph)) - given
    return [stack for stack in in_order(graph) if stack in found]


def _named(stacks: list[StackId], names: Sequence[str], *, what: str, of: Callable[[StackId], str]) -> list[StackId]:
    known = sorted({of(stack) for stack in stacks} - {""})
    for name in names:
        if name in known:
            continue
        raise BadInput(
            f"{what}-unknown",
            f"there is no {what} {name!r} among the chosen stacks{nearest(name, known)}",
            at="--tenant" if what == "tenant" else "--app",
            hint=f"use one of: {', '.join(known)}" if known else "make tenants-up STACK=local",
        )
    return [stack for stack in stacks if of(stack) in names]


def _stacks(tier: Tier, environment: str) -> list[StackId]:
    if tier.stacks == "environment":
        return [
            StackId(
                tier=tier.name,
                project=tier.name,
                stack=environment,
                directory=tier.directory,
                environment=environment,
            )
        ]
    if tier.stacks == "tenant":
        return [
            tenant_stack(tier, tenant, environment)
            for tenant in tenant_names(environment, deployed=_published(tier, environment))
        ]
    return [
        StackId(
            tier=tier.name,
            project=require_dns_label(
                directory.name, what="application", at=f"{tier.directory}/{directory.name}/Pulumi.yaml"
            ),
            stack=environment,
            directory=f"{tier.directory}/{directory.name}",
            environment=environment,
            tenant=application_tenant(directory, environment),
        )
        for directory in application_directories(tier)
    ]


def _published(tier: Tier, environment: str) -> Deployed:
    """Reads a tenant's published outputs; none if its state cannot be read, such as before `tiers local up`."""

    def outputs(tenant: str) -> Mapping[str, object]:
        # Imported here: needed only if two tenants claim the same, and it imports this module.
        from tooling.runner.engine import open_engine

        try:
            with open_engine(environment) as engine:
                return engine.outputs(tenant_stack(tier, tenant, environment))
        except PlatformError:
            return {}

    return outputs


def _is_elsewhere(stack: StackId) -> bool:
    """True if the application's tenant is in the catalog but not in this environment; neither is the application then.

    Raises:
        BadInput: `tenant-unknown`, if the catalog does not contain it at all.
    """
    known = catalog_names()
    if stack.tenant not in known:
        raise BadInput(
            "tenant-unknown",
            f"application {stack.project} belongs to tenant {stack.tenant!r}, which is not in the catalog"
            f"{nearest(stack.tenant, known)}",
            at=f"{stack.directory}, setting `tenant`",
            hint=f"use one of: {', '.join(known)}; or add tenants/catalog/{stack.tenant}.yaml",
        )
    return True


def tenant_stack(tier: Tier, tenant: str, environment: str) -> StackId:
    return StackId(
        tier=tier.name,
        project=tier.name,
        stack=f"{environment}.{tenant}",
        directory=tier.directory,
        environment=environment,
        tenant=tenant,
    )


def application_directories(tier: Tier) -> list[Path]:
    """Every directory of the tier that holds a `Pulumi.yaml`."""
    return sorted(path.parent for path in (REPOSITORY / tier.directory).glob("*/Pulumi.yaml"))


def application_tenant(directory: Path, environment: str) -> str:
    """The `tenant` setting: from the stack's file if it is set there, else the project's default."""
    where = f"{directory.parent.name}/{directory.name}/Pulumi.yaml"
    setting = declared_settings(directory).get("tenant") or {}
    default = setting.get("default", setting.get("value", "")) if isinstance(setting, dict) else setting
    tenant = stack_settings(directory, environment).get(f"{directory.name}:tenant", default)
    if not isinstance(tenant, str) or not tenant:
        raise BadInput(
            "tenant-missing",
            f"application {directory.name} has no tenant",
            at=where,
            hint=f"set config.tenant.default in {where}",
        )
    return require_dns_label(tenant, what="tenant", at=where)

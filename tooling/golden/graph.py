"""One stack's resource graph under Pulumi mocks: identities, parents, dependencies, protection. No AWS, no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from shared.dry_runs import UNKNOWN, DryRun, Registered
from tooling.aws_types.table import AWS_TYPES
from tooling.plugins.aws.model import modelled

PRECIOUS = frozenset(
    {"eks:index:Cluster", "kubernetes:core/v1:Namespace", *(name for name, row in AWS_TYPES.items() if row.precious)}
)
"""Types whose replacement loses data or replaces everything that refers to them. Protected resources count as well."""

_ROOT = "pulumi:pulumi:Stack"
_HEADER = (
    "# What {project}/{stack} registers, by identity. Written by `make update-golden`; read docs/decisions/0011.\n"
)


@dataclass(frozen=True)
class Graph:
    """Identity, a URN without stack and project such as `platform:infrastructure:Network$aws:ec2/vpc:Vpc::vpc`, to the
    resource's facts in the golden file."""

    resources: Mapping[str, Mapping[str, Any]]
    former: Mapping[str, str]
    """Former identity of a resource, by an alias of its own or of a parent, to its present one."""


def graph_of(run: DryRun) -> Graph:
    replacing = {kind.pulumi_name: frozenset(kind.replacing) for kind in modelled()}
    by_urn = {resource.urn: resource for resource in run.resources}
    resources, former = {}, {}
    identities: dict[str, list[str]] = {}
    for resource in run.resources:
        present, *before = identities[resource.urn] = _identities(resource, identities)
        resources[present] = _facts_of(resource, by_urn, replacing.get(resource.type, frozenset()))
        former.update(dict.fromkeys(before, present))
    return Graph(dict(sorted(resources.items())), former)


def as_text(graph: Graph, *, project: str, stack: str) -> str:
    body = yaml.safe_dump(dict(graph.resources), sort_keys=False, width=118, allow_unicode=True)
    return _HEADER.format(project=project, stack=stack) + body


def is_precious(identity: str, facts: Mapping[str, Any]) -> bool:
    return bool(facts.get("protected")) or kind_of(identity) in PRECIOUS


def kind_of(identity: str) -> str:
    return identity.rsplit("::", 1)[0].rsplit("$", 1)[-1]


def _facts_of(resource: Registered, by_urn: Mapping[str, Registered], replacing: frozenset[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if resource.parent in by_urn:
        facts["in"] = by_urn[resource.parent].name
    if resource.protect:
        facts["protected"] = True
    needs = sorted(
        f"{by_urn[urn].name} ({by_urn[urn].type.rsplit(':', 1)[-1]})" for urn in resource.depends_on if urn in by_urn
    )
    if needs:
        facts["needs"] = needs
    if resource.type in PRECIOUS:
        fixed = {key: resource.inputs[key] for key in sorted(replacing & resource.inputs.keys())}
        fixed = {key: value for key, value in fixed.items() if value is not UNKNOWN and isinstance(value, str)}
        if fixed:
            facts["fixed"] = fixed
    return facts


def _identities(resource: Registered, known: Mapping[str, list[str]]) -> list[str]:
    """Its present identity first, then the former ones by its own aliases and by those inherited from its parents.

    The URNs of the mocks do not serve: they contain the type of the nearest parent only.
    """
    found = []
    for above in known.get(resource.parent, [""]):
        found.append(_below(above, resource.type, resource.name))
        for alias in resource.aliases:
            found.extend(_former(alias, resource, above, known))
    return list(dict.fromkeys(found))


def _former(
    alias: str | Mapping[str, Any], resource: Registered, above: str, known: Mapping[str, list[str]]
) -> list[str]:
    if isinstance(alias, str):
        return [_of_urn(alias)]
    parents = [above]
    if alias.get("noParent"):
        parents = [""]
    elif alias.get("parentUrn"):
        parents = known.get(alias["parentUrn"], [_of_urn(alias["parentUrn"])])
    kind, name = alias.get("type") or resource.type, alias.get("name") or resource.name
    return [_below(parent, kind, name) for parent in parents]


def _below(parent: str, kind: str, name: str) -> str:
    chain = parent.rsplit("::", 1)[0] if parent else ""
    return f"{chain}${kind}::{name}" if chain else f"{kind}::{name}"


def _of_urn(urn: str) -> str:
    """The URN without stack, project and the root stack, which is an ancestor of every resource."""
    identity = "::".join(urn.split("::")[2:])
    return "" if identity.startswith(f"{_ROOT}::") else identity.removeprefix(f"{_ROOT}$")

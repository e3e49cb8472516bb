"""Runs a program for a test: checks its providers, and gives the run methods that assert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.dry_runs import DryRun, Registered, Stacks, dry_run, every_contract


class ProviderMissing(AssertionError):
    """The program registered a resource without a provider from `shared.providers`."""


@dataclass(frozen=True, kw_only=True)
class Run(DryRun):
    def registered(self, kind: str) -> list[Registered]:
        """Every resource of a type token, e.g. `aws:ec2/subnet:Subnet`, sorted by URN."""
        return sorted((resource for resource in self.resources if resource.type == kind), key=lambda one: one.urn)

    def one(self, kind: str, name: str | None = None) -> Registered:
        """The only resource of a type token, or the one of that logical name.

        Raises:
            AssertionError: there is none, or more than one.
        """
        found = [resource for resource in self.registered(kind) if name in (None, resource.name)]
        assert len(found) == 1, f"{kind} {name or ''}: {[resource.name for resource in found]}"
        return found[0]

    def comes_after(self, later: Registered, earlier: Registered) -> bool:
        """Whether `later` is created after `earlier` and deleted before it: by values, `depends_on` or parents."""
        by_urn = {resource.urn: resource for resource in self.resources}
        seen: set[str] = set()
        queue = [later.urn]
        while queue:
            resource = by_urn.get(queue.pop())
            if resource is not None and resource.urn not in seen:
                seen.add(resource.urn)
                queue += [*resource.depends_on, resource.parent]
        return earlier.urn in seen - {later.urn}


def run_program(
    program: Path | Callable[[], None],
    *,
    stack: str = "dev",
    project: str | None = None,
    config: Mapping[str, Any] | None = None,
    upstream: Stacks = every_contract,
    preview: bool = False,
    variables: Mapping[str, str] | None = None,
    check_providers: bool = True,
) -> Run:
    """Runs a program once; the arguments are those of `dry_run`.

    Args:
        check_providers: whether a resource without a provider from `shared.providers` fails the run.

    Raises:
        ProviderMissing: as `check_providers` says.
        Exception: any error that the program raised.
    """
    run = dry_run(
        program,
        stack=stack,
        project=project,
        config=config,
        upstream=upstream,
        preview=preview,
        variables=variables,
    )
    if check_providers:
        _require_factory_providers(run.resources)
    return Run(**vars(run))


def _require_factory_providers(resources: list[Registered]) -> None:
    made = {resource.urn for resource in resources if _made_by_a_factory(resource)}
    for resource in resources:
        if resource.type.startswith("pulumi:"):
            continue
        used = dict(resource.providers) if resource.remote else {}
        if resource.custom:
            used[resource.package] = resource.provider
        for package in ("aws", resource.package) if resource.remote else used:
            if used.get(package) not in made:
                raise ProviderMissing(f"{resource.urn} has no {package} provider created by shared.providers")


def _made_by_a_factory(resource: Registered) -> bool:
    """Whether the provider restricts its target. `eks` has none of its own: it uses the AWS provider."""
    if resource.type == "pulumi:providers:aws":
        return all(resource.inputs.get(key) for key in ("region", "allowedAccountIds", "defaultTags"))
    if resource.type == "pulumi:providers:kubernetes":
        return all(resource.inputs.get(key) for key in ("kubeconfig", "context", "clusterIdentifier"))
    return resource.type == "pulumi:providers:eks"

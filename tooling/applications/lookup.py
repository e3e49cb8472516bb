"""Finds an application's stack by its name, and the model of its settings."""

from __future__ import annotations

from shared.application_settings import ApplicationSettings
from shared.catalog import load_tenant
from shared.errors import BadInput, nearest
from tooling.runner.graph import StackId, application_directories, application_tenant, environment_graph
from tooling.runner.stack_settings import settings_model
from tooling.runner.tiers_file import Tier, load_tiers


def applications_tier() -> Tier:
    (tier,) = [tier for tier in load_tiers().tiers if tier.stacks == "application"]
    return tier


def application_names() -> list[str]:
    """Every application in the repository, in alphabetical order."""
    return [directory.name for directory in application_directories(applications_tier())]


def application_stack(name: str, environment: str) -> StackId:
    """The stack of an application in an environment.

    Raises:
        BadInput: `environment-unknown`, `application-unknown`, `tenant-unknown`; `tenant-elsewhere`, if its tenant does
            not exist in the environment.
    """
    graph = environment_graph(environment)
    tier = applications_tier()
    for stack in graph:
        if stack.tier == tier.name and stack.project == name:
            return stack
    known = application_names()
    if name not in known:
        raise BadInput(
            "application-unknown",
            f"there is no application {name!r}{nearest(name, known)}",
            at=f"{tier.directory}/",
            hint=f"use one of: {', '.join(known)}" if known else "tiers app new NAME --tenant TENANT",
        )
    directory = next(path for path in application_directories(tier) if path.name == name)
    tenant = load_tenant(application_tenant(directory, environment), environment)
    raise BadInput(
        "tenant-elsewhere",
        f"{name} belongs to tenant {tenant.name}, which does not exist in {environment}",
        at=f"tenants/catalog/{tenant.name}.yaml, environments",
        hint=f"use one of: {', '.join(tenant.environments)}; or ask the platform team to add {environment}",
    )


def tenant_stack_of(stack: StackId) -> StackId:
    """The stack of tier 3 that an application reads."""
    graph = environment_graph(stack.environment)
    return next(upstream for upstream in graph.predecessors(stack) if upstream.tenant == stack.tenant)


def model_of(stack: StackId) -> type[ApplicationSettings]:
    """The class of the application's settings.

    Raises:
        BadInput: `settings-model-missing`.
    """
    model = settings_model(stack.path)
    if isinstance(model, type) and issubclass(model, ApplicationSettings):
        return model
    raise BadInput(
        "settings-model-missing",
        f"{stack.directory}/settings.py has no subclass of ApplicationSettings that is named after the project",
        at=f"{stack.directory}/settings.py",
        hint="follow applications/demo/settings.py",
    )

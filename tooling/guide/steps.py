"""The steps of the guided tour, as rows: what each is called, what it does, and the commands behind it.

`tiers --help` loads this module: what a step needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.paths import REPOSITORY

if TYPE_CHECKING:
    from tooling.guide.tour import Tour


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    title: str
    about: str
    """One sentence for people who have never run it."""
    run: Callable[[Tour], None]
    needs_kubectl: bool = False
    builds_image: bool = False
    undoes: tuple[str, ...] = ()
    """Steps that have to be taken again after this one."""
    in_tour: bool = True
    asks_itself: bool = False
    """Whether its command lists what it would delete and asks."""


def deploy_cluster(tour: Tour) -> None:
    if tour.is_local:
        tour.tiers("local", "up")
    if tour.settings.cluster_name:
        _set(tour, REPOSITORY / "infrastructure", {"cluster_name": tour.settings.cluster_name})
    tour.tiers("up", "infrastructure", "platform-addons", "--stack", tour.stack, "--yes")
    tour.tiers("up", "tenants", "--tenant", tour.tenant, "--stack", tour.stack, "--yes")


def deploy_application(tour: Tour) -> None:
    names = {"namespace": tour.settings.namespace, "release_name": tour.settings.release_name}
    _set(tour, tour.application, {key: value for key, value in names.items() if value})
    tour.tiers("up", "applications", "--app", tour.settings.application, "--stack", tour.stack, "--yes")


def set_kubectl_context(tour: Tour) -> None:
    from tooling.guide.kubectl_context import merge, user_kubeconfig
    from tooling.guide.prerequisites import kubectl

    program = kubectl(tour)
    target = user_kubeconfig(tour.variables)
    text = tour.output_of_tiers("kubeconfig", "--tenant", tour.tenant, "--stack", tour.stack)
    context = merge(program, text, target)
    tour.note(f"{target} has the context {context}, signed in as the deployer of {tour.tenant}. Try:")
    tour.note(f"  {program if tour.is_local else 'kubectl'} get deployments")


def get_hostname(tour: Tour) -> None:
    tour.tiers("app", "url", tour.settings.application, "--stack", tour.stack)
    if tour.is_local:
        tour.tiers("open", tour.settings.application, "--stack", tour.stack, "--print")


def update_responses(tour: Tour) -> None:
    root = _ask(tour, "Response of /", tour.settings.root_response)
    api = _ask(tour, "Response of /api", tour.settings.api_response)
    settings = [f"root_response={root}", f"api_response={api}"]
    tour.tiers("app", "configure", tour.settings.application, *settings, "--stack", tour.stack, "--yes")


def update_version(tour: Tour) -> None:
    from tooling.guide.versions import next_minor, require_version, service_version, set_service_version

    running = service_version(tour.application)
    wanted = require_version(_ask(tour, f"New version of the service, now {running}", next_minor(running)), running)
    set_service_version(tour.application, wanted)
    tour.note(f"applications/{tour.settings.application}/service is version {wanted}")
    # The chart's appVersion follows.
    tour.python("tooling.generated", "update")
    if not tour.is_local:
        tour.python("tooling.images.publish", "image", "--stack", tour.stack, "--app", tour.settings.application)
    tour.tiers("app", "release", tour.settings.application, f"v{wanted}", "--stack", tour.stack, "--yes")


def destroy_application(tour: Tour) -> None:
    _destroy(tour, "applications", "--app", tour.settings.application)


def destroy_cluster(tour: Tour) -> None:
    _destroy(tour, "infrastructure", "platform-addons", "tenants")


def destroy_all(tour: Tour) -> None:
    _destroy(tour)
    if tour.is_local:
        tour.tiers("local", "down", "--yes")


STEPS: tuple[Step, ...] = (
    Step(
        name="deploy-cluster",
        title="Deploy the cluster",
        about="Deploy tiers 1 to 3: the AWS infrastructure, the cluster add-ons and the application's tenant.",
        run=deploy_cluster,
    ),
    Step(
        name="deploy-application",
        title="Deploy the application",
        about="Deploy tier 4: the application in its tenant's namespace.",
        run=deploy_application,
    ),
    Step(
        name="set-kubectl-context",
        title="Set the kubectl context",
        about="Add the cluster to your kubeconfig, signed in as the tenant's deployer, as the current context.",
        run=set_kubectl_context,
        needs_kubectl=True,
    ),
    Step(
        name="get-hostname",
        title="Get the host name",
        about="Show where the application answers.",
        run=get_hostname,
    ),
    Step(
        name="update-responses",
        title="Update the responses",
        about="Change what the application answers, and deploy it again: the pods are replaced.",
        run=update_responses,
    ),
    Step(
        name="update-version",
        title="Update the version",
        about="Give the service a new version, build its image, and release it.",
        run=update_version,
        builds_image=True,
    ),
    Step(
        name="destroy-application",
        title="Destroy the application",
        about="Delete everything that tier 4 has created for the application.",
        run=destroy_application,
        undoes=("deploy-application", "get-hostname", "update-responses", "update-version"),
        asks_itself=True,
    ),
    Step(
        name="destroy-cluster",
        title="Destroy the cluster",
        about="Delete tiers 1 to 3; refused while an application is deployed.",
        run=destroy_cluster,
        undoes=("deploy-cluster", "set-kubectl-context"),
        in_tour=False,
        asks_itself=True,
    ),
    Step(
        name="destroy-all",
        title="Destroy everything",
        about="Delete all tiers of the environment, downstream first; locally, the lane too.",
        run=destroy_all,
        undoes=("*",),
        asks_itself=True,
    ),
)
"""In the order of the tour."""


def _destroy(tour: Tour, *arguments: str) -> None:
    # Without --yes the command names the stacks and asks.
    tour.tiers("destroy", *arguments, "--stack", tour.stack, *(["--yes"] if tour.yes else []))


def _ask(tour: Tour, question: str, default: str) -> str:
    from rich.prompt import Prompt

    return default if tour.yes else Prompt.ask(question, default=default, console=tour.console)


def _set(tour: Tour, project: Path, settings: dict[str, str]) -> None:
    """Writes settings into the stack's file of a project, and says so; nothing if they are there already."""
    from tooling.applications.stack_file_text import with_settings
    from tooling.whole_files import write_whole

    file = project / f"Pulumi.{tour.stack}.yaml"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    changed = with_settings(text, project.name, settings)
    if changed != text:
        write_whole(file, changed)
        tour.note(f"{file.relative_to(REPOSITORY)}: {', '.join(f'{key}: {value}' for key, value in settings.items())}")

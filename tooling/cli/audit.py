"""`tiers audit`: list the resources that a destroy left, and remove them on request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import BadInput, ExitCode, Refused
from tooling.cli.console import messages, print_document
from tooling.cli.options import Json, Stack, Yes

if TYPE_CHECKING:
    from tooling.audit.account import Account, Finding


def audit(
    stack: Stack = "local",
    remove: Annotated[
        bool,
        typer.Option("--remove", help="Remove what can be removed, after confirmation. Not on the lane."),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """List resources left by a destroy: everything new on the lane, or by tag in AWS. Exit with 4 if any are left."""
    found = _on_the_lane(remove) if stack == "local" else _in_aws(stack, remove=remove, yes=yes)
    if as_json:
        print_document({"left": found})
    elif found:
        for item in found:
            sys.stdout.write("  ".join(str(value) for value in item.values()) + "\n")
    else:
        messages().print("nothing is left")
    if found:
        raise typer.Exit(ExitCode.CHANGES_FOUND)


def _on_the_lane(remove: bool) -> list[dict[str, Any]]:
    if remove:
        raise BadInput(
            "audit-removes-in-aws-only",
            "--remove works in AWS only; the local lane is removed as a whole",
            at="--remove",
            hint="tiers local down",
        )
    from tooling.lane.audit import left

    return left()


def _in_aws(stack: str, *, remove: bool, yes: bool) -> list[dict[str, Any]]:
    from shared.environment import load_environment
    from tooling.audit.account import Account, identities
    from tooling.audit.deployed import deployments

    environment = load_environment(stack)
    exported = deployments(stack)
    account = Account(environment, in_state=identities(exported.values()), cluster_lives=_has_cluster(exported))
    found = account.left()
    if remove and found:
        _refuse_while_deployed(stack, exported)
        found = _removed(account, found, yes=yes)
    return [finding.row() for finding in found]


def _has_cluster(exported: dict[str, dict[str, Any]]) -> bool:
    return any(
        resource.get("type") == "aws:eks/cluster:Cluster"
        for deployment in exported.values()
        for resource in deployment.get("resources") or ()
    )


def _refuse_while_deployed(stack: str, exported: dict[str, dict[str, Any]]) -> None:
    """Refuse while a stack is deployed: what it is creating is not in any state yet and would look like a leftover."""
    deployed = [name for name, deployment in exported.items() if deployment.get("resources")]
    if deployed:
        raise Refused(
            "audit-of-living-stacks",
            f"nothing is removed while {', '.join(deployed)} still hold{'s' if len(deployed) == 1 else ''} resources",
            at=f"--stack {stack}",
            hint=f"tiers destroy --stack {stack}",
        )


def _removed(account: Account, found: list[Finding], *, yes: bool) -> list[Finding]:
    """Ask for confirmation, remove, and return what is still left."""
    console = messages()
    removable = [finding for finding in found if finding.removable]
    if removable and not yes:
        for finding in removable:
            console.print(f"{finding.kind} {finding.id}", markup=False, soft_wrap=True)
        if not sys.stdin.isatty():
            raise Refused(
                "confirmation-missing",
                f"removing {len(removable)} resources needs a confirmation, and there is no terminal to ask on",
                at="--remove",
                hint="add --yes",
            )
        typer.confirm(f"remove these {len(removable)} resources?", abort=True, err=True)
    for finding, refusal in account.remove(removable):
        result = f"not removed: {refusal}" if refusal else "removed"
        console.print(f"{finding.kind} {finding.id}  {result}", markup=False, soft_wrap=True)
    return account.left()

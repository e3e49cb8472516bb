"""`tiers explain-access`: whether IAM allows a principal an action on a resource, and which statement decides."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tooling.cli.console import print_document, results
from tooling.cli.options import Json, Stack

if TYPE_CHECKING:
    from tooling.iam.evaluation import Decision, Request


def explain_access(
    principal: Annotated[str, typer.Argument(help="ARN of a role, session or user; or the name of a role.")],
    action: Annotated[str, typer.Argument(help="For example s3:GetObject.")],
    resource: Annotated[str, typer.Argument(help="ARN of one resource; * for actions that have none.")],
    stack: Stack,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="KEY=VALUE", help="A condition key of the request. Repeat for each."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether IAM allows a principal an action on a resource, and which statement of which policy decides."""
    from tooling.iam.account import Account
    from tooling.iam.asked import action_of, context_of, resource_of
    from tooling.iam.evaluation import Request, evaluate
    from tooling.runner.engine import open_engine
    from tooling.runner.recovery.accounts import account_of

    asked = action_of(action)
    arn = resource_of(resource, asked)
    given = context_of(context or ())
    with open_engine(stack) as engine:
        found = account_of(engine)
        account = Account(found.client)
        who, policies = account.caller(principal)
        own, decides = account.of_resource(asked, arn)
    request = Request(
        principal=who,
        action=asked,
        resource=arn,
        context={**_of_every_request(), **given},
        resource_account="" if arn == "*" else (arn.split(":")[4] or found.account_id),
    )
    decision = evaluate(request, dataclasses.replace(policies, resource=own, resource_decides=decides))
    if as_json:
        print_document(_document(request, decision))
    else:
        _print(request, decision)


def _of_every_request() -> dict[str, str]:
    """Keys that a request over TLS has now, whoever sends it."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "aws:CurrentTime": now.isoformat(timespec="seconds"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
    }


def _document(request: Request, decision: Decision) -> dict[str, Any]:
    return {
        "principal": request.principal.arn,
        "action": request.action,
        "resource": request.resource,
        "allowed": decision.allowed,
        "why": _why(request, decision),
        "statements": [
            {"statement": one.statement, "policy": one.policy, "type": str(one.type)} for one in decision.statements
        ],
        "absent_keys": list(decision.absent_keys),
    }


def _print(request: Request, decision: Decision) -> None:
    console = results()
    lines = [
        f"{'allowed' if decision.allowed else 'denied'}: {request.action} on {request.resource}",
        f"  for {request.principal.arn}",
        f"  {_why(request, decision)}",
        *(f"  statement {one.statement} of {one.policy} ({one.type})" for one in decision.statements),
    ]
    if decision.absent_keys:
        lines.append(f"  without the condition keys {', '.join(decision.absent_keys)}; give them with --context")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _why(request: Request, decision: Decision) -> str:
    return "because these statements allow it" if decision.allowed else decision.reason(request.action)

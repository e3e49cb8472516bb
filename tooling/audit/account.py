"""The audit of one environment's account: what belongs to it by tag or name but is in no stack; removal on request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from shared.environment import Environment
from shared.errors import BadInput, PlatformError, Refused
from tooling.audit.ownership import Maker, Ours
from tooling.aws_types.listing import Client, Listing, Thing
from tooling.aws_types.table import AUDITED


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One leftover resource. `name` is its Name tag, or its id."""

    service: str
    kind: str
    id: str
    name: str
    maker: Maker
    removable: bool

    def row(self) -> dict[str, str | bool]:
        return {
            "in": "aws",
            "service": self.service,
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "made_by": self.maker,
            "removable": self.removable,
        }


class Account:
    """The resources of one environment in its account.

    Args:
        environment: its region, suffix and account select the resources.
        in_state: ids and ARNs in the environment's stacks: these are in use.
        cluster_lives: whether a stack still holds the cluster; then resources created by the cluster are in use, too.
    """

    def __init__(self, environment: Environment, *, in_state: Collection[str], cluster_lives: bool) -> None:
        self._environment = environment
        self._ours = Ours.of(environment)
        self._in_state = frozenset(in_state)
        self._cluster_lives = cluster_lives
        self._session = self._signed_in()
        self._clients: dict[str, Client] = {}

    def left(self) -> list[Finding]:
        """All leftover resources, in the order in which they can be removed. Read-only."""
        with _aws_errors(self._environment.name):
            return [finding for listing in AUDITED for finding, _ in self._left(listing, self._client(listing))]

    def remove(self, findings: Sequence[Finding]) -> Iterator[tuple[Finding, str]]:
        """Removes what can be removed; yields each finding with the error of AWS, or an empty text.

        Each resource is read again, with its tags: one that no longer belongs to the environment is kept.
        """
        wanted = {(finding.kind, finding.id) for finding in findings if finding.removable}
        with _aws_errors(self._environment.name):
            for listing in AUDITED:
                if listing.remove is None or not any(kind == listing.kind for kind, _ in wanted):
                    continue
                client = self._client(listing)
                for finding, thing in list(self._left(listing, client)):
                    if (finding.kind, finding.id) not in wanted:
                        continue
                    try:
                        listing.remove(client, thing)
                    except ClientError as error:
                        yield finding, _reason(error)
                    else:
                        yield finding, ""

    def _left(self, listing: Listing, client: Client) -> Iterator[tuple[Finding, Thing]]:
        for thing in listing.things(client):
            identity = str(thing[listing.identity])
            if identity in self._in_state:
                continue
            tags = listing.tags(client, thing) if listing.tags is not None else {}
            # A tag of another environment takes precedence over a name.
            maker = self._ours.maker(tags) or (None if tags else self._ours.maker_by_name(listing.kind, thing))
            if maker is None or (maker == "cluster" and self._cluster_lives):
                continue
            finding = Finding(
                service=listing.service,
                kind=listing.kind,
                id=identity,
                name=tags.get("Name", identity.rsplit("/", 1)[-1]),
                maker=maker,
                removable=listing.remove is not None,
            )
            yield finding, thing

    def _client(self, listing: Listing) -> Client:
        """One for each service: most listings are EC2's, whose model takes longest to make a client from."""
        if listing.service not in self._clients:
            make: Any = self._session.client
            self._clients[listing.service] = make(listing.service)
        return self._clients[listing.service]

    def _signed_in(self) -> boto3.Session:
        """A session with the caller's own credentials, or the environment's role, in the environment's account only.

        Raises:
            BadInput: `aws-credentials-missing`.
            Refused: `account-mismatch`.
        """
        environment = self._environment
        session = boto3.Session(region_name=environment.region)
        with _aws_errors(environment.name):
            if environment.deploy_role_arn:
                session = _assumed(session, environment)
            account = session.client("sts").get_caller_identity()["Account"]
        if account != environment.account:
            raise Refused(
                "account-mismatch",
                f"the credentials belong to account {account}, but {environment.name} is in {environment.account}",
                at=f"shared/environments/{environment.name}.yaml",
                hint="sign in to the environment's account, e.g. export AWS_PROFILE=<profile>",
            )
        return session


def identities(deployments: Iterable[Mapping[str, Any]]) -> set[str]:
    """Ids and ARNs of every resource in exported stacks."""
    found = set()
    for deployment in deployments:
        for resource in deployment.get("resources") or ():
            outputs = resource.get("outputs") or {}
            found |= {str(value) for value in (resource.get("id"), outputs.get("arn")) if isinstance(value, str)}
    return found


def _assumed(session: boto3.Session, environment: Environment) -> boto3.Session:
    keys = session.client("sts").assume_role(RoleArn=environment.deploy_role_arn, RoleSessionName="tiers-audit")
    credentials = keys["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=environment.region,
    )


@contextmanager
def _aws_errors(environment: str) -> Iterator[None]:
    """Converts errors of AWS to platform errors; their texts contain the action, never a secret."""
    where = f"environment {environment}"
    try:
        yield
    except ClientError as error:
        raise PlatformError("aws-refused", _reason(error), at=where, hint="aws sts get-caller-identity") from error
    except BotoCoreError as error:
        raise BadInput(
            "aws-credentials-missing",
            f"AWS cannot be called: {type(error).__name__}",
            at=where,
            hint="sign in, e.g. aws sso login; check with: aws sts get-caller-identity",
        ) from error


def _reason(error: ClientError) -> str:
    said = error.response.get("Error") or {}
    return f"{error.operation_name}: {said.get('Code')}: {said.get('Message', '')[:200]}"

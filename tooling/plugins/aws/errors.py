"""What can go wrong in the plug-in, in the words that a person sees under the resource's name in the engine's output.

AWS's own error code and message always stay: they are what one looks up. Nothing here prints an input's value.
"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from shared.errors import PlatformError, nearest
from tooling.foreign_errors import aws_hint

STILL_IN_USE = frozenset({"DependencyViolation", "DeleteConflict", "ResourceInUseException", "InvalidIPAddress.InUse"})
"""Refusals of a deletion that time can fix: what depends on it may be on its way out."""

_GONE = frozenset(
    {"NoSuchEntity", "NoSuchBucket", "404", "ResourceNotFoundException", "NoSuchPublicAccessBlockConfiguration"}
)


class NotModelled(PlatformError):
    """The local lane has no answer for this; another lane may."""

    def __init__(self, what: str, *, at: str) -> None:
        super().__init__(
            "not-modelled",
            what,
            at=at,
            hint="leave it out on the local lane, or run this stack against an AWS account",
        )


class AwsRefused(PlatformError):
    """The emulated AWS answered with an error."""

    def __init__(self, error: ClientError | BotoCoreError, *, pulumi_name: str, endpoint: str) -> None:
        self.aws_code = error_code(error)
        super().__init__(
            "aws-refused", describe(error, pulumi_name=pulumi_name), at=pulumi_name, hint=hint(error, endpoint)
        )


class PossiblyCreated(PlatformError):
    """AWS may have carried out a creation that it did not answer, and what exists cannot be told to be its work."""

    def __init__(self, error: ClientError | BotoCoreError, *, pulumi_name: str, endpoint: str) -> None:
        again = hint(error, endpoint)
        look = "it may have been made: look for it, by the tag `tiers:creation` if it has tags, and delete it first"
        super().__init__(
            "perhaps-made",
            describe(error, pulumi_name=pulumi_name),
            at=pulumi_name,
            hint=f"{look}\n{again}" if again else look,
        )


class ProviderMisconfigured(PlatformError):
    """The provider's own configuration cannot be used."""

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__("provider-misconfigured", what, at="the aws provider's arguments", hint=hint)


class NotLoopback(PlatformError):
    """Refused: an endpoint that is not on this machine."""

    def __init__(self, endpoint: str | None, *, named_by: str) -> None:
        shown = f"it is {endpoint!r}" if endpoint else "it is not set"
        super().__init__(
            "endpoint-not-loopback",
            f"the local lane's aws plug-in only talks to an endpoint on this machine; {named_by}: {shown}",
            at=named_by,
            hint="start the lane with `tiers local up`, which sets it",
        )


class LostAfterCreate(PlatformError):
    """AWS accepted a creation and then did not know the resource."""

    def __init__(self, pulumi_name: str, resource_id: str) -> None:
        super().__init__(
            "lost-after-create",
            f"{pulumi_name} {resource_id} was created, and AWS does not know it",
            at=pulumi_name,
            hint="tiers local status",
        )


class NeverSettled(PlatformError):
    """AWS accepted a request and did not finish it, or reports that it failed."""

    def __init__(self, what: str, *, pulumi_name: str) -> None:
        super().__init__("never-settled", what, at=pulumi_name, hint="tiers local status")


def message(error: PlatformError) -> str:
    """What the engine prints under the resource: it adds the resource's name and `error:` itself."""
    hints = [f"hint: {line}" for line in error.hint.splitlines()]
    return "\n".join([error.what, *hints])


def describe(error: ClientError | BotoCoreError, *, pulumi_name: str) -> str:
    """`InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid. (CreateVpc of aws:ec2/vpc:Vpc)`"""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{error_code(error)}: {answer.get('Message', 'no message')} ({error.operation_name} of {pulumi_name})"
    return f"{type(error).__name__}: {error} ({pulumi_name})"


def error_code(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that the thing asked for does not exist. Every service spells it in its own way."""
    code = error_code(error)
    return code in _GONE or "NotFound" in code or code.endswith("DoesNotExist")


def not_modelled_input(path: str, pulumi_name: str, known: Iterable[str]) -> str:
    """The reason of a check failure; `known` are the names modelled at the same place."""
    return f"the local lane does not model `{path}` of {pulumi_name}{nearest(path.rsplit('.', 1)[-1], known)}"


def hint(error: ClientError | BotoCoreError, endpoint: str) -> str:
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        return f"the emulated AWS at {endpoint} does not answer: tiers local up"
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return aws_hint(error_code(error), str(answer.get("Message", "")), status=status)
    return ""

"""The plug-in's errors, as the engine prints them under the resource's name.

AWS's own error code and message are always kept, since that is what people search for. No message contains an input's
value.
"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from shared.errors import PlatformError, nearest
from tooling.foreign_errors import aws_hint

STILL_IN_USE = frozenset({"DependencyViolation", "DeleteConflict", "ResourceInUseException", "InvalidIPAddress.InUse"})
"""Refused deletions that are worth retrying: the dependent resource may be about to go."""

_GONE = frozenset(
    {"NoSuchEntity", "NoSuchBucket", "404", "ResourceNotFoundException", "NoSuchPublicAccessBlockConfiguration"}
)


class NotModelled(PlatformError):
    """The local lane does not model this; another lane may."""

    def __init__(self, what: str, *, at: str) -> None:
        super().__init__(
            "not-modelled",
            what,
            at=at,
            hint="leave it out on the local lane, or run this stack against an AWS account",
        )


class AwsRefused(PlatformError):
    """The emulated AWS returned an error."""

    def __init__(self, error: ClientError | BotoCoreError, *, pulumi_name: str, endpoint: str) -> None:
        self.aws_code = error_code(error)
        super().__init__(
            "aws-refused", describe(error, pulumi_name=pulumi_name), at=pulumi_name, hint=hint(error, endpoint)
        )


class PossiblyCreated(PlatformError):
    """The response to a creation was lost, and AWS may have created a resource that cannot be identified."""

    def __init__(self, error: ClientError | BotoCoreError, *, pulumi_name: str, endpoint: str) -> None:
        again = hint(error, endpoint)
        look = "it may exist: look for it, by the tag `tiers:creation` if it has tags, and delete it first"
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
    """The endpoint is not on this machine."""

    def __init__(self, endpoint: str | None, *, named_by: str) -> None:
        shown = f"it is {endpoint!r}" if endpoint else "it is not set"
        super().__init__(
            "endpoint-not-loopback",
            f"the local lane's aws plug-in only talks to an endpoint on this machine; {named_by}: {shown}",
            at=named_by,
            hint="start the lane with `tiers local up`, which sets it",
        )


class LostAfterCreate(PlatformError):
    """AWS accepted a creation, but does not find the resource."""

    def __init__(self, pulumi_name: str, resource_id: str) -> None:
        super().__init__(
            "lost-after-create",
            f"{pulumi_name} {resource_id} was created, but AWS does not find it",
            at=pulumi_name,
            hint="tiers local status",
        )


class NeverSettled(PlatformError):
    """AWS accepted a request, but did not finish it or reports that it failed."""

    def __init__(self, what: str, *, pulumi_name: str) -> None:
        super().__init__("never-settled", what, at=pulumi_name, hint="tiers local status")


def message(error: PlatformError) -> str:
    """The text that the engine prints under the resource; it adds the resource's name and `error:`."""
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
    """Whether the error says that the resource does not exist. Each service has its own codes for it."""
    code = error_code(error)
    return code in _GONE or "NotFound" in code or code.endswith("DoesNotExist")


def not_modelled_input(path: str, pulumi_name: str, known: Iterable[str]) -> str:
    """The reason of a check failure; `known` are the names that are modelled at that place."""
    return f"the local lane does not model `{path}` of {pulumi_name}{nearest(path.rsplit('.', 1)[-1], known)}"


def hint(error: ClientError | BotoCoreError, endpoint: str) -> str:
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        return f"the emulated AWS at {endpoint} does not answer: tiers local up"
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return aws_hint(error_code(error), str(answer.get("Message", "")), status=status)
    return ""

"""What IAM is asked about a request: actions, ARNs, condition keys, and the policies of the resource itself.

Source: Service Authorization Reference, actions, resources and condition keys of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tooling.aws_emulator.authorization.policies import Document
from tooling.aws_emulator.authorization.reading import Call
from tooling.iam.evaluation import ContextValue


@dataclass(frozen=True, kw_only=True)
class Question:
    """One action on one resource. A request may need several."""

    action: str
    resource: str = "*"
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    """Condition keys of the service that are absent unless they are in `context`, in lower case; one that ends with `/`
    or `:` stands for all that begin so. A policy with any other key of a service cannot be evaluated."""
    policies: tuple[Document, ...] = ()
    """The resource's own."""
    decides: bool = False
    """As `tooling.iam.evaluation.Policies.resource_decides`."""
    owner: str = ""
    """Account of the resource; empty: as the ARN says, else the caller's."""


class NotModelled(Exception):
    """Which operation IAM cannot be asked about here."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a call is answered: the caller's account and the region it is signed for."""

    account: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, account: str = "") -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{account or self.account}:{resource}"


TAG_KEYS = frozenset({"aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"})


def tags_of(call: Call) -> dict[str, str]:
    """Tags that a request brings, whichever way its service writes them."""
    for name in ("tags", "Tags", "TagList"):
        written = call.parameters.get(name)
        if isinstance(written, Mapping):
            return {str(key): str(value) for key, value in written.items()}
        if isinstance(written, list):
            return {
                str(one.get("Key", one.get("key", one.get("TagKey", "")))): str(
                    one.get("Value", one.get("value", one.get("TagValue", "")))
                )
                for one in written
            }
    return {}


def tag_context(call: Call, existing: Mapping[str, str] | None = None) -> dict[str, ContextValue]:
    """`aws:RequestTag`, `aws:TagKeys` and `aws:ResourceTag`."""
    brought = tags_of(call)
    removed = call.parameters.get("tagKeys") or call.parameters.get("TagKeys") or ()
    return {
        **{f"aws:RequestTag/{key}": value for key, value in brought.items()},
        "aws:TagKeys": tuple(brought) or tuple(removed),
        **{f"aws:ResourceTag/{key}": value for key, value in (existing or {}).items()},
    }

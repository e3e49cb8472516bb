"""Physical names, each within the length limit of its resource type.

A name that fits is used unchanged. A longer name keeps its distinctive end and gets a hash of the whole name, because
two long names with a common beginning would collide if they were merely truncated. Tags are in `shared.tags`.
"""

from __future__ import annotations

import hashlib
import re

from shared.errors import BadInput

_HASH_LENGTH = 8
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def dns_label(name: str) -> str:
    """At most 63 characters. Source: RFC 1123 label, Kubernetes `metadata.name` of namespaces and Services."""
    return _within(63, name)


def iam_role_name(name: str) -> str:
    """At most 64 characters. Source: IAM CreateRole, `RoleName`."""
    return _within(64, name)


def node_group_name(name: str) -> str:
    """At most 36 characters: the provider appends a hyphen and 26 characters. Source: EKS CreateNodegroup, 63."""
    return _within(36, name)


def bucket_name(name: str) -> str:
    """At most 63 characters, lower case. Source: S3 bucket naming rules."""
    return _within(63, name.lower())


def iam_policy_name(name: str) -> str:
    """At most 128 characters. Source: IAM CreatePolicy, `PolicyName`."""
    return _within(128, name)


def is_dns_label(value: str) -> bool:
    """Whether `value` is a valid Kubernetes namespace name. Source: RFC 1123, as above."""
    return len(value) <= 63 and _LABEL.fullmatch(value) is not None


def require_dns_label(value: str, *, what: str, at: str) -> str:
    """Returns `value` if it is a DNS label, and so safe in file paths and resource names.

    Raises:
        BadInput: `name-invalid`, naming `what` and `at`.
    """
    if not is_dns_label(value):
        raise BadInput(
            "name-invalid",
            f"{what} {value!r} is not a DNS label: lower-case letters, digits and hyphens, at most 63",
            at=at,
            hint=f"choose a name such as {_suggestion(value)!r}",
        )
    return value


def _within(limit: int, name: str) -> str:
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH]
    end = name[-(limit - _HASH_LENGTH - 1) :].lstrip("-.")
    return f"{digest}-{end}"


def _suggestion(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:63].strip("-") or "tenant-a"

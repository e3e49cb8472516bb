"""Where Pulumi stores the states of a stack in an S3 bucket, and what ties the stack's KMS key to the stack.

The engine encrypts the secrets of a state with a data key, and the data key with a KMS key. The URL of the KMS key may
name an encryption context; the key then decrypts only for callers that give the same one. Each stack has its own, so
that a role can be given the key for some stacks alone. Does not import Pulumi, because the runner uses it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

CONTEXT_KEY = "stack"
"""Key of the encryption context; its value is `<project>/<stack>`."""

PLATFORM_PROJECTS = ("infrastructure", "platform-addons", "tenants")
"""Projects whose states belong to the platform. No application has such a name."""

_KMS = "awskms://"


def secrets_provider_of(secrets_provider: str, project: str, stack: str) -> str:
    """The secrets provider of one stack: a KMS key gets the stack's encryption context, any other is unchanged.

    Source: gocloud.dev, package `secrets/awskms`, URLOpener, parameters that begin with `context_`.
    """
    parameter = f"context_{CONTEXT_KEY}="
    if not secrets_provider.startswith(_KMS) or parameter in secrets_provider:
        return secrets_provider
    separator = "&" if "?" in secrets_provider else "?"
    return f"{secrets_provider}{separator}{parameter}{quote(f'{project}/{stack}', safe='')}"


@dataclass(frozen=True, kw_only=True)
class StateObjects:
    """Patterns of S3 keys of one stack.

    Source: Pulumi's `pkg/backend/diy`, store.go, stack_tags.go and lock.go: the layout with projects.
    """

    state: str
    further: tuple[str, ...]
    """Backups of the state, its tags, history, and locks."""

    @classmethod
    def of(cls, prefix: str, project: str, stack: str) -> StateObjects:
        base = f"{prefix}.pulumi"
        return cls(
            # Also `.json.gz`, and the copy `.json.bak`.
            state=f"{base}/stacks/{project}/{stack}.json*",
            further=(
                f"{base}/stacks/{project}/{stack}.pulumi-tags",
                f"{base}/history/{project}/{stack}/*",
                f"{base}/backups/{project}/{stack}/*",
                f"{base}/locks/organization/{project}/{stack}/*",
            ),
        )


def layout_object(prefix: str) -> str:
    """The object that says how states are stored; every command reads it."""
    return f"{prefix}.pulumi/meta.yaml"


def state_bucket(backend_url: str) -> str:
    """The bucket of a backend in S3; empty for any other."""
    address = urlsplit(backend_url)
    return address.netloc if address.scheme == "s3" else ""


def state_prefix(backend_url: str) -> str:
    """Prefix of all keys of a backend in S3: empty, or a path that ends with a slash."""
    path = urlsplit(backend_url).path.strip("/")
    return f"{path}/" if path else ""

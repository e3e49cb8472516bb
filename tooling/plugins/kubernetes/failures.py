"""Makes the API server's refusals readable: which object, what it said, what to do about it.

A Status names fields and reasons; a Secret's values appear in none of the messages the API server writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shared.errors import PlatformError
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.client import ApiError

MESSAGE_LIMIT = 1200
"""Characters of the server's sentence that are passed on; an admission policy's list of reasons fits."""

_MALFORMED = ("strict decoding error", "failed to create typed patch object", "cannot be handled as a")
_GO_VALUE = re.compile(r"got &value\.valueUnstructured\{.*\}")
"""How a server-side apply prints a value of the wrong type: whole, a Secret's too."""

_CONFLICT_HINTS = (
    f'to take over the fields, annotate the object with {m.PATCH_FORCE}: "true", or set `enablePatchForce` on the '
    "provider; to leave them to their manager, remove them from the program"
)


class KubernetesRefused(PlatformError):
    """The API server answered and said no. `status` and `reason` are its own."""

    def __init__(self, error: ApiError, code: str, what: str, hint: str) -> None:
        self.status = error.status
        self.reason = error.reason
        super().__init__(code, what, at="", hint=hint)


def subject(manifest: Mapping[str, Any]) -> str:
    """`Deployment apps/v1 "shop/web"`."""
    return f'{manifest.get("kind")} {manifest.get("apiVersion")} "{m.object_id(manifest)}"'


def shortened(text: str, limit: int = MESSAGE_LIMIT) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def of_another_application(error: ApiError, manifest: Mapping[str, Any], owner: str) -> KubernetesRefused:
    """The namespace has an object of this name, made by another application."""
    return KubernetesRefused(
        error,
        "application-object-taken",
        f"{subject(manifest)} belongs to the application {owner}",
        f"give the component another name; or, if {owner} is no longer needed, destroy it first",
    )


def explain(error: ApiError, manifest: Mapping[str, Any], doing: str, manager: str = "") -> KubernetesRefused:
    """One error a situation.

    Args:
        doing: the verb in `could not <verb>`, e.g. `create`.
        manager: the plug-in's field manager, named in conflicts.
    """
    said = shortened(_GO_VALUE.sub("got a value of another type", error.message))
    failed = f"could not {doing} {subject(manifest)}: {said}"
    if error.reason == "AlreadyExists":
        return KubernetesRefused(
            error,
            "kubernetes-already-exists",
            f"{subject(manifest)} already exists, and nothing in this stack's state says that this resource made it",
            f'adopt it with `import_="{m.object_id(manifest)}"`, change single fields of it with a '
            f"`{manifest.get('kind')}Patch`, or set `upsertExistingObjects` on the provider\n"
            "if the resource was renamed, give it an alias",
        )
    if error.reason == "Conflict" and error.details.get("causes"):
        fields = "; ".join(_conflict(cause) for cause in error.details["causes"])
        return KubernetesRefused(
            error,
            "kubernetes-field-conflict",
            f'{subject(manifest)} has fields that others manage, so that "{manager}" cannot set them: {fields}',
            _CONFLICT_HINTS,
        )
    if any(sign in error.message for sign in _MALFORMED):
        kind = str(manifest.get("kind")).lower()
        return KubernetesRefused(
            error,
            "kubernetes-malformed",
            failed,
            f"correct the field's name, place or type; `kubectl explain {kind}` lists the fields",
        )
    if error.reason == "Invalid":
        return KubernetesRefused(error, "kubernetes-invalid", failed, "correct the fields named above")
    if error.status == 404 and error.details.get("kind") == "namespaces":
        return KubernetesRefused(
            error,
            "kubernetes-namespace-missing",
            failed,
            "create the Namespace in this program and let the object depend on it (use its `metadata.name` output), "
            "or deploy the stack that makes it first",
        )
    if error.status == 401:
        return KubernetesRefused(
            error,
            "kubernetes-unauthorized",
            f"{failed}: the API server does not know the caller",
            "check that the caller's IAM role has an access entry on the cluster",
        )
    if error.reason == "Forbidden":
        return KubernetesRefused(
            error,
            "kubernetes-forbidden",
            failed,
            "grant the permission named above, or change what the policy or quota named above refuses",
        )
    return KubernetesRefused(error, "kubernetes-refused", failed, "")


def unknown_kind(manifest: Mapping[str, Any]) -> PlatformError:
    kind, api_version = manifest.get("kind"), manifest.get("apiVersion")
    return PlatformError(
        "kubernetes-unknown-kind",
        f'the API server serves no kind "{kind}" in "{api_version}", which "{m.object_id(manifest)}" is of',
        at="",
        hint="install its CustomResourceDefinition first, and let this resource depend on it",
    )


def _conflict(cause: Mapping[str, Any]) -> str:
    other = re.search(r'conflict with "([^"]+)"', str(cause.get("message", "")))
    return f'{cause.get("field", "")} (managed by "{other.group(1) if other else "somebody else"}")'

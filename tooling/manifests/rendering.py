"""The Kubernetes objects that an application's program would apply, without an engine and without a cluster.

The program runs against the outputs that its tenant's stack has published. The result has what Pulumi would send, less
Pulumi's own annotations, and never a secret.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from shared.dry_runs import DryRun, Registered, dry_run
from shared.dry_runs.computed import computed_outputs
from shared.environment_variables import ENVIRONMENT_SUFFIX, PLATFORM_ACCOUNT_ID
from shared.errors import BadInput, PlatformError, Refused
from tooling.runner.graph import StackId
from tooling.runner.project_files import stack_settings

Object = dict[str, Any]

PULUMI_ANNOTATIONS = "pulumi.com/"
"""Prefix of the annotations with which Pulumi keeps its own account on an object."""
_NEVER_OBJECTS = ("pulumi:", "platform:")
"""Providers, stack references and components: they send nothing to the cluster."""
_HELM = "kubernetes:helm.sh/"


def rendered_objects(
    stack: StackId, tenant_outputs: Mapping[str, Any] | None, record: Mapping[str, Any]
) -> list[Object]:
    """What the stack's program would apply, sorted by kind and name.

    Args:
        tenant_outputs: outputs of the tenant's stack; `None` if it is not deployed.
        record: the engine's record of the stack, which knows the names that Pulumi drew; empty if it is not deployed.

    Raises:
        Refused: `render-secret`.
        BadInput: `render-unsupported`, and what the program refuses.
        PlatformError: `program-failed`.
    """
    _refuse_secret_settings(stack)
    given = (PLATFORM_ACCOUNT_ID.name, ENVIRONMENT_SUFFIX.name)
    try:
        run = dry_run(
            stack.path,
            stack=stack.stack,
            upstream=lambda _: tenant_outputs,
            variables={name: os.environ[name] for name in given if name in os.environ},
        )
    except PlatformError:
        raise
    except Exception as error:
        raise PlatformError(
            "program-failed",
            f"{type(error).__name__}: {' '.join(str(error).split())}",
            at=f"{stack.directory}/__main__.py",
            hint=f"tiers preview applications --app {stack.project} --stack {stack.environment}",
        ) from error
    return objects_of(run, stack, record)


def objects_of(run: DryRun, stack: StackId, record: Mapping[str, Any]) -> list[Object]:
    """The objects that a run of the stack's program registered; as `rendered_objects`."""
    registered = [one for one in run.resources if not one.type.startswith(_NEVER_OBJECTS)]
    for one in registered:
        _refuse(one, stack)
    names = _names(registered, record, stack)
    objects = [_object(one, names) for one in registered]
    return sorted(objects, key=lambda one: (one["kind"], one["metadata"]["name"]))


def _refuse_secret_settings(stack: StackId) -> None:
    for key, value in stack_settings(stack.path, stack.stack).items():
        if isinstance(value, Mapping) and "secure" in value:
            raise _secret(stack, f"setting {key.rpartition(':')[2]} of {stack} is a secret, which YAML would show")


def _refuse(one: Registered, stack: StackId) -> None:
    kind = str(one.inputs.get("kind", ""))
    if kind == "Secret" or one.secrets:
        what = f"Secret {one.name}" if kind == "Secret" else f"{kind or one.type} {one.name} contains a secret"
        raise _secret(stack, f"{what} of {stack} would be in clear text in YAML")
    patch = one.type.endswith("Patch")
    if not one.type.startswith("kubernetes:") or one.type.startswith(_HELM) or not kind or patch:
        raise BadInput(
            "render-unsupported",
            f"{one.type} {one.name} of {stack} is no object that YAML can describe",
            at=f"{stack.directory}/__main__.py",
            hint="keep this application with Pulumi, or take that resource out of its program",
        )


def _secret(stack: StackId, what: str) -> Refused:
    return Refused(
        "render-secret",
        what,
        at=f"{stack.directory}/__main__.py",
        hint="store the value in AWS Secrets Manager, and refer to it with an ExternalSecret: docs/guides/secrets.md",
    )


def _names(registered: Sequence[Registered], record: Mapping[str, Any], stack: StackId) -> dict[str, str]:
    """The name that the run gave to an object without `metadata.name`, to the one that it has or shall have.

    A deployed object keeps its name as long as its content is the same. Otherwise the name ends with a hash of the
    content, so that a change gives another name, and what refers to it is replaced, as with Pulumi.
    """
    deployed = {_identity(one["urn"]): one for one in record.get("resources") or () if not one.get("delete")}
    names: dict[str, str] = {}
    for one in registered:
        if (one.inputs.get("metadata") or {}).get("name"):
            continue
        before = deployed.get(_identity(one.urn)) or {}
        live = ((before.get("outputs") or {}).get("metadata") or {}).get("name")
        name = live if live and _content(before.get("inputs") or {}) == _content(one.inputs) else _hashed(one)
        placeholder = _placeholder(one)
        if names.setdefault(placeholder, name) != name:
            raise BadInput(
                "render-unsupported",
                f"two objects of {stack} are registered as {one.name!r}, and neither has a name of its own",
                at=f"{stack.directory}/__main__.py",
                hint="set metadata.name of one of them",
            )
    return names


def _placeholder(one: Registered) -> str:
    """The name that the run gave to it in place of one that the engine draws."""
    return str(computed_outputs(one.type, one.name, {})["metadata"]["name"])


def _identity(urn: str) -> str:
    """Type and name with the type of the nearest parent: the run's URNs have no more of the parents."""
    *_, types, name = urn.split("::")
    nearest = types.removeprefix("pulumi:pulumi:Stack$").split("$")[-2:]
    return f"{'$'.join(nearest)}::{name}"


def _content(inputs: Mapping[str, Any]) -> str:
    return json.dumps(
        {key: value for key, value in inputs.items() if key not in ("metadata", "status")}, sort_keys=True
    )


def _hashed(one: Registered) -> str:
    return f"{one.name}-{hashlib.sha256(_content(one.inputs).encode()).hexdigest()[:8]}"


def _object(one: Registered, names: Mapping[str, str]) -> Object:
    found = _renamed(one.inputs, names)
    metadata = {"name": names.get(_placeholder(one), one.name), **found.get("metadata", {})}
    annotations = {
        key: value for key, value in metadata.pop("annotations", {}).items() if not key.startswith(PULUMI_ANNOTATIONS)
    }
    if annotations:
        metadata["annotations"] = annotations
    return {**found, "metadata": metadata}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value

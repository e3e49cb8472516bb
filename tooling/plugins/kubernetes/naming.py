"""Names that a program does not give: the object's, and its field manager's.

Where Pulumi's released plug-in draws eight hexadecimal digits, so does this: `<logical name>-<8 hex>`, the same for the
same random seed. A name once drawn stays: it is taken over from the old inputs.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from shared.errors import BadInput
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.provider.protocol import provider_pb2
from tooling.plugins.provider.wire import UNKNOWN

CREATING_FIELD_MANAGER = "pulumi-kubernetes"
"""Creates are requests of this manager, whatever manager updates the object later."""
FIELD_MANAGER_PREFIX = "pulumi-kubernetes-"
_HEX_DIGITS = 8

Options = provider_pb2.CheckRequest.AutonamingOptions


def with_name(
    inputs: Manifest, old_inputs: Mapping[str, Any], logical_name: str, seed: bytes, options: Options | None
) -> Manifest:
    """Gives a nameless object its name and the annotation that says so.

    Args:
        old_inputs: empty for a resource that does not exist yet.
        options: the engine's autonaming proposal, where the stack configures one.

    Raises:
        BadInput: `kubernetes-generate-name`, `kubernetes-name-missing`.
    """
    if inputs.get("metadata") == UNKNOWN or m.name(inputs):
        return inputs
    if m.metadata(inputs).get("generateName"):
        raise BadInput(
            "kubernetes-generate-name",
            "`metadata.generateName` is not supported with server-side apply",
            at="",
            hint="leave out `metadata.name` and `metadata.generateName`: the object is then named after the resource",
        )
    if m.is_annotated(old_inputs, m.AUTONAMED):
        return _autonamed(inputs, m.name(old_inputs))
    if options is not None and options.mode == Options.DISABLE:
        raise BadInput(
            "kubernetes-name-missing",
            "automatic naming is disabled by the stack's `pulumi:autonaming`, and `metadata.name` is not set",
            at="",
            hint="set `metadata.name`",
        )
    proposed = options.proposed_name if options is not None else ""
    return _autonamed(inputs, proposed or drawn(logical_name, seed))


def drawn(logical_name: str, seed: bytes) -> str:
    """A name for what has none."""
    return f"{logical_name}-{_digits(seed)}"


def field_manager(inputs: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """The annotation's, else the state's, else a new one."""
    chosen = m.annotation(inputs, m.PATCH_FIELD_MANAGER)
    return chosen or str(state.get(m.FIELD_MANAGER_KEY) or "") or FIELD_MANAGER_PREFIX + _digits(b"")


def field_manager_on(live: Mapping[str, Any]) -> str:
    """The one field manager of this plug-in that wrote `live`; empty if there is none, or more than one."""
    entries = m.metadata(live).get("managedFields") or []
    ours = {str(entry["manager"]) for entry in entries if str(entry.get("manager")).startswith(FIELD_MANAGER_PREFIX)}
    return ours.pop() if len(ours) == 1 else ""


def _autonamed(inputs: Manifest, name: str) -> Manifest:
    named = m.with_metadata(inputs, name=name)
    annotations = named["metadata"].get("annotations") or {}
    if annotations == UNKNOWN:
        return named  # nothing can be added to what is not known yet; the real run does it
    return m.with_metadata(named, annotations={**annotations, m.AUTONAMED: "true"})


def _digits(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()[:_HEX_DIGITS] if seed else secrets.token_hex(_HEX_DIGITS // 2)

"""Keeps a Secret's data out of plain state, whatever the program marked.

The SDK for Python marks `data` and `stringData` itself; an import, a custom program or another language may not. The
engine accepts values marked here although this plug-in never receives marked ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from tooling.plugins.kubernetes.manifest import Manifest

SECRET_MEMBERS = ("data", "stringData")


def marked(values: Mapping[str, Any]) -> Manifest:
    """Inputs or outputs as they go to the engine: the data of a core/v1 Secret carries Pulumi's mark."""
    if values.get("kind") != "Secret" or values.get("apiVersion") not in ("v1", "core/v1"):
        return dict(values)
    return {key: _mark(value) if key in SECRET_MEMBERS else value for key, value in values.items()}


def _mark(value: Any) -> dict[str, Any]:
    return {_special_sig_key: _special_secret_sig, "value": value}

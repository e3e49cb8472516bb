"""A Secret's data: kept out of plain state, whatever the program marked, and written in one form.

The SDK for Python marks `data` and `stringData` itself; an import, a custom program or another language may not. The
engine accepts values marked here although this plug-in never receives marked ones.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from shared.engine_marks import secret
from tooling.plugins.kubernetes.manifest import INPUTS_KEY, Manifest

SECRET_MEMBERS = ("data", "stringData")


def encoded(manifest: Manifest) -> Manifest:
    """A Secret's `stringData` as `data`, which is what the API server makes of it.

    It never shows `stringData` again, and a field manager that applied `stringData` does not own what came of it, so
    that a key which is removed later would stay.
    """
    if not _is_secret(manifest) or not isinstance(manifest.get("stringData"), dict):
        return manifest
    plain = {key: base64.b64encode(str(value).encode()).decode() for key, value in manifest["stringData"].items()}
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    return {**rest, "data": {**(manifest.get("data") or {}), **plain}}


def marked(values: Mapping[str, Any]) -> Manifest:
    """Inputs or outputs as they go to the engine: the data of a core/v1 Secret carries Pulumi's mark."""
    if not _is_secret(values):
        return dict(values)
    marked_here = {key: secret(value) if key in SECRET_MEMBERS else value for key, value in values.items()}
    inputs = values.get(INPUTS_KEY)
    return {**marked_here, INPUTS_KEY: marked(inputs)} if isinstance(inputs, dict) else marked_here


def _is_secret(values: Mapping[str, Any]) -> bool:
    return values.get("kind") == "Secret" and values.get("apiVersion") in ("v1", "core/v1")

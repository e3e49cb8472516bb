"""Writes tenants' files: a new one, and the state of an existing one, with everything else as its author wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from shared import catalog
from shared.errors import BadInput, PlatformError
from shared.naming import require_dns_label
from shared.yaml_files import read_document
from tooling.generated.tenant_schema import LANGUAGE_SERVER_LINE
from tooling.whole_files import write_whole


def new_tenant(
    name: str, *, owner: str, hosts: Sequence[str] = (), size: str = "", environments: Sequence[str] = ()
) -> Path:
    """Writes the file of a new tenant, with the keys that were given.

    Raises:
        BadInput: `name-invalid`, `tenant-exists`; else as `load_tenant`, and then nothing was written.
    """
    require_dns_label(name, what="tenant", at="NAME")
    path = catalog.DIRECTORY / f"{name}.yaml"
    if path.exists():
        raise BadInput(
            "tenant-exists",
            f"there is a tenant {name!r} already",
            at=f"tenants/catalog/{name}.yaml",
            hint=f"choose another name, or see the file: tiers tenant show {name}",
        )
    keys = {"owner": owner, "hosts": list(hosts), "size": size, "environments": list(environments)}
    text = "".join(f"{key}: {_inline(value)}\n" for key, value in keys.items() if value)
    _write_valid(path, f"{LANGUAGE_SERVER_LINE}\n{text}", before=None)
    return path


def _inline(value: object) -> str:
    """On one line, in quotes only where YAML would read something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000)
    return text.removesuffix("...\n").strip()


def set_state(name: str, state: str) -> Path | None:
    """Sets `state` in the tenant's file, for all its environments.

    Returns:
        The file; `None` if it has this state already.

    Raises:
        BadInput: `state-by-environment`; else as `load_tenant`.
    """
    tenants = catalog.read_catalog()
    if name not in tenants:
        catalog.load_tenant(name, "")
    file, path = tenants[name], catalog.DIRECTORY / f"{name}.yaml"
    if all(variant.state == state for variant in file.variants.values()):
        return None
    where = f"tenants/catalog/{name}.yaml"
    _, source = read_document(path, at=where, code="tenant-invalid")
    for key, mark in source.marks.items():
        if key[:1] == ("environments",) and key[-1:] == ("state",):
            raise BadInput(
                "state-by-environment",
                f"{name} has a state of its own in {key[1]}",
                at=f"{where}, {'.'.join(map(str, key))}, {mark}",
                hint=f"edit {where}: which environments shall be {state}?",
            )
    text = path.read_text(encoding="utf-8")
    mark = source.marks.get(("state",))
    if mark is None:
        changed = f"{text.rstrip()}\nstate: {state}\n"
    else:
        lines = text.splitlines(keepends=True)
        lines[mark.line - 1] = re.sub(r"(\bstate:\s*)[a-z]+", rf"\g<1>{state}", lines[mark.line - 1], count=1)
        changed = "".join(lines)
    _write_valid(path, changed, before=text)
    return path


def _write_valid(path: Path, text: str, *, before: str | None) -> None:
    """Writes the file, and takes it back if the catalog is invalid with it."""
    write_whole(path, text)
    try:
        file = catalog.read_catalog()[path.stem]
        for environment in file.environments:
            catalog.load_tenant(path.stem, environment)
    except PlatformError:
        if before is None:
            path.unlink()
        else:
            write_whole(path, before)
        raise

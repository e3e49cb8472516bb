"""Applications whose objects are YAML: `applications/<name>/base` and one overlay for each environment.

What the files may contain is checked here, where file and line are known. Remote resources, charts and generators of
kustomize are refused: what an overlay makes must not depend on a network or on another program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.dry_runs import load_module
from shared.environment import environment_names
from shared.errors import BadInput, nearest
from tooling.applications.lookup import application_names, applications_tier
from tooling.paths import REPOSITORY

KUSTOMIZATION = "kustomization.yaml"
_KEYS = {"apiVersion", "kind", "resources", "namespace", "labels", "images", "configMapGenerator", "patches"}
"""Of a kustomization. Not `replicas`, which an autoscaler would fight, and not `secretGenerator`."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """An application in one environment."""

    application: str
    environment: str
    directory: Path

    def __str__(self) -> str:
        return f"{self.application}/{self.environment}"

    @property
    def path(self) -> str:
        """In the repository."""
        return shown(self.directory)


def manifest_applications() -> list[str]:
    """Every application of the repository that has overlays and no program, in alphabetical order."""
    root = REPOSITORY / applications_tier().directory
    return sorted(path.parent.name for path in root.glob("*/overlays") if not (path.parent / "Pulumi.yaml").exists())


def overlay_of(name: str, environment: str) -> Overlay:
    """Raises:
    BadInput: `application-unknown`, `environment-unknown`, `overlay-missing`, `overlay-of-no-environment`.
    """
    known = manifest_applications()
    if name not in known:
        other = name in application_names()
        raise BadInput(
            "application-unknown",
            f"{name} is deployed by Pulumi" if other else f"no application {name!r} has overlays{nearest(name, known)}",
            at=f"{applications_tier().directory}/",
            hint=f"tiers up applications --app {name} --stack {environment}"
            if other
            else f"use one of: {', '.join(known)}",
        )
    environments = environment_names()
    if environment not in environments:
        raise BadInput(
            "environment-unknown",
            f"there is no environment {environment!r}{nearest(environment, environments)}",
            at="--stack",
            hint=f"use one of: {', '.join(environments)}",
        )
    root = REPOSITORY / applications_tier().directory / name / "overlays"
    found = {path.name: path for path in sorted(root.iterdir()) if path.is_dir()}
    for directory in found.values():
        _environment_of(directory)
    if environment not in found:
        raise BadInput(
            "overlay-missing",
            f"{name} has no overlay for {environment}",
            at=shown(root),
            hint=f"use one of: {', '.join(found)}; or add {shown(root / environment)}/{KUSTOMIZATION}",
        )
    return Overlay(application=name, environment=environment, directory=found[environment])


def overlays() -> list[Overlay]:
    """Every overlay of every application that has some.

    Raises:
        BadInput: `overlay-of-no-environment`.
    """
    root = REPOSITORY / applications_tier().directory
    found = []
    for name in manifest_applications():
        directories = sorted(path for path in (root / name / "overlays").iterdir() if path.is_dir())
        found += [overlay_of(name, _environment_of(path)) for path in directories]
    return found


def _environment_of(directory: Path) -> str:
    known = environment_names()
    if directory.name not in known:
        raise BadInput(
            "overlay-of-no-environment",
            f"overlay {directory.name!r} is of no environment{nearest(directory.name, known)}",
            at=shown(directory),
            hint=f"rename it to one of: {', '.join(known)}; or remove it",
        )
    return directory.name


def namespace_of(overlay: Overlay) -> str:
    """The `namespace` of the overlay's kustomization; empty if it sets none."""
    file = overlay.directory / KUSTOMIZATION
    return next((str(document.get("namespace", "")) for document, _ in _documents(file)), "") if file.is_file() else ""


def check_source(overlay: Overlay) -> None:
    """Refuses what the files of an overlay and its base may not contain.

    Raises:
        BadInput: `kustomization-invalid`, `manifest-invalid`, `manifest-kind`, `manifest-secret`.
    """
    _check_directory(overlay.directory, overlay.directory.parents[1], set())


def _check_directory(directory: Path, root: Path, seen: set[Path]) -> None:
    if directory in seen:
        return
    seen.add(directory)
    file = directory / KUSTOMIZATION
    if not file.is_file():
        raise BadInput(
            "kustomization-invalid",
            f"{shown(directory)} has no {KUSTOMIZATION}",
            at=shown(directory),
            hint=f"add {shown(file)}",
        )
    (kustomization, _), *more = list(_documents(file)) or [({}, {})]
    if more:
        raise _invalid(file, 1, "has more than one document", "keep one")
    lines = _key_lines(file)
    for key in kustomization:
        if key not in _KEYS:
            what = f"has `{key}`, which is not supported here{nearest(key, _KEYS)}"
            raise _invalid(file, lines.get(key, 1), what, "remove it from")
    for entry in kustomization.get("resources") or []:
        path = (directory / str(entry)).resolve()
        line = lines.get(f"resources/{entry}", lines.get("resources", 1))
        if "://" in str(entry) or not path.is_relative_to(root.resolve()) or not path.exists():
            raise _invalid(file, line, f"names {entry!r}, which is no file or directory of {shown(root)}", "correct")
        if path.is_dir():
            _check_directory(path, root, seen)
        else:
            _check_objects(path)


def _check_objects(file: Path) -> None:
    for document, lines in _documents(file):
        kind, line = str(document.get("kind", "")), lines.get("kind", lines.get("", 1))
        place = f"{shown(file)}, line {line}"
        group = str(document.get("apiVersion", "")).rpartition("/")[0]
        if kind == "Secret":
            raise BadInput(
                "manifest-secret",
                "a Secret in a file would be in clear text in git",
                at=place,
                hint="refer to AWS Secrets Manager with an ExternalSecret: docs/guides/secrets.md",
            )
        if not _may_have(group, kind):
            kinds = sorted({resource for _, resource in writable()} - {"secrets"})
            raise BadInput(
                "manifest-kind",
                f"tenants may not have objects of kind {kind or 'none'}"
                f"{f' of {group}' if group else ''}{nearest(f'{kind.lower()}s', kinds)}",
                at=place,
                hint=f"use one of: {', '.join(kinds)}",
            )


def _may_have(group: str, kind: str) -> bool:
    """Names of resources are the plurals of their kinds; there are two forms among those that tenants may have."""
    return any((group, f"{kind.lower()}{ending}") in writable() for ending in ("s", "es"))


@cache
def writable() -> frozenset[tuple[str, str]]:
    """API group and resource of everything that the Role of a tenant's deployers lets it create."""
    rules = load_module(REPOSITORY / "tenants", "deployers").RULES
    return frozenset(
        (group, resource) for group, resources, verbs in rules if "create" in verbs for resource in resources
    )


def _documents(file: Path) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
    """Each mapping of a file, with the lines of its keys; the key "" is the document's own."""
    try:
        text = file.read_text(encoding="utf-8")
        nodes = [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]
        documents = [document for document in yaml.load_all(text, Loader=_LOADER) if document is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise BadInput(
            "manifest-invalid",
            f"{shown(file)} is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}",
            at=f"{shown(file)}, line {line}",
            hint=f"edit {shown(file)}",
        ) from error
    for node, document in zip(nodes, documents, strict=True):
        if not isinstance(document, Mapping):
            raise _manifest(file, node.start_mark.line + 1, "is no mapping of keys to values")
        lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
        yield dict(document), {"": node.start_mark.line + 1, **lines}


def _key_lines(file: Path) -> dict[str, int]:
    """Lines of a kustomization's keys, and of its resources as `resources/<entry>`."""
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_LOADER)
    found: dict[str, int] = {}
    for key, value in node.value if node is not None else ():
        found[key.value] = key.start_mark.line + 1
        if key.value == "resources" and isinstance(value, yaml.SequenceNode):
            found |= {f"resources/{item.value}": item.start_mark.line + 1 for item in value.value}
    return found


def _manifest(file: Path, line: int, what: str) -> BadInput:
    return BadInput(
        "manifest-invalid", f"{shown(file)} {what}", at=f"{shown(file)}, line {line}", hint=f"edit {shown(file)}"
    )


def _invalid(file: Path, line: int, what: str, hint: str) -> BadInput:
    return BadInput(
        "kustomization-invalid",
        f"{shown(file)} {what}",
        at=f"{shown(file)}, line {line}",
        hint=f"{hint} {shown(file)}",
    )


def shown(path: Path) -> str:
    """Relative to the repository."""
    return path.relative_to(REPOSITORY).as_posix() if path.is_relative_to(REPOSITORY) else str(path)

"""`tiers render`: an application's objects in one environment, added to a directory of base and overlays."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BadInput
from tooling.applications.lookup import tenant_stack_of
from tooling.manifests.argo_cd import application
from tooling.manifests.layers import HEADER, layered
from tooling.manifests.output import rendered_before, replace_directory
from tooling.manifests.rendering import Object, rendered_objects
from tooling.manifests.text import yaml_text
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId


@dataclass(frozen=True, kw_only=True)
class Rendered:
    environments: list[str]
    """All that the directory has now."""
    objects: list[Object]
    """Of the environment that was rendered."""
    files: list[str]


def render(engine: Engine, stack: StackId, out: Path, *, repository: str, revision: str) -> Rendered:
    """Renders the stack into `out`.

    Args:
        repository: URL of the git repository that Argo CD reads; empty: the remote `origin` of that of `out`.

    Raises:
        Refused: `directory-taken`, `render-secret`.
        BadInput: `render-unsupported`, `repository-url-missing`, `kustomize-failed`, and what the program refuses.
    """
    environments = rendered_before(out)
    root, url = _git_repository(out)
    if not (repository or url):
        raise BadInput(
            "repository-url-missing",
            f"{out} is in no git repository with a remote origin, and Argo CD needs the address of one",
            at="--repository",
            hint="--repository https://github.com/OWNER/NAME.git",
        )
    tenant = tenant_stack_of(stack)
    outputs = engine.outputs(tenant) if engine.exists(tenant) else None
    record = engine.record(stack) if engine.exists(stack) else {}
    objects = rendered_objects(stack, outputs, record)
    environments[stack.environment] = objects
    files = layered(environments)
    prefix = out.resolve().relative_to(root).as_posix() if root else "."
    for name, rendered in environments.items():
        manifest = application(
            name=stack.project,
            tenant=stack.tenant,
            namespace=str(rendered[0]["metadata"]["namespace"]),
            repository=repository or url,
            revision=revision,
            path=f"{prefix}/overlays/{name}".removeprefix("./"),
        )
        files[f"argo-cd/{name}.yaml"] = HEADER + yaml_text(manifest)
    replace_directory(out, files)
    return Rendered(environments=sorted(environments), objects=objects, files=sorted(files))


def _git_repository(directory: Path) -> tuple[Path | None, str]:
    """Root and remote `origin` of the git repository that a directory is in, or will be in."""
    existing = next(path for path in (directory.resolve(), *directory.resolve().parents) if path.is_dir())
    root = _git(existing, "rev-parse", "--show-toplevel")
    return (Path(root), _git(existing, "config", "--get", "remote.origin.url")) if root else (None, "")


def _git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""

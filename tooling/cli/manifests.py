"""`tiers render`: applications as YAML; `tooling.manifests` implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tooling.cli.console import messages, print_document
from tooling.cli.options import Json, Stack


def render(
    name: Annotated[str, typer.Argument(metavar="APP", help="Name of the application.", show_default=False)],
    stack: Stack,
    out: Annotated[
        Path, typer.Option("--out", help="Directory to write to; the environments that it has already are kept.")
    ],
    repository: Annotated[
        str, typer.Option("--repository", help="URL of the git repository for Argo CD; default: the remote origin.")
    ] = "",
    revision: Annotated[str, typer.Option("--revision", help="Branch or tag that Argo CD follows.")] = "main",
    as_json: Json = False,
) -> None:
    """Write an application's objects as YAML: a kustomize base, an overlay per environment, an Argo CD Application."""
    from tooling.applications.lookup import application_stack
    from tooling.manifests.render import render as render_stack
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        done = render_stack(engine, one, out, repository=repository, revision=revision)
    if as_json:
        print_document(
            {"application": name, "environment": stack, "environments": done.environments, "files": done.files}
        )
        return
    messages().print(
        f"{out}: {len(done.objects)} objects of {one}; environments: {', '.join(done.environments)}\n\n"
        f"Try next:\n  kubectl diff --server-side -k {out}/overlays/{stack}",
        markup=False,
        soft_wrap=True,
    )

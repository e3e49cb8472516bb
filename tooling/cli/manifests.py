"""`tiers render` and `tiers manifests`: applications as YAML; `tooling.manifests` implements them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tooling.cli.console import messages, print_document, results
from tooling.cli.options import Json, Stack, Yes

if TYPE_CHECKING:
    from tooling.manifests.deploying import Target

app = typer.Typer(help="Deploy applications whose objects are YAML in git.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="APP", help="Name of the application.", show_default=False)]


def render(
    name: Name,
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


@app.command()
def check(as_json: Json = False) -> None:
    """Check every overlay of every application, without a cluster: files, kinds, fields, namespaces."""
    from tooling.manifests.objects import objects_of_overlay, tenant_of
    from tooling.manifests.source import overlays

    rows = []
    for one in overlays():
        objects = objects_of_overlay(one)
        rows.append({"overlay": str(one), "tenant": tenant_of(one, objects), "objects": len(objects)})
    if as_json:
        print_document({"overlays": rows})
        return
    for row in rows:
        results().print(f"{row['overlay']}  {row['tenant']}  {row['objects']} objects", markup=False, soft_wrap=True)


@app.command()
def diff(name: Name, stack: Stack, as_json: Json = False) -> None:
    """Show what apply would change in the cluster."""
    from tooling.manifests.deploying import difference, refuse_objects_of_other_tools, target_of
    from tooling.manifests.source import overlay_of
    from tooling.runner.engine import open_engine

    overlay = overlay_of(name, stack)
    with open_engine(stack) as engine, target_of(engine, overlay) as target:
        refuse_objects_of_other_tools(target)
        found = difference(target)
    if as_json:
        print_document({"application": name, "environment": stack, "changed": bool(found), "diff": found})
    else:
        sys.stdout.write(found or f"nothing would change in {overlay}\n")


@app.command()
def apply(
    name: Name,
    stack: Stack,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Let the API server check everything, and store nothing.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show the difference, ask, apply it as the tenant's deployer, and wait for the pods."""
    from tooling.manifests import deploying
    from tooling.manifests.source import overlay_of
    from tooling.runner.engine import open_engine

    overlay = overlay_of(name, stack)
    if not dry_run:
        _require_answer(["apply", name], stack, yes=yes)
    with open_engine(stack) as engine, deploying.target_of(engine, overlay) as target:
        if dry_run:
            said = deploying.apply(target, dry_run=True)
            _report(target, said, as_json=as_json, dry_run=True)
            return
        deploying.refuse_objects_of_other_tools(target)
        found = deploying.difference(target)
        if not as_json:
            messages().print(found or f"nothing would change in {overlay}", markup=False, soft_wrap=True)
        if found and not yes:
            typer.confirm(f"apply this to {overlay}?", abort=True, err=True)
        said = deploying.apply(target)
        deploying.wait(target)
        removed = deploying.remove_unused_config_maps(target)
        _report(
            target, [*said, *(f"configmap/{each} deleted: nothing refers to it" for each in removed)], as_json=as_json
        )


@app.command()
def undo(name: Name, stack: Stack, yes: Yes = False, as_json: Json = False) -> None:
    """Return to the revision before, with its image and configuration; the files keep the newer one."""
    from tooling.manifests import deploying
    from tooling.manifests.source import overlay_of
    from tooling.runner.engine import open_engine

    overlay = overlay_of(name, stack)
    _require_answer(["undo", name], stack, yes=yes)
    with open_engine(stack) as engine, deploying.target_of(engine, overlay) as target:
        if not yes:
            typer.confirm(f"return {overlay} to the revision before?", abort=True, err=True)
        said = deploying.undo(target)
        deploying.wait(target)
        _report(target, said, as_json=as_json)
    if not as_json:
        messages().print("revert the change in git too: the next apply would bring it back", soft_wrap=True)


@app.command()
def delete(name: Name, stack: Stack, yes: Yes = False, as_json: Json = False) -> None:
    """Delete the application's objects from the cluster; the files stay."""
    from tooling.manifests import deploying
    from tooling.manifests.source import overlay_of
    from tooling.runner.engine import open_engine

    overlay = overlay_of(name, stack)
    _require_answer(["delete", name], stack, yes=yes)
    with open_engine(stack) as engine, deploying.target_of(engine, overlay) as target:
        deploying.refuse_objects_of_other_tools(target)
        if not yes:
            typer.confirm(f"delete {len(target.objects)} objects of {overlay}?", abort=True, err=True)
        _report(target, deploying.delete(target), as_json=as_json, gone=True)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="APP...", help="Applications.", show_default=False)],
    stack: Stack,
    as_json: Json = False,
) -> None:
    """Ask several applications the same questions, whoever deployed them; exit with 1 if they answer differently."""
    from dataclasses import asdict

    from rich.table import Table

    from shared.errors import PlatformError
    from tooling.manifests.comparison import PATHS, answers_of, differing
    from tooling.runner.engine import open_engine

    with open_engine(stack) as engine:
        found = [answers_of(engine, name, stack) for name in names]
    if as_json:
        print_document({"environment": stack, "services": [asdict(one) for one in found]})
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("application", "deployed by", "address", *PATHS):
            table.add_column(column, overflow="fold")
        for one in found:
            table.add_row(one.name, one.deployed_by, one.url, *one.answers)
        results().print(table)
    others = differing(found)
    if others and not as_json:
        raise PlatformError(
            "services-differ",
            f"{', '.join(others)} do not answer as {found[0].name} does",
            at=f"--stack {stack}",
            hint="deploy the same image and the same configuration to all of them",
        )
    if others:
        raise typer.Exit(1)


def _require_answer(words: list[str], stack: str, *, yes: bool) -> None:
    """Refuses early if a confirmation is needed and nobody can be asked.

    Raises:
        Refused: `confirmation-missing`.
    """
    from shared.errors import Refused

    if not yes and not sys.stdin.isatty():
        raise Refused(
            "confirmation-missing",
            f"a change of {words[1]}/{stack} needs a confirmation, and there is no terminal to ask on",
            at=f"--stack {stack}",
            hint=f"{shlex.join(['tiers', 'manifests', *words, '--stack', stack])} --yes",
        )


def _report(target: Target, said: list[str], *, as_json: bool, dry_run: bool = False, gone: bool = False) -> None:
    from tooling.manifests.objects import hosts_of

    urls = [f"http://{host}/" for host in hosts_of(target.objects)]
    if as_json:
        overlay = target.overlay
        print_document(
            {
                "application": overlay.application,
                "environment": overlay.environment,
                "dry_run": dry_run,
                "objects": said,
                "urls": urls,
            }
        )
        return
    for line in [*said, *([] if dry_run or gone else urls)]:
        messages().print(line, markup=False, soft_wrap=True)

"""`tiers`: the sub-commands, and how every error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import typer
import typer.exceptions

from shared.errors import BadInput, ExitCode, PlatformError
from tooling.cli import (
    application,
    audit,
    contract,
    cost,
    explain,
    guide,
    local,
    manifests,
    operations,
    queries,
    tenant,
    upgrade_check,
)
from tooling.cli.console import messages, print_document
from tooling.paths import cache_directory
from tooling.system_errors import from_os_error

app = typer.Typer(
    name="tiers",
    help="Deploy and inspect the platform's stacks in the order of their tiers, locally or in AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(operations.up)
app.command("preview")(operations.preview)
app.command("destroy")(operations.destroy)
app.command("refresh")(operations.refresh)
app.command("status")(queries.status)
app.command("outputs")(queries.outputs)
app.command("kubeconfig")(queries.kubeconfig)
app.command("env")(queries.env)
app.command("graph")(queries.graph)
app.command("audit")(audit.audit)
app.command("explain-access")(explain.explain_access)
app.command("cost")(cost.cost)
app.command("upgrade-check")(upgrade_check.upgrade_check)
app.command("render")(manifests.render)
app.command("open")(application.open_application)
app.add_typer(application.app, name="app")
app.add_typer(local.app, name="local")
app.add_typer(tenant.app, name="tenant")
app.add_typer(manifests.app, name="manifests")
app.add_typer(contract.app, name="contract")
app.add_typer(guide.app, name="guide")


def main() -> None:
    """Entry point. Never returns, and never shows a traceback for an error that the user can fix."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    wants_json = "--json" in arguments
    try:
        # Not `main`, which turns a closed pipe into a failure before it can be handled here.
        command = typer.main.get_command(app)
        with command.make_context("tiers", arguments or ["--help"]) as context:
            command.invoke(context)
        sys.stdout.flush()
        return ExitCode.DONE
    except PlatformError as error:
        return _report_error(error, wants_json=wants_json)
    except typer.Abort:
        messages().print("aborted")
        return ExitCode.INTERRUPTED
    except typer.Exit as ended:
        return ended.exit_code
    except typer.exceptions.TyperException as error:
        return _wrong_usage(error, wants_json=wants_json)
    except KeyboardInterrupt:
        messages().print("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe, which is not a failure. Python would report it again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        return _report_error(from_os_error(error), wants_json=wants_json)
    except Exception as error:
        return _report_error(_unexpected(error), wants_json=wants_json)


def _report_error(error: PlatformError, *, wants_json: bool) -> int:
    if wants_json:
        print_document({"error": error.document()})
    else:
        messages().print(str(error), markup=False, soft_wrap=True)
    return error.exit_code


def _unexpected(error: Exception) -> PlatformError:
    """A bug in the platform or a fault of this machine: one message, and the traceback in a file for the maintainer."""
    log = cache_directory() / "tiers.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        hint = f"see the traceback at the end of {log}"
    except OSError:
        hint = "free some space, or check who may write to your cache directory"
    (*_, frame) = traceback.extract_tb(error.__traceback__)
    message = " ".join(str(error).split())
    return PlatformError(
        "unexpected", f"{type(error).__name__}: {message}", at=f"{frame.filename}:{frame.lineno}", hint=hint
    )


def _wrong_usage(error: typer.exceptions.TyperException, *, wants_json: bool) -> int:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "tiers"
    if message.startswith("Usage:") and not wants_json:
        # A group without a sub-command: its help is the answer.
        messages().print(error.format_message(), markup=False, soft_wrap=True)
        return ExitCode.BAD_INPUT
    return _report_error(BadInput("usage", message, at=command, hint=f"{command} --help"), wants_json=wants_json)

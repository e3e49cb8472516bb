"""`tiers`: its sub-commands, and how every error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys

import typer
import typer.exceptions

from shared.errors import ExitCode, PlatformError
from tooling.cli import local, operations, queries
from tooling.cli.console import messages, print_document

app = typer.Typer(
    name="tiers",
    help="Runs the platform's stacks in the order of their tiers, locally or against AWS.",
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
app.command("graph")(queries.graph)
app.command("audit")(queries.audit)
app.add_typer(local.app, name="local")


def main() -> None:
    """Entry point. Never returns and never shows a traceback for what a person can mend."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    wants_json = "--json" in arguments
    try:
        # Not `main`, which turns a closed pipe into a failure before we see it.
        command = typer.main.get_command(app)
        with command.make_context("tiers", arguments or ["--help"]) as context:
            command.invoke(context)
        sys.stdout.flush()
        return ExitCode.DONE
    except PlatformError as error:
        if wants_json:
            print_document({"error": {"code": error.code, "what": error.what, "at": error.where, "mend": error.mend}})
        else:
            messages().print(str(error), markup=False, soft_wrap=True)
        return error.exit_code
    except typer.Abort:
        messages().print("aborted")
        return ExitCode.INTERRUPTED
    except typer.Exit as ended:
        return ended.exit_code
    except typer.exceptions.TyperException as error:
        return _wrong_usage(error.format_message(), wants_json=wants_json)
    except KeyboardInterrupt:
        messages().print("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has left: an ending, not a failure. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE


def _wrong_usage(message: str, *, wants_json: bool) -> int:
    if wants_json:
        print_document({"error": {"code": "usage", "what": message, "at": "", "mend": "tiers --help"}})
    elif message.startswith("Usage:"):
        # A group without a sub-command: its help is the answer.
        messages().print(message, markup=False, soft_wrap=True)
    else:
        messages().print(f"error[usage]: {message.rstrip('.')}\nhint: tiers --help", markup=False, soft_wrap=True)
    return ExitCode.BAD_INPUT

"""`python -m tooling.images.publish`: publishes the image of an application, and makes a stack deploy it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shared.errors import PlatformError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

App = Annotated[str, typer.Option("--app", help="Application.")]
Stack = Annotated[str, typer.Option("--stack", help="Environment.")]


@app.command()
def image(application: App, stack: Stack) -> None:
    """Build or find the image of the application's service, tag it, and print its digest."""
    from tooling.applications.lookup import application_stack
    from tooling.images.publishing import publish
    from tooling.workflows.github_api import append_to

    published = publish(application_stack(application, stack), say=say)
    say(f"{published.how}: {published.url}, tags {', '.join(published.tags)}")
    append_to("GITHUB_OUTPUT", f"digest={published.digest}\n")
    sys.stdout.write(f"{published.digest}\n")


@app.command()
def select(application: App, stack: Stack, digest: Annotated[str, typer.Option("--digest")]) -> None:
    """Set the image that the following deployment uses, in this clone's stack file."""
    from tooling.applications.lookup import application_stack
    from tooling.images.selection import select_image

    say(f"{select_image(application_stack(application, stack), digest)} now names {digest}")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    try:
        app(standalone_mode=True)
    except PlatformError as error:
        say(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

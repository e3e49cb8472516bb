"""The lane's own PULUMI_HOME, where the engine finds the lane's plug-ins and never the user's.

A plug-in lies as `pulumi plugin install --file` leaves it: a directory named after kind, name and version, holding the
program, and a lock file beside it. The version must be the SDK's, since programs ask for exactly that one. The user's
`~/.pulumi` is neither read nor written.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from tooling.paths import REPOSITORY

PLUGINS = {"aws": "pulumi-aws", "eks": "pulumi-eks", "kubernetes": "pulumi-kubernetes"}
"""Pulumi package, and the Python distribution whose version its plug-in must have."""


def write_pulumi_home(home: Path) -> None:
    """Writes missing or outdated files, e.g. after the Python environment was created elsewhere."""
    _disable_automatic_logs(home / "logs")
    for name, distribution in PLUGINS.items():
        directory = home / "plugins" / f"resource-{name}-v{version(distribution)}"
        directory.mkdir(parents=True, exist_ok=True)
        directory.with_name(f"{directory.name}.lock").touch()
        program = directory / f"pulumi-resource-{name}"
        script = plugin_script(name)
        if not program.exists() or program.read_text() != script:
            unfinished = program.with_suffix(".new")
            unfinished.write_text(script)
            unfinished.chmod(0o700)
            unfinished.replace(program)


def _disable_automatic_logs(logs: Path) -> None:
    """Prevents the engine's debug log of each command, which no option turns off: a quarter of its CPU time and up to a
    megabyte per operation. It goes without where it cannot make the directory.

    Source: github.com/pulumi/pulumi/pkg/v3 cmd/pulumi/pulumi.go, `backendlogging.StartLogging`.
    """
    if logs.is_dir():
        shutil.rmtree(logs)
    if not logs.exists():
        logs.parent.mkdir(parents=True, exist_ok=True)
        logs.write_text("No automatic logs on the local lane; for a log on stderr: pulumi --logtostderr --verbose 9\n")


def plugin_script(name: str) -> str:
    """The script that the engine starts for package `name`: runs this interpreter, whatever the PATH."""
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(REPOSITORY))} "
        f'exec {shlex.quote(sys.executable)} -m tooling.plugins.{name} "$@"\n'
    )

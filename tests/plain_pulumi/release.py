"""A Pulumi CLI as a release unpacks it: the engine, its Python language host and the host's script in one directory.

Where a released language host is on PATH, that is the directory it is in. Elsewhere the directory is made of the lane's
engine, the test suite's language host (`tooling/binaries/language-host/main.go` says what is the released one's in it)
and the script from Pulumi's Go SDK.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tooling.lane.binaries import binary, ensure
from tooling.lane.program_table import MODULES
from tooling.lane.progress import progress_on

HOST = "pulumi-language-python"
SCRIPT = "pulumi-language-python-exec"


def released_directory() -> Path | None:
    """The directory of the released CLI on PATH, None where there is none with a language host."""
    host = shutil.which(HOST)
    directory = Path(host).resolve().parent if host else None
    return directory if directory is not None and (directory / "pulumi").exists() else None


def assembled_directory(directory: Path) -> Path:
    """Makes such a directory in `directory`."""
    ensure(progress_on(), ["pulumi", HOST])
    directory.mkdir(parents=True)
    for name in ("pulumi", HOST):
        # Not a link by name: the engine looks for its language hosts beside the file that it really is.
        _link_or_copy(binary(name), directory / name)
    script = _sdk() / "python" / "cmd" / SCRIPT
    shutil.copyfile(script, directory / SCRIPT)
    (directory / SCRIPT).chmod(0o755)
    return directory


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copy2(source.resolve(), target)


def _sdk() -> Path:
    """The sources of Pulumi's Go SDK that the language host was built from."""
    listed = subprocess.run(
        ["go", "list", "-mod=mod", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"],
        cwd=MODULES["language-host"].directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(listed.stdout.strip())

"""What Pulumi's Python language host asks of the environment, command by command.

The commands are those of the SDK's package `toolchain` (pip) and of the host that calls it: before every program it
lists the packages and asks for the version, then it checks the types, then it runs the program. `pulumi about` asks the
rest.
"""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.lane.environments import washed
from tooling.paths import REPOSITORY
from tooling.runner.graph import environment_graph

pytestmark = pytest.mark.process

PROJECTS = sorted({stack.path for stack in environment_graph("local")})
PROJECT_FILES = [*(project / "Pulumi.yaml" for project in PROJECTS), REPOSITORY / "shared/policies/PulumiPolicy.yaml"]
each_file = pytest.mark.parametrize(
    "file", PROJECT_FILES, ids=[str(file.relative_to(REPOSITORY)) for file in PROJECT_FILES]
)


def options(file: Path) -> dict[str, Any]:
    runtime = yaml.safe_load(file.read_text(encoding="utf-8"))["runtime"]
    assert runtime["name"] == "python"
    return runtime["options"]


def ask(file: Path, *arguments: str) -> str:
    """As the host calls the environment: activated, from the project's directory."""
    environment = (file.parent / options(file)["virtualenv"]).resolve()
    variables = {**washed(), "VIRTUAL_ENV": str(environment)}
    variables["PATH"] = f"{environment / 'bin'}:{variables['PATH']}"
    answer = subprocess.run(
        [str(environment / "bin" / "python"), *arguments],
        cwd=file.parent,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, f"python {' '.join(arguments)}: {answer.stdout}{answer.stderr}"
    return answer.stdout


@each_file
def test_the_environment_lists_its_packages(file: Path) -> None:
    assert options(file)["toolchain"] == "pip"
    for arguments in (["--format", "json"], ["-v", "--format", "json"], ["--format", "json", "--not-required"]):
        listed = {
            one["name"].replace("_", "-").lower(): one for one in json.loads(ask(file, "-m", "pip", "list", *arguments))
        }
        assert listed
        if "--not-required" in arguments:
            continue
        # Each Pulumi package is a plug-in to be had before the program runs.
        for name in ("pulumi-aws", "pulumi-eks", "pulumi-kubernetes"):
            assert listed[name]["version"] == version(name)
        assert set(options(file).get("typechecker", "pyright").split()) <= listed.keys()


@each_file
def test_the_environment_says_its_versions(file: Path) -> None:
    assert re.fullmatch(r"Python 3\.\d+\.\d+\S*\n", ask(file, "--version"))
    assert re.match(r"pip \d+\.\d+\S* from ", ask(file, "-m", "pip", "--version"))
    assert Path(ask(file, "-c", "import sys; print(sys.executable)").strip()).name.startswith("python")


@each_file
def test_every_pulumi_package_names_its_plug_in(file: Path) -> None:
    """The host reads `pulumi-plugin.json` at the place that `pip list -v` gives."""
    listed = {one["name"]: one for one in json.loads(ask(file, "-m", "pip", "list", "-v", "--format", "json"))}
    for name in ("aws", "eks", "kubernetes"):
        package = listed.get(f"pulumi_{name}") or listed[f"pulumi-{name}"]
        plugin = json.loads((Path(package["location"]) / f"pulumi_{name}" / "pulumi-plugin.json").read_text())
        assert (plugin["name"], plugin["resource"]) == (name, True)


def test_the_sdk_takes_what_the_host_hands_to_the_program() -> None:
    """The script that runs a program passes these; it drops what an older SDK does not know."""
    ask(
        PROJECT_FILES[0],
        "-c",
        "import pulumi.runtime as r; r.Settings(monitor='', engine='', project='p', stack='s', parallel=1,"
        " dry_run=True, organization='o', root_directory='/'); r.get_config_env(); r.get_config_secret_keys_env();"
        " r.set_all_config; r.configure; r.run_in_stack",
    )

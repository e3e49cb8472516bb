"""Every file that a tier reads starts its workflow, and patterns match as GitHub's do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import BadInput
from tooling.applications.lookup import application_stack
from tooling.paths import REPOSITORY
from tooling.runner.graph import StackId, environment_graph
from tooling.runner.tiers_file import load_tiers
from tooling.workflows.path_filters import TOOLING, application_paths, every_filter, matches, tier_paths

STACKS = {
    "infrastructure": ("infrastructure", "dev"),
    "platform-addons": ("platform-addons", "dev"),
    "tenants": ("tenants", "dev.tenant-a"),
    "applications": ("applications/demo", "dev"),  # one for all: the tier's filter has no application's name
}

RECORDER = """
import json, os, sys
from pathlib import Path

repository = os.getcwd()
read = set()

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        read.add(os.path.join(repository, os.fsdecode(arguments[0])))

sys.addaudithook(note)
from shared.testing import run_program
run_program(Path(sys.argv[1]), stack=sys.argv[2])
read |= {str(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None)}
print(json.dumps(sorted(read)))
"""
"""Runs a program under the mock kit and prints every path that it opened or imported."""


def of_the_repository(paths: list[str]) -> set[str]:
    """Files in git's care, compiled modules by the name of their source."""
    found = set()
    for text in paths:
        path = Path(os.path.normpath(text))
        if path.parent.name == "__pycache__":
            path = path.parent.parent / f"{path.name.split('.')[0]}.py"
        if path.is_relative_to(REPOSITORY) and path.is_file():
            relative = path.relative_to(REPOSITORY)
            if relative.parts[0] not in (".venv", ".git", ".local"):
                found.add(str(relative))
    return found


@pytest.fixture(scope="module", params=STACKS, ids=str)
def tier_and_files(request: pytest.FixtureRequest) -> tuple[str, set[str]]:
    """A tier and what its program reads, recorded in a process of its own."""
    project, stack = STACKS[request.param]
    done = subprocess.run(
        [sys.executable, "-c", RECORDER, str(REPOSITORY / project), stack],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return request.param, of_the_repository(json.loads(done.stdout.splitlines()[-1]))


def test_every_tier_is_recorded() -> None:
    assert list(STACKS) == [tier.name for tier in load_tiers().tiers]


def test_every_file_that_a_program_reads_starts_its_workflow(tier_and_files: tuple[str, set[str]]) -> None:
    tier, files = tier_and_files
    project, _ = STACKS[tier]
    # The recorder sees: program, settings, project and stack files, and what is shared.
    assert {f"{project}/__main__.py", f"{project}/settings.py", f"{project}/Pulumi.yaml"} <= files
    assert {"shared/environments/dev.yaml", "shared/providers.py"} <= files
    if tier == "tenants":
        assert {"tenants/catalog/tenant-a.yaml", "tenants/catalog/tenant-c.yaml"} <= files
    patterns = every_filter()[tier]
    assert [file for file in sorted(files) if not matches(file, patterns)] == []
    if tier == "applications":
        own = application_paths(application_stack("demo", "dev"))
        assert [file for file in sorted(files) if not matches(file, own)] == []


def test_an_application_is_deployed_for_its_own_changes_and_not_for_those_of_another() -> None:
    own = application_paths(application_stack("demo", "dev"))
    assert matches("applications/demo/service/Dockerfile", own)
    assert matches("shared/providers.py", own)
    assert not matches("applications/other/__main__.py", own)
    assert not matches("tenants/catalog/tenant-b.yaml", own)


def test_a_filter_that_lacks_a_pattern_is_found_out(tier_and_files: tuple[str, set[str]]) -> None:
    tier, files = tier_and_files
    for lacking in ("shared/**", f"{STACKS[tier][0].split('/')[0]}/**"):
        patterns = [pattern for pattern in every_filter()[tier] if pattern != lacking]
        assert any(not matches(file, patterns) for file in files), lacking


@pytest.mark.parametrize("stack", sorted(environment_graph("dev").nodes), ids=str)
def test_what_the_runner_reads_of_a_stack_starts_its_workflow(stack: StackId) -> None:
    files = ["tiers.yaml", f"shared/environments/{stack.environment}.yaml", "requirements.lock"]
    files += [f"{stack.directory}/Pulumi.yaml", f"{stack.directory}/Pulumi.{stack.environment}.yaml"]
    if load_tiers().tier(stack.tier).catalog:
        files.append(f"{load_tiers().tier(stack.tier).catalog}/{stack.tenant}.yaml")
    assert [file for file in files if not matches(file, every_filter()[stack.tier])] == []


def test_a_new_tenant_starts_its_own_tier_alone() -> None:
    starts = [name for name, patterns in every_filter().items() if matches("tenants/catalog/new.yaml", patterns)]
    assert starts == ["tenants"]


def test_a_catalog_elsewhere_is_in_the_filter() -> None:
    tier = load_tiers().tier("tenants").model_copy(update={"catalog": "catalogs/tenants"})
    assert matches("catalogs/tenants/a.yaml", tier_paths(tier))


def test_every_file_in_git_starts_some_workflow() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    everything = [pattern for patterns in every_filter().values() for pattern in patterns]
    assert [file for file in listed.splitlines() if not matches(file, everything)] == []


@pytest.mark.parametrize("file", ["Makefile", "tooling/lane/cluster.py", ".ci/run", "docs/README.md", "tiers.yaml"])
def test_the_whole_suite_runs_for_what_belongs_to_no_tier(file: str) -> None:
    assert matches(file, TOOLING)


@pytest.mark.parametrize(
    ("path", "patterns", "expected"),
    [
        ("tenants/catalog/a.yaml", ["tenants/**"], True),
        ("tenants.py", ["tenants/**"], False),
        ("tiers.yaml", ["tiers.yaml"], True),
        ("docs/tiers.yaml", ["tiers.yaml"], False),
        ("docs/tiers.yaml", ["**/tiers.yaml"], True),
        ("tiers.yaml", ["**/tiers.yaml"], True),
        ("Makefile", ["*"], True),
        ("docs/Makefile", ["*"], False),
        ("a/b.md", ["*/b.md"], True),
        ("a/a/b.md", ["*/b.md"], False),
        ("a.js", ["*.jsx?"], True),
        ("a.jsx", ["*.jsx?"], True),
        ("axjs", ["*.jsx?"], False),
        ("v2", ["v[12]"], True),
        ("v3", ["v[12]"], False),
        ("docs/a.md", ["docs/**", "!docs/*.md"], False),
        ("docs/a/b.md", ["docs/**", "!docs/*.md"], True),
        ("docs/a.md", ["docs/**", "!docs/*.md", "docs/a.md"], True),
        ("docs/a.md", ["!docs/*.md"], False),
    ],
)
def test_patterns_match_as_githubs_do(path: str, patterns: list[str], expected: bool) -> None:
    assert matches(path, patterns) is expected


def test_an_unknown_tier_has_no_filter() -> None:
    with pytest.raises(BadInput):
        load_tiers().tier("nothing")

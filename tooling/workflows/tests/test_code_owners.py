"""Who has to approve a change: one owner for every path, and no team for what runs with the platform's rights."""

from __future__ import annotations

import subprocess

import pytest

from shared.errors import BadInput
from tooling.generated.files import stale
from tooling.paths import REPOSITORY
from tooling.workflows import code_owners
from tooling.workflows.code_owners import PATH, code_owners_file, team

PLATFORM = "@example/platform-team"


def rules() -> list[tuple[str, list[str]]]:
    lines = (REPOSITORY / PATH).read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(pattern, owners) for pattern, *owners in words]


def owners(path: str) -> list[str]:
    """As GitHub decides: the last pattern that matches. The file has two kinds, everything and a directory."""
    found: list[str] = []
    for pattern, named in rules():
        if pattern == "*" or (pattern.startswith("/") and pattern.endswith("/") and f"/{path}".startswith(pattern)):
            found = named
    return found


def paths_in_git() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.split("\0") if path]


def test_what_is_committed_is_what_the_command_writes() -> None:
    assert stale(code_owners_file()) == [], "run: make update-workflows"


def test_every_pattern_is_everything_or_one_directory() -> None:
    assert [
        pattern for pattern, _ in rules() if pattern != "*" and not (REPOSITORY / pattern.strip("/")).is_dir()
    ] == []
    assert not any(character in pattern for pattern, _ in rules()[1:] for character in "*?[!\\")


def test_every_path_has_exactly_one_owner() -> None:
    assert [path for path in paths_in_git() if len(owners(path)) != 1] == []


def test_an_applications_directory_is_its_teams_and_all_else_is_the_platforms() -> None:
    for path in paths_in_git():
        is_application = path.startswith("applications/") and path.count("/") > 1
        assert (owners(path) != [PLATFORM]) == is_application, path
    assert owners("applications/demo/__main__.py") == ["@example/team-a"]
    assert owners("applications/a-new-one/__main__.py") == [PLATFORM]


@pytest.mark.parametrize(
    "path",
    [
        ".github/CODEOWNERS",
        ".github/workflows/applications.yml",
        ".ci/run",
        "Makefile",
        "pyproject.toml",
        "requirements.lock",
        "conftest.py",
        "shared/applications/web_application.py",
        "tenants/catalog/tenant-a.yaml",
        "tiers.yaml",
        "tooling/applications/demo/x.py",
    ],
)
def test_what_runs_with_the_platforms_rights_is_approved_by_the_platform(path: str) -> None:
    assert owners(path) == [PLATFORM]


def test_a_teams_name_is_githubs() -> None:
    assert team("Team A / Checkout") == "@example/team-a-checkout"
    assert team("x @example/admins\n* @evil") == "@example/x-example-admins-evil"


def test_an_application_whose_directory_is_a_pattern_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = code_owners.environment_graph("dev")
    one = next(stack for stack in real if stack.tier == "applications")
    odd = type(one)(**{**vars(one), "project": "*", "directory": "applications/*"})
    monkeypatch.setattr(code_owners, "environment_graph", lambda _: [odd])
    with pytest.raises(BadInput) as refused:
        code_owners_file()
    assert refused.value.code == "name-invalid"

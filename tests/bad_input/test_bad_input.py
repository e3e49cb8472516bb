"""Bad input ends with one clear message: exit code, code, place and hint; no traceback, and nothing sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input import cases_catalog, cases_commands, cases_files, cases_guide, cases_manifests, cases_programs
from tests.bad_input.account import Aws, aws
from tests.bad_input.case import Case
from tests.bad_input.site import Site, Tree, make_stopped_lane

pytestmark = pytest.mark.process

CASES = [
    *cases_catalog.CASES,
    *cases_files.CASES,
    *cases_commands.CASES,
    *cases_guide.CASES,
    *cases_manifests.CASES,
    *cases_programs.CASES,
]
ON_A_LANE = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("bad input on a lane")]
WITHOUT_JSON = ("local up", "local down", "kubeconfig", "guide")
"""Commands whose results no script reads."""
FIRST_OF_ITS_CODE = list(
    {case.code: case for case in reversed(CASES) if not case.command.startswith(WITHOUT_JSON)}.values()
)
"""One row a code is run with `--json` too."""
IN_A_NEW_INTERPRETER = [
    case
    for case in CASES
    if case.id
    in (
        "usage: unknown command",
        "command: unknown stack",
        "command: unknown application",
        "catalog: no file",
    )
]
"""The other rows run in forked processes."""

_MESSAGE = re.compile(
    r"error\[(?P<code>[a-z-]+)\]: (?P<what>.*?)(?:\n +at: (?P<at>.*?))?(?P<hint>(?:\n *hint: .*)+)", re.S
)


def rows(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.id, marks=ON_A_LANE if case.lane == "running" else ()) for case in cases]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    tree = Tree(tmp_path_factory.mktemp("bad-input") / "clone")
    yield tree
    tree.preloaded.close()


@pytest.fixture(scope="session")
def account() -> Iterator[Aws]:
    with aws("") as account:
        yield account


@pytest.fixture(scope="module")
def running(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lane that runs and on which nothing has been deployed."""
    lane = tmp_path_factory.mktemp("running") / "lane"
    site = Site(tree=tree, lane=lane)
    started = site.tiers("local", "up")
    try:
        assert started.exit_code == 0, started.stderr
        yield lane
    finally:
        site.tiers("local", "down", "--yes")


@pytest.fixture
def site(case: Case, tree: Tree, account: Aws, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    lane = request.getfixturevalue("running") if case.lane == "running" else tmp_path / "lane"
    if case.lane == "stopped":
        make_stopped_lane(lane)
    account.caller, account.asked = case.caller, []
    site = Site(tree=tree, lane=lane, variables=case.variables, aws=account)
    for change in case.wrong:
        change(site)
    yield site
    tree.restore()
    for checkpoint in (lane / "state").glob(".pulumi/stacks/*/*.json") if case.lane == "running" else ():
        checkpoint.unlink()


@pytest.mark.parametrize("case", rows(CASES))
def test_bad_input_ends_with_one_message_and_nothing_sent(case: Case, site: Site) -> None:
    before = site.sent()
    finished = site.tiers(*case.command.split())
    said = f"{finished.exit_code}\n{finished.stdout}\n{finished.stderr}"
    assert "Traceback" not in said, said
    assert finished.stdout == "", said
    found = list(_MESSAGE.finditer(finished.stderr))
    assert len(found) == 1, said
    (message,) = found
    assert (finished.exit_code, message["code"]) == (case.exit_code, case.code), said
    check(case, message["what"], message["at"] or "", message["hint"])
    assert site.sent() == before


@pytest.mark.parametrize("case", rows(FIRST_OF_ITS_CODE))
def test_bad_input_as_json_is_one_document_with_the_same_parts(case: Case, site: Site) -> None:
    before = site.sent()
    finished = site.tiers(*case.command.split(), "--json")
    said = f"{finished.exit_code}\n{finished.stdout}\n{finished.stderr}"
    assert finished.exit_code == case.exit_code, said
    assert finished.stderr == "", said
    document = json.loads(finished.stdout)
    assert document["version"] == 2
    if "stacks" in document:
        (failed,) = [stack for stack in document["stacks"] if stack["status"] == "failed"]
        document = failed
    error = document["error"]
    assert error["code"] == case.code, said
    check(case, error["what"], error["at"], error["hint"])
    assert site.sent() == before


@pytest.mark.parametrize("case", rows(IN_A_NEW_INTERPRETER))
def test_a_new_interpreter_says_the_same_as_a_forked_process(case: Case, site: Site) -> None:
    assert site.new_tiers(*case.command.split()) == site.tiers(*case.command.split())


def check(case: Case, what: str, at: str, hint: str) -> None:
    said = f"{what!r} at {at!r}: {hint!r}"
    assert case.place in at, said
    assert case.says in what, said
    if case.nearest:
        # Of a flag or command, typer says it in its own words.
        assert re.search(rf"(did you mean|possible options:) ['\"]?{case.nearest}\b", what, re.IGNORECASE), said
    assert hint.strip().removeprefix("hint:").strip(), said


def test_there_are_enough_rows_and_no_two_of_one_name() -> None:
    names = [case.id for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 60

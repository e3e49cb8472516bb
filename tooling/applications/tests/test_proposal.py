"""What a change of settings proposes: the stack file with and without it, checked by the application's own model."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

from shared.errors import BadInput
from tooling.applications import proposal
from tooling.applications.proposal import describe, effective_settings, of_release, parse_assignments, propose, same
from tooling.paths import REPOSITORY
from tooling.runner.graph import StackId

DIGEST = "sha256:" + "ab" * 32
FILE = 'config:\n  # The quota allows four.\n  demo:image_tag: v1.0.0\n  demo:replicas: "2"\n  demo:max_replicas: "4"\n'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elsewhere(StackId):
    root: Path

    @property
    def path(self) -> Path:
        return self.root


@pytest.fixture
def stack(tmp_path: Path) -> Elsewhere:
    """The demo's stack `dev`, of a copy of the project."""
    root = tmp_path / "demo"
    root.mkdir()
    for name in ("Pulumi.yaml", "settings.py"):
        shutil.copy(REPOSITORY / "applications/demo" / name, root)
    (root / "Pulumi.dev.yaml").write_text(FILE)
    return Elsewhere(
        tier="applications",
        project="demo",
        stack="dev",
        directory="applications/demo",
        environment="dev",
        tenant="tenant-a",
        root=root,
    )


def test_a_proposal_changes_the_file_when_it_is_written_and_not_before(stack: Elsewhere) -> None:
    file = stack.root / "Pulumi.dev.yaml"
    proposed = propose(stack, {"replicas": 3, "root_response": "Good morning"})
    assert describe(proposed.changes) == ["replicas: 2 → 3", "root_response: Welcome to the demo → Good morning"]
    assert file.read_text() == FILE
    proposed.write()
    assert file.read_text() == FILE.replace('"2"', '"3"') + "  demo:root_response: Good morning\n"
    proposed.restore()
    assert file.read_text() == FILE


def test_what_the_file_says_already_is_no_change(stack: Elsewhere) -> None:
    proposed = propose(stack, {"replicas": 2, "port": 8080})
    assert proposed.changes == {}
    assert proposed.after == FILE


def test_a_stack_without_a_file_gets_one_and_loses_it_again(stack: Elsewhere) -> None:
    file = stack.root / "Pulumi.dev.yaml"
    file.unlink()
    proposed = propose(stack, {"image_tag": "v1.0.0"})
    proposed.write()
    assert yaml.safe_load(file.read_text()) == {"config": {"demo:image_tag": "v1.0.0"}}
    proposed.restore()
    assert not file.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"replicas": 5}, "replicas 5 is more than max_replicas 4"),
        ({"max_replicas": "many"}, "`max_replicas`"),
        ({"image_tag": "demo:v1"}, "'demo:v1' is not an image tag"),
    ],
    ids=["together", "type", "tag"],
)
def test_settings_that_the_program_would_refuse_are_refused_before(
    stack: Elsewhere, values: dict[str, object], says: str
) -> None:
    with pytest.raises(BadInput) as refused:
        propose(stack, values)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what


def test_assignments_are_typed_by_the_model(stack: Elsewhere) -> None:
    words = ["replicas=3", "demo:root_response=1.30", "host=", "api_response=a=b"]
    assert parse_assignments(stack, words) == {
        "replicas": 3,
        "root_response": "1.30",
        "host": "",
        "api_response": "a=b",
    }


@pytest.mark.parametrize(
    ("word", "code", "says"),
    [
        ("replicas", "assignment-invalid", "'replicas' is not of the form key=value"),
        ("=3", "assignment-invalid", "'=3'"),
        ("replics=3", "settings-invalid", 'unknown key `replics`, did you mean "replicas"?'),
        ("image_tag=v2", "setting-of-a-release", "`image_tag` says which image runs"),
    ],
)
def test_an_assignment_that_sets_nothing_is_refused(stack: Elsewhere, word: str, code: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_assignments(stack, [word])
    assert refused.value.code == code
    assert says in refused.value.what


def test_a_secret_is_not_set_from_a_command_line(stack: Elsewhere) -> None:
    settings = (stack.root / "settings.py").read_text()
    secret = '    token: pulumi.Output[str] | None = Field(default=None, description="A token.")\n'
    (stack.root / "settings.py").write_text(settings.replace("from pydantic", "import pulumi\nfrom pydantic") + secret)
    with pytest.raises(BadInput) as refused:
        parse_assignments(stack, ["token=x"])
    assert refused.value.code == "setting-secret"
    assert "x" not in refused.value.what.split()


def test_a_release_brings_back_each_setting_that_differs_now(stack: Elsewhere) -> None:
    released = {**effective_settings(stack), "image_tag": "v0.9.0", "image_digest": DIGEST, "replicas": "1"}
    assert of_release(stack, released) == {"image_tag": "v0.9.0", "image_digest": DIGEST, "replicas": 1}
    propose(stack, {"image_digest": DIGEST}).write()
    without = {**effective_settings(stack), "image_digest": "", "gone": "x"}
    assert of_release(stack, without) == {"image_digest": None}
    proposed = propose(stack, of_release(stack, without))
    assert proposed.after == FILE
    assert proposed.changes == {"image_digest": (DIGEST, "")}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [("a", "a", True), ('{"a": 1}', '{"a":1}', True), ("1", "1.0", True), ("a", "b", False), ("1", "a", False)],
)
def test_values_are_compared_not_blanks(one: str, other: str, equal: bool) -> None:
    assert same(one, other) is equal


def test_a_stack_file_that_is_replaced_keeps_its_mode(stack: Elsewhere) -> None:
    file = stack.root / "Pulumi.dev.yaml"
    file.chmod(0o600)
    proposal.propose(stack, {"replicas": 3}).write()
    assert file.stat().st_mode & 0o777 == 0o600

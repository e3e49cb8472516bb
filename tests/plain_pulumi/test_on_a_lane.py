"""Plain `pulumi` on the four tiers of a deployed lane, with a language host, and a clone that stays clean."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chain.clone import Clone
from tests.chain.deployed import deployed as on_a_lane
from tests.plain_pulumi.release import assembled_directory, released_directory
from tooling.lane.environments import washed
from tooling.lane.state_key import SECRETS_PROVIDER
from tooling.runner.project_files import ENGINE_KEYS

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("plain pulumi")]

STACKS = {
    "infrastructure": ["infrastructure"],
    "platform-addons": ["platform-addons"],
    "tenants": ["tenants", "--tenant", "tenant-a"],
    "applications": ["applications", "--app", "demo"],
}
TYPE_CHECKER = "    typechecker: pyright\n"
TYPE_CHECKED = "tenants"
"""Of the tiers the one whose plain preview checks types as well."""
each_tier = pytest.mark.parametrize("tier", STACKS)


@dataclass(frozen=True)
class Person:
    """Somebody with a clone, a deployed lane and a Pulumi CLI."""

    clone: Clone
    cli: Path

    def shell(self, script: str, *, environment: str = "local") -> str:
        """Runs `script` in bash; `tiers` and the CLI are on its PATH. Fails the test if it fails."""
        directory = self.clone.path / ".venv" / "bin"
        variables = {
            **washed(),
            "PATH": f"{directory}:{self.cli}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.clone.path),
            "PLATFORM_ACCOUNT_ID": "123456789012",
            **self.clone.variables,
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.clone.path,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def plain(self, tier: str, *commands: str) -> str:
        """Commands after `tiers env`, with this CLI before the one that the lane has."""
        words = shlex.join([*STACKS[tier], "--stack", "local"])
        path = f"export PATH={shlex.quote(str(self.cli))}:$PATH"
        return self.shell("\n".join([f'eval "$({self.tiers} env {words})"', path, *commands]))

    @property
    def tiers(self) -> str:
        return shlex.join([sys.executable, "-c", "from tooling.cli.main import main; main()"])

    def changes(self) -> str:
        return self.clone.git("status", "--porcelain")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with on_a_lane(tmp_path_factory.mktemp("plain")) as clone:
        # The clone's own environment, as `make setup` would make it.
        (clone.path / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
        with (clone.path / ".git" / "info" / "exclude").open("a") as exclude:
            exclude.write(".venv\n")
        check_types_of_one_tier(clone)
        yield clone


def check_types_of_one_tier(clone: Clone) -> None:
    """Takes the type checker out of the other tiers' project files: each run of a program would wait 10 s for it."""
    for file in [*clone.path.glob("*/Pulumi.yaml"), *clone.path.glob("applications/*/Pulumi.yaml")]:
        text = file.read_text(encoding="utf-8")
        assert TYPE_CHECKER in text, file
        if file.parent.name != TYPE_CHECKED:
            file.write_text(text.replace(TYPE_CHECKER, ""), encoding="utf-8")
    clone.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-am", "no type checks")


@pytest.fixture(scope="module")
def person(deployed: Clone, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(deployed, assembled_directory(tmp_path_factory.mktemp("cli") / "pulumi"))


@each_tier
def test_a_plain_preview_of_an_unchanged_stack_changes_nothing(person: Person, tier: str) -> None:
    person.plain(tier, "pulumi preview --non-interactive --expect-no-changes --diff")
    assert person.changes() == ""


def test_the_released_language_host_previews_unchanged_stacks(deployed: Clone) -> None:
    directory = released_directory()
    if directory is None:
        pytest.skip("no released Pulumi CLI with pulumi-language-python is on PATH")
    released = Person(deployed, directory)
    for tier in STACKS:
        released.plain(tier, "pulumi preview --non-interactive --expect-no-changes --diff")
    assert released.changes() == ""


def test_plain_commands_leave_the_clone_clean(person: Person) -> None:
    said = person.plain(
        "infrastructure",
        "pulumi config",
        "pulumi config set min_size 2",
        "pulumi stack select local",
        "pulumi stack --show-urns > /dev/null",
        f"pulumi stack init local.other --secrets-provider {SECRETS_PROVIDER}",
        "pulumi stack rm local.other --yes --preserve-config",
        "pulumi stack output cluster_name",
        "echo ABOUT",
        "pulumi about --json",
    )
    runtime = json.loads(said.partition("ABOUT\n")[2])["runtime"]
    assert runtime["language"] == "python"
    assert Path(runtime["executable"]).resolve() == Path(sys.executable).resolve()
    assert person.changes() == ""


def test_a_change_that_plain_pulumi_makes_is_the_stacks(person: Person) -> None:
    """The same state, the same secrets: what one makes the other finds in order."""
    person.plain("applications", "pulumi up --non-interactive --yes --skip-preview", "pulumi refresh --preview-only")
    person.clone.tiers("preview", "applications", "--app", "demo", "--stack", "local", "--expect-no-changes")
    assert person.changes() == ""


def test_an_image_tag_set_in_the_applications_own_directory_changes_the_pods(person: Person) -> None:
    """As somebody ships who knows Pulumi and nothing of `tiers`, once the pipeline has pushed the image."""
    service = person.clone.path / "applications/demo/service/pyproject.toml"
    before = service.read_text(encoding="utf-8")
    service.write_text(before.replace('version = "1.0.0"', 'version = "1.2.3"'), encoding="utf-8")
    assert service.read_text(encoding="utf-8") != before
    push = """
from tooling.applications.lookup import application_stack
from tooling.lane.state import Lane
from tooling.runner.engine import open_engine
from tooling.runner.service_images import record_image
with open_engine("local") as engine:
    record_image(Lane.load(), engine, application_stack("demo", "local"))
"""
    person.clone.python(push)
    file = person.clone.path / "applications/demo/Pulumi.local.yaml"
    committed = file.read_text(encoding="utf-8")
    old = pods_of_demo(person)
    person.plain(
        "applications",
        f"cd {shlex.quote(str(file.parent))}",
        "pulumi config set image_tag v1.2.3",
        "pulumi up --non-interactive --yes",
    )
    new = pods_of_demo(person)
    assert {image.rpartition(":")[2] for image in new.values()} == {"v1.2.3"}
    assert not new.keys() & old.keys()
    log = person.clone.tiers("app", "logs", "demo", "--stack", "local").stdout
    assert '"version": "1.2.3"' in log
    # What is left is the change to commit, and the key that the engine adds to every stack file that it writes.
    changed = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(ENGINE_KEYS)]
    assert changed == committed.replace("v1.0.0", "v1.2.3").splitlines()
    service.write_text(before, encoding="utf-8")
    file.write_text(committed, encoding="utf-8")
    assert person.changes() == ""


def pods_of_demo(person: Person) -> dict[str, str]:
    """Ready pods of the application that are not being deleted, with their images."""
    listed = person.clone.kubectl(
        person.clone.administrator,
        "get",
        "pods",
        "-n",
        "tenant-a",
        "-l",
        "app.kubernetes.io/part-of=demo",
        "-o",
        "json",
    )
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in json.loads(listed.stdout)["items"]
        if "deletionTimestamp" not in pod["metadata"] and pod["status"]["containerStatuses"][0]["ready"]
    }


def test_another_environment_stays_clean_with_keys_of_its_own(person: Person, tmp_path: Path) -> None:
    """A passphrase on a file backend: the engine writes a salt for a new stack, and later finds it in the state."""
    backend = tmp_path / "states"
    backend.mkdir()
    setup = f"""
        export TIERS_BACKEND_URL=file://{backend} PULUMI_CONFIG_PASSPHRASE=mine PULUMI_HOME={tmp_path}/home
        export PULUMI_SKIP_UPDATE_CHECK=true
        eval "$({person.tiers} env infrastructure --stack dev)"
        test "$PULUMI_STACK" = dev
    """
    person.shell(setup + "pulumi stack init dev --non-interactive && pulumi config > /dev/null")
    assert person.changes() == ""
    # A fresh clone has no key: the state has it, and no other is made.
    written = next((person.clone.local / "stacks/dev/infrastructure").glob("Pulumi.dev.yaml"))
    assert "encryptionsalt" in written.read_text()
    salt = written.read_text()
    written.unlink()
    person.shell(setup + "pulumi stack export > /dev/null && pulumi config --show-secrets > /dev/null")
    again = written.read_text()
    assert ("encryptionsalt" not in again) or _salt(again) == _salt(salt)
    assert person.changes() == ""


def _salt(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("encryptionsalt"))

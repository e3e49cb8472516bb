"""The whole guided tour on a lane, as a person takes it: through a terminal of 80 columns, with an interruption."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pexpect
import pytest
import yaml
from pexpect.fdpexpect import fdspawn

from tests.chain.clone import Clone
from tests.chain.deployed import deployed
from tooling.lane.environments import washed

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("guided tour")]

_STEP_SECONDS = 240
_ADDRESS = r"http://127\.0\.0\.1:\d+/(?=\s)"


class Terminal(fdspawn):
    """A terminal of 80 columns with a program in it.

    `pexpect.spawn` forks this process, in which other tests have used gRPC: its threads start in the child as well, and
    end it when its files are closed before the program starts.
    """

    def __init__(self, command: Sequence[str], *, directory: Path, variables: Mapping[str, str]) -> None:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self.program = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(variables),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        super().__init__(ours, encoding="utf-8", timeout=_STEP_SECONDS)

    def end(self) -> None:
        self.program.kill()
        self.program.wait()
        self.close()


class Person:
    """Somebody at a terminal in the clone."""

    def __init__(self, clone: Clone, home: Path) -> None:
        self.terminals: list[Terminal] = []
        self.clone = clone
        self.kubeconfig = home / ".kube" / "config"
        self.variables = {**washed(), "HOME": str(home), "PYTHONPATH": str(clone.path), "TERM": "dumb"}
        self.variables |= {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))}

    def starts(self, *arguments: str) -> Terminal:
        command = [sys.executable, "-c", "from tooling.cli.main import main; main()", *arguments]
        self.terminals.append(Terminal(command, directory=self.clone.path, variables=self.variables))
        return self.terminals[-1]


def fetch(address: str, path: str) -> str:
    with urllib.request.urlopen(f"{address.rstrip('/')}{path}", timeout=30) as answer:
        return answer.read().decode()


def ends(terminal: Terminal, code: int = 0) -> str:
    """Waits for the command to end, and returns what it said since the last expectation."""
    terminal.expect(pexpect.EOF)
    said = terminal.before or ""
    assert terminal.program.wait(_STEP_SECONDS) == code, said
    return said


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with deployed(tmp_path_factory.mktemp("tour")) as clone:
        person = Person(clone, tmp_path_factory.mktemp("home"))
        try:
            yield person
        finally:
            for terminal in person.terminals:
                terminal.end()


def test_the_tour_goes_from_the_first_step_to_the_last_and_on_after_an_interruption(person: Person) -> None:
    tour = person.starts("guide")
    tour.expect("Step 1 of 8: Deploy the cluster")
    tour.sendline("y")
    tour.expect(r"\$ tiers up tenants --tenant tenant-a --stack local --yes")
    tour.expect("Step 2 of 8: Deploy the application")
    tour.sendline("y")
    tour.expect("Step 3 of 8: Set the kubectl context")
    tour.sendline("q")
    assert "Stopped." in ends(tour)

    tour = person.starts("guide")
    tour.expect("Step 2 of 8: Deploy the application")
    tour.expect("done before")
    tour.expect("Step 3 of 8")
    tour.sendline("y")
    tour.expect("Step 4 of 8: Get the host name")
    context = yaml.safe_load(person.kubeconfig.read_text())
    assert context["current-context"] == "eks-cluster-local"
    shown = person.clone.kubectl(person.kubeconfig, "get", "deployments", "--output", "name").stdout
    assert shown == "deployment.apps/demo\n"

    tour.sendline("y")
    tour.expect("tenant-a.example.com")
    tour.expect(_ADDRESS)
    address = str(tour.after)
    assert fetch(address, "/") == "Welcome to the demo"

    tour.expect("Step 5 of 8: Update the responses")
    tour.sendline("y")
    tour.expect("Response of / ")
    tour.sendline("Good morning")
    tour.expect("Response of /api ")
    tour.sendline("")
    tour.expect("Step 6 of 8: Update the version")
    assert fetch(address, "/") == "Good morning"

    tour.sendline("y")
    tour.expect("New version of the service, now 1.0.0")
    tour.sendline("1.1.0")
    tour.expect("Step 7 of 8: Destroy the application")
    answer = json.loads(fetch(address, "/api"))
    assert answer["version"] == "1.1.0"
    assert "Welcome to the API of the guided tour" in answer.values()
    assert 'version = "1.1.0"' in (person.clone.path / "applications/demo/service/pyproject.toml").read_text()

    tour.sendline("y")
    tour.expect(r"destroy demo/local\?")
    tour.sendline("y")
    tour.expect("Step 8 of 8: Destroy everything")
    tour.sendline("y")
    tour.expect(r"destroy infrastructure/local, .*\?")
    tour.sendline("y")
    ends(tour)
    assert not person.clone.local.exists()


def test_a_step_that_fails_says_so_and_is_not_recorded(person: Person) -> None:
    step = person.starts("guide", "deploy-application")
    step.expect("Deploy the application in environment local")
    step.sendline("y")
    said = ends(step, code=2)
    assert "error[lane-down]" in said
    assert "error[guide-step-failed]" in said
    assert not person.clone.local.exists()


def test_a_refused_confirmation_runs_nothing(person: Person) -> None:
    step = person.starts("guide", "destroy-all")
    ends(step, code=2)
    step = person.starts("guide", "deploy-cluster")
    step.expect("Deploy the cluster in environment local")
    step.sendline("n")
    assert "$ tiers" not in ends(step, code=130)

"""What a person reads when a program fails on the real engine, wherever in it the error was raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.errors import ExitCode
from shared.versions import ENGINE
from tooling.lane.binaries import search_path
from tooling.lane.environments import washed
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Diagnostic, Operation, Request, Result
from tooling.runner.workers import WorkerProcess

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("how programs end")]

HEAD = """
import asyncio
from dataclasses import dataclass
from typing import ClassVar

import pulumi

from shared.contracts import publish
from shared.errors import BadInput, Refused
from shared.program_errors import ProgramInputError
from shared.applications.routes import chosen_host

class Part(pulumi.ComponentResource):
    def __init__(self, name, outputs):
        super().__init__("test:index:Part", name)
        self.register_outputs(outputs)

@dataclass(frozen=True, kw_only=True)
class Given:
    project: ClassVar[str] = "given"
    version: ClassVar[int] = 1
    value: pulumi.Output[str]

def refuse(_):
    raise ProgramInputError("too-many", "seven is too many", at="here, line 7", hint="choose six")

given = pulumi.Output.from_input({"a": 1})
"""
FIRST = HEAD.count("\n") + 1
"""The line of `__main__.py` on which a case's own text begins."""


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    text: str
    exit_code: ExitCode
    says: str
    at: str = ""
    operation: Operation = "up"


BAD = "error[too-many]: seven is too many"
CASES = [
    Case(id="setting in the body", text="refuse(1)", exit_code=ExitCode.BAD_INPUT, says=BAD, at="here, line 7"),
    Case(
        id="setting in an apply that is exported",
        text="pulumi.export('x', given.apply(refuse))",
        exit_code=ExitCode.BAD_INPUT,
        says=BAD,
        at="here, line 7",
    ),
    Case(
        id="setting in an apply of a preview",
        text="pulumi.export('x', given.apply(refuse))",
        exit_code=ExitCode.BAD_INPUT,
        says=BAD,
        at="here, line 7",
        operation="preview",
    ),
    Case(
        id="setting in an apply that nobody waits for",
        text="given.apply(refuse)",
        exit_code=ExitCode.BAD_INPUT,
        says=BAD,
        at="here, line 7",
    ),
    Case(
        id="setting in an apply that a component registers",
        text="Part('one', {'x': given.apply(refuse)})",
        exit_code=ExitCode.BAD_INPUT,
        says=BAD,
        at="here, line 7",
    ),
    Case(
        id="error of a module without Pulumi, in an apply",
        text="def no(_):\n    raise Refused('held', 'it is held', at='there', hint='let go')\n"
        "pulumi.export('x', given.apply(no))",
        exit_code=ExitCode.REFUSED,
        says="error[held]: it is held",
        at="there",
    ),
    Case(
        id="host of another tenant",
        text="pulumi.export('x', given.apply(lambda _: chosen_host('b.example.com', 'tenant-a', ['a.example.com'])))",
        exit_code=ExitCode.BAD_INPUT,
        says="error[host-not-the-tenants]: host 'b.example.com' is not a host of tenant-a: a.example.com",
        at="tenants/catalog/tenant-a.yaml, hosts",
    ),
    Case(
        id="secret in a contract",
        text="publish(Given(value=pulumi.Output.secret('hush')))",
        exit_code=ExitCode.REFUSED,
        says="error[secret-in-contract]: output `value` is a secret",
        at="contract Given",
    ),
    Case(
        id="empty output in a contract",
        text="publish(Given(value=pulumi.Output.from_input('')))",
        exit_code=ExitCode.BAD_INPUT,
        says="error[output-empty]: output `value` is empty",
        at="contract Given",
    ),
    Case(
        id="bug in the body",
        text="{}['absent']",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: KeyError: 'absent'",
        at=f"project/__main__.py:{FIRST}",
    ),
    Case(
        id="bug in an apply",
        text="\npulumi.export('x', given.apply(lambda value: value['absent']))",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: KeyError: 'absent'",
        at=f"project/__main__.py:{FIRST + 1}",
    ),
    Case(
        id="bug in an apply that another awaits first",
        text="bad = given.apply(lambda value: value['absent'])\n"
        "async def first():\n    try:\n        await bad.future()\n    except KeyError:\n        pass\n"
        "asyncio.ensure_future(first())\n"
        "pulumi.export('x', bad)",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: KeyError: 'absent'",
        at=f"project/__main__.py:{FIRST}",
    ),
    Case(
        id="bug in an apply that a component registers",
        text="Part('one', {'x': given.apply(lambda value: 1 / 0)})",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: ZeroDivisionError: division by zero",
        at=f"project/__main__.py:{FIRST}",
    ),
    Case(
        id="bug in a coroutine",
        text="async def no():\n    raise LookupError('lost')\npulumi.export('x', pulumi.Output.from_input(no()))",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: LookupError: lost",
        at=f"project/__main__.py:{FIRST + 1}",
    ),
    Case(
        id="not Python",
        text="\nif True\n    pass",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: SyntaxError: expected ':'",
        at=f"project/__main__.py:{FIRST + 1}",
    ),
    Case(
        id="missing module",
        text="import no_such_module",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: ModuleNotFoundError: No module named 'no_such_module'",
        at=f"project/__main__.py:{FIRST}",
    ),
    Case(
        id="exit in the middle",
        text="raise SystemExit(0)",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="error[program-failed]: SystemExit: 0",
        at=f"project/__main__.py:{FIRST}",
    ),
    Case(
        id="stack that is absent",
        text="pulumi.StackReference('organization/absent/dev')",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="unknown stack",
    ),
    Case(
        id="invoke that the engine does not know",
        text="pulumi.runtime.invoke('pulumi:pulumi:noSuch', {})",
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        says="noSuch",
    ),
]


class Failing:
    """A project on a state backend of its own, whose program fails; each failure in a worker of its own."""

    def __init__(self, directory: Path) -> None:
        self.lane = directory
        self.directory = directory / "project"
        self.directory.mkdir()
        (directory / "state").mkdir()
        (self.directory / "Pulumi.yaml").write_text("name: project\nruntime: python\n")
        kept = washed()
        self.variables = {
            **kept,
            "PATH": ":".join([*search_path(), kept["PATH"]]),
            "PULUMI_HOME": str(directory / "home"),
            "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "TIERS_LOCAL_DIR": str(directory),
        }
        self._server = ForkServer(self.variables)

    def close(self) -> None:
        self._server.close()

    @property
    def log(self) -> Path:
        return self.lane / "logs" / "worker-project.log"

    def run(self, text: str, operation: Operation = "up") -> tuple[Result, list[str]]:
        """The result, and every error that was said."""
        (self.directory / "__main__.py").write_text(HEAD + text + "\n")
        self.log.unlink(missing_ok=True)
        errors: list[str] = []

        def on_message(message: object) -> None:
            if isinstance(message, Diagnostic) and message.severity == "error":
                errors.append(message.message)

        worker = WorkerProcess(self._server, self.directory, self.variables, self.log, engine_version=ENGINE.value)
        try:
            request = Request(number=1, operation=operation, stack="test", work_dir=str(self.directory))
            result = worker.run(request, on_message)
        finally:
            worker.close()
        message = result.failure.message if result.failure else ""
        return result, errors + ([message] if message else [])


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    with closing(Failing(tmp_path_factory.mktemp("failing"))) as failing:
        yield failing


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_program_that_fails_is_told_in_one_message(failing: Failing, case: Case) -> None:
    result, errors = failing.run(case.text, case.operation)
    said = "\n".join(errors)
    assert result.failure is not None, said
    assert result.failure.exit_code == case.exit_code, said
    told = [error for error in errors if case.says in error]
    assert len(told) == 1, said
    assert "Traceback" not in said
    assert "site-packages" not in said
    if case.at:
        at, hint = told[0].split("  at: ")[1].split("\nhint: ")
        assert at.removeprefix(f"{failing.lane}/") == case.at
        assert hint


def test_a_bugs_whole_traceback_is_in_the_log_that_the_message_names(failing: Failing) -> None:
    _, (error, *_) = failing.run("pulumi.export('x', given.apply(lambda value: value['absent']))")
    assert error.splitlines()[-1] == f"hint: fix the program; its traceback is in {failing.log}"
    assert "Traceback (most recent call last)" in failing.log.read_text()
    assert "KeyError: 'absent'" in failing.log.read_text()


def test_bad_input_leaves_no_traceback_behind_either(failing: Failing) -> None:
    failing.run("pulumi.export('x', given.apply(refuse))")
    assert "Traceback" not in failing.log.read_text()

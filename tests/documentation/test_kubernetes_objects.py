"""The guides for app teams: the program runs, the numbers are the component's, and no admission policy is missing."""

from __future__ import annotations

import json
import re

import pytest

from shared.applications import WebApplicationArgs
from shared.applications.shutdown import EXIT_MARGIN_SECONDS, shutdown
from shared.kubernetes_labels import BUDGET_LABEL, HTTPS_REDIRECT, LONGEST_GRACE_SECONDS
from shared.testing import Run, load_module, run_program
from tests.admission.guide import EXAMPLES, PAGE, blocks
from tooling.paths import REPOSITORY

TEXT = PAGE.read_text(encoding="utf-8")
PROGRAM = REPOSITORY / "docs/guides/ship-an-application.md"


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [_run(program) for program in blocks("python", PROGRAM)]


def _run(program: str) -> Run:
    def body() -> None:
        exec(compile(program, str(PROGRAM), "exec"), {"__name__": "__main__"})

    return run_program(body)


def test_the_programs_of_the_guide_run(runs: list[Run]) -> None:
    shop, orders = runs
    assert shop.outputs == {"url": "https://tenant-a.example.com/"}
    assert {one.name for one in shop.registered("kubernetes:networking.k8s.io/v1:Ingress")} == {"shop", "shop-redirect"}
    migration, worker = orders.one("kubernetes:batch/v1:Job"), orders.one("kubernetes:apps/v1:Deployment")
    assert orders.comes_after(worker, migration)
    assert orders.one("kubernetes:batch/v1:CronJob").name == "orders-report"


def test_every_admission_policy_is_on_the_page_and_none_that_does_not_exist() -> None:
    known = set(load_module(REPOSITORY / "platform-addons", "addons.admission_policies").NAMES)
    rows = [line.split(" | ")[1] for line in TEXT.splitlines() if re.match(r"\| .* \| .* \| .* \|$", line)]
    named = {name for row in rows for name in re.findall(r"`([a-z]+-[a-z-]+)`", row)}
    assert named == known


def test_its_budget_selects_its_pods() -> None:
    budget, deployment = EXAMPLES["PodDisruptionBudget shop"], EXAMPLES["Deployment shop"]
    assert budget["spec"]["selector"] == {"matchLabels": {BUDGET_LABEL: "shop"}}
    assert deployment["spec"]["template"]["metadata"]["labels"][BUDGET_LABEL] == "shop"


def test_the_times_of_its_shutdown_are_the_components() -> None:
    defaults = WebApplicationArgs.__dataclass_fields__
    longest, exits = defaults["longest_request_seconds"].default, defaults["exit_seconds"].default
    times = shutdown(longest_request_seconds=longest, exit_seconds=exits)
    pod = EXAMPLES["Deployment shop"]["spec"]["template"]["spec"]
    annotations = EXAMPLES["Ingress shop"]["metadata"]["annotations"]
    assert pod["terminationGracePeriodSeconds"] == times.grace
    assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == times.pre_stop
    delay = annotations["alb.ingress.kubernetes.io/target-group-attributes"]
    assert delay == f"deregistration_delay.timeout_seconds={times.deregistration_delay}"
    for row in (
        f"| `deregistration_delay.timeout_seconds` | {times.deregistration_delay} |",
        f"| `preStop.sleep.seconds` | {times.pre_stop} |",
        f"| time from SIGTERM to exit | {exits} |",
        f"| `terminationGracePeriodSeconds` | {times.grace} |",
        f"and {EXIT_MARGIN_SECONDS} to spare; at most {LONGEST_GRACE_SECONDS}",
    ):
        assert row in TEXT


def test_its_redirect_is_the_components(runs: list[Run]) -> None:
    shown = EXAMPLES["Ingress shop-redirect"]
    made = runs[0].one("kubernetes:networking.k8s.io/v1:Ingress", "shop-redirect").inputs
    assert shown["metadata"]["annotations"] == made["metadata"]["annotations"]
    assert json.loads(HTTPS_REDIRECT) == json.loads(
        shown["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.shop"]
    )
    assert shown["spec"]["rules"] == made["spec"]["rules"]

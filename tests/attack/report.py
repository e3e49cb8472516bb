"""What was tried, as whom, and what refused it: as text, JSON and one HTML page that needs no JavaScript.

A plugin of pytest: with `--attacks DIRECTORY`, the process that prints the results collects the attempts of all
workers and writes `attacks.txt`, `attacks.json` and `attacks.html`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.attack.attempts import MUTATION, PROPERTY, Mutation, Outcome
from tooling.whole_files import write_whole

VERSION = 1
_TEMPLATE = Path(__file__).with_name("report.html.j2")


DIRECTORIES = ("tests/attack/", "tests/admission/")
"""Whose tests attack. A run of the whole suite has others, whose failures say nothing about attacks."""


@dataclass
class Findings:
    """What a run found out."""

    outcomes: list[Outcome] = field(default_factory=list)
    mutations: list[Mutation] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Tests that attack and that failed, also before they tried anything."""

    @property
    def unexpected(self) -> list[Outcome]:
        return [one for one in self.outcomes if not one.expected]

    @property
    def unnoticed(self) -> list[Mutation]:
        return [one for one in self.mutations if not one.caught]

    def add(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.outcomes += [Outcome.of_dict(value) for name, value in _found(report, PROPERTY)]
            self.mutations += [Mutation.of_dict(value) for name, value in _found(report, MUTATION)]
        if report.failed and report.nodeid.startswith(DIRECTORIES):
            self.failed.append(report.nodeid.rpartition("@")[0] or report.nodeid)

    def sort(self) -> None:
        self.outcomes.sort(key=lambda one: (one.attempt.area, one.attempt.actor, one.attempt.name))
        self.mutations.sort(key=lambda one: one.guardrail)


def _found(report: pytest.TestReport, kind: str) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in report.user_properties if name == kind]


class Attacks:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.findings = Findings()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.findings.add(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self.findings.sort()
        write_whole(self._directory / "attacks.txt", as_text(self.findings))
        write_whole(self._directory / "attacks.json", as_json(self.findings))
        write_whole(self._directory / "attacks.html", as_html(self.findings))
        terminalreporter.section("attacks on tenants")
        for line in summary(self.findings):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"report: {self._directory / 'attacks.html'}")


def summary(found: Findings) -> list[str]:
    """The total, one line for each area, and what was not refused as it must be."""
    areas = Counter(one.attempt.area for one in found.outcomes)
    return [
        f"{len(found.outcomes)} attempts, {len(found.unexpected)} unexpected, {len(found.failed)} tests failed",
        *(f"{count:6}  {area}" for area, count in sorted(areas.items())),
        f"{len(found.mutations)} guardrails taken out one by one, {len(found.unnoticed)} without any attack noticing",
        *(f"unexpected: {_line(one)}" for one in found.unexpected),
        *(f"unnoticed: {one.guardrail}" for one in found.unnoticed),
        *(f"failed: {name}" for name in found.failed),
    ]


def as_text(found: Findings) -> str:
    mutations = [f"without {one.guardrail}: {'; '.join(one.through) or 'NOTHING'}" for one in found.mutations]
    return "\n".join([*summary(found), "", *map(_line, found.outcomes), "", *mutations, ""])


def as_json(found: Findings) -> str:
    document = {
        "version": VERSION,
        "attempts": [one.to_dict() for one in found.outcomes],
        "mutations": [one.to_dict() for one in found.mutations],
        "failed": found.failed,
    }
    return json.dumps(document, indent=1) + "\n"


def as_html(found: Findings) -> str:
    areas: dict[str, list[Outcome]] = {}
    for one in found.outcomes:
        areas.setdefault(one.attempt.area, []).append(one)
    template = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    return template.render(
        found=found,
        areas=areas,
        mechanisms=Counter(one.refused_by or "nothing" for one in found.outcomes).most_common(),
        actors=Counter(one.attempt.actor for one in found.outcomes).most_common(),
    )


def _line(one: Outcome) -> str:
    tried = one.attempt
    verdict = one.refused_by or "NOT REFUSED"
    wanted = "" if one.expected else f" (must be: {tried.mechanism})"
    return f"{tried.area} | {tried.actor} | {tried.name} | {verdict}{wanted}"

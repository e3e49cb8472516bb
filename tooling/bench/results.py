"""Benchmark results: stored as JSON beside this module, shown in docs/reference/performance.md between two markers."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tooling.bench.measure import Sample
from tooling.bench.table import BENCHES, Aim, Bench
from tooling.paths import REPOSITORY
from tooling.whole_files import write_whole

RESULTS = Path(__file__).with_name("results.json")
PAGE = REPOSITORY / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_GIB = 1 << 30
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """All samples of one benchmark, and how they were taken."""

    made_by: str
    """The command, as typed."""
    machine: str
    commit: str
    date: str
    samples: list[Sample]


def load(file: Path = RESULTS) -> dict[str, Measurement]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {
        key: Measurement(**{**value, "samples": [Sample(**sample) for sample in value["samples"]]})
        for key, value in content.items()
    }


def save(measurements: dict[str, Measurement], file: Path = RESULTS) -> None:
    text = json.dumps({key: asdict(value) for key, value in sorted(measurements.items())}, indent=1)
    write_whole(file, text + "\n")


def write_page(measurements: dict[str, Measurement], page: Path = PAGE) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{rendered(measurements)}{END}{after}", encoding="utf-8")


def rendered(measurements: dict[str, Measurement]) -> str:
    """The results as a Markdown table, with the machine and commits they come from."""
    if not measurements:
        return "\nNothing has been measured yet: `make bench`.\n\n"
    lines = [
        "",
        "| | wall s | CPU s | services' CPU s | peak MiB | aim |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(_row(bench, measurements) for bench in BENCHES if bench.key in measurements),
        "",
        "Minimum / median.",
        "",
        *(f"- {line}" for line in _origins(measurements)),
        "",
    ]
    return "\n".join(lines) + "\n"


def verdicts(bench: Bench, measurements: dict[str, Measurement]) -> list[tuple[str, bool]]:
    """Each target as text with the median, and whether the median meets it."""
    aim, samples = bench.aim, measurements[bench.key].samples
    first = measurements.get("add-1")
    found: list[tuple[str, float | None, float, str]] = [
        ("wall", aim.wall_seconds, statistics.median(s.wall_seconds for s in samples), "s"),
        ("CPU", aim.cpu_seconds, statistics.median(s.cpu_seconds for s in samples), "s"),
        ("memory", aim.peak_gib, statistics.median(s.peak_bytes for s in samples) / _GIB, "GiB"),
    ]
    if first is not None:
        found.append(("ratio", aim.ratio, ratio(measurements[bench.key], first), ""))
    return [
        (f"{name} {limit:g} {unit}".strip() + f" ({value:.2f})", value <= limit)
        for name, limit, value, unit in found
        if limit is not None
    ]


def ratio(one: Measurement, other: Measurement) -> float:
    """The ratio of the median wall times."""
    return statistics.median(s.wall_seconds for s in one.samples) / statistics.median(
        s.wall_seconds for s in other.samples
    )


def _row(bench: Bench, measurements: dict[str, Measurement]) -> str:
    samples = measurements[bench.key].samples
    told = [f"{words}: {'met' if met else '**missed**'}" for words, met in verdicts(bench, measurements)]
    if bench.key.startswith("add-") and bench.aim == Aim() and "add-1" in measurements and bench.key != "add-1":
        told.append(f"{ratio(measurements[bench.key], measurements['add-1']):.2f} times the first")
    return (
        f"| {bench.title} | {_two(s.wall_seconds for s in samples)} | {_two(s.cpu_seconds for s in samples)} "
        f"| {_two(s.service_cpu_seconds for s in samples)} "
        f"| {_two((s.peak_bytes / _MIB for s in samples), digits=0)} | {'; '.join(told)} |"
    )


def _two(values: Any, *, digits: int = 1) -> str:
    known = list(values)
    if not any(known):
        return ""
    return f"{min(known):.{digits}f} / {statistics.median(known):.{digits}f}"


def _origins(measurements: dict[str, Measurement]) -> list[str]:
    by_origin: dict[str, list[str]] = {}
    for bench in BENCHES:
        one = measurements.get(bench.key)
        if one is not None:
            said = f"`{one.made_by}` on {one.date}, commit {one.commit}, {one.machine}, rounds: {len(one.samples)}"
            by_origin.setdefault(said, []).append(bench.key)
    return [f"{', '.join(keys)}: {said}" for said, keys in by_origin.items()]

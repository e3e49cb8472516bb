"""What could be wrong without anybody's seeing it: parsing, statistics, and whether children are measured at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from shared.errors import BadInput, PlatformError
from tooling.bench import results
from tooling.bench.__main__ import chosen
from tooling.bench.measure import Sample, measured
from tooling.bench.processes import Process, descendants, parse_proportional_bytes, parse_stat
from tooling.bench.results import Measurement
from tooling.bench.scratch import generated_names, tenant_file
from tooling.bench.table import BENCHES, expected_seconds

BURN = "import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: pass"

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="processes are measured through Linux' /proc")


def measurement(*walls: float, cpu: float = 1.0, peak: int = 1 << 20) -> Measurement:
    samples = [Sample(wall_seconds=wall, cpu_seconds=cpu, peak_bytes=peak) for wall in walls]
    return Measurement(made_by="make bench", machine="2 cores", commit="abc", date="2026-01-01", samples=samples)


def test_a_process_name_with_parentheses_and_spaces_is_no_field() -> None:
    fields = ["S", "7", *["0"] * 9, "250", "50", *["0"] * 30]
    process = parse_stat(f"42 (a) b (c) {' '.join(fields)}\n")
    assert process == Process(pid=42, parent=7, cpu_seconds=300 / os.sysconf("SC_CLK_TCK"))


def test_proportional_memory_is_in_bytes() -> None:
    assert parse_proportional_bytes("Rss: 900 kB\nPss:   12 kB\nPss_Anon: 5 kB\n") == 12 * 1024
    assert parse_proportional_bytes("") == 0


def test_descendants_are_grandchildren_too_and_nobody_elses() -> None:
    table = {pid: Process(pid, parent, 0) for pid, parent in ((2, 1), (3, 2), (4, 3), (5, 1), (6, 5))}
    assert sorted(process.pid for process in descendants(2, table)) == [3, 4]


def test_a_table_with_a_ring_in_it_has_an_end() -> None:
    table = {pid: Process(pid, parent, 0) for pid, parent in ((2, 4), (3, 2), (4, 3))}
    assert sorted(process.pid for process in descendants(2, table)) == [3, 4]


@needs_proc
def test_what_grandchildren_use_is_counted_even_of_one_that_lost_its_parent(tmp_path: Path) -> None:
    burn = BURN.format(seconds=0.4)
    burn_and_tell = burn + "\nimport pathlib; pathlib.Path('done').touch()"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn_and_tell!r}])"
    program = (
        "import pathlib, subprocess, sys, time\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        f"subprocess.run([sys.executable, '-c', {orphan!r}])\n"
        "while not pathlib.Path('done').exists(): time.sleep(0.05)"
    )
    sample = measured([sys.executable, "-c", program], cwd=tmp_path, environment=os.environ)
    assert sample.cpu_seconds >= 0.8
    assert sample.wall_seconds >= 0.4


@needs_proc
def test_a_childs_memory_is_counted_at_its_peak(tmp_path: Path) -> None:
    child = "x = b'x' * (200 << 20); import time; time.sleep(0.6); del x"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    sample = measured([sys.executable, "-c", program], cwd=tmp_path, environment=os.environ)
    assert sample.peak_bytes >= 200 << 20


@needs_proc
def test_a_command_that_fails_is_no_sample(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as failed:
        measured([sys.executable, "-c", "import sys; sys.exit('broken')"], cwd=tmp_path, environment=os.environ)
    assert failed.value.code == "bench-command-failed"
    assert "broken" in failed.value.what


def test_a_row_tells_minimum_and_median() -> None:
    row = next(
        line for line in results.rendered({"change": measurement(9, 1, 2, 7, 3)}).splitlines() if "one ten" in line
    )
    assert row.split("|")[2].strip() == "1.0 / 3.0"


@pytest.mark.parametrize(("seconds", "met"), [(9.0, True), (9.1, False)])
def test_an_aim_is_met_by_the_median_or_said_to_be_missed(seconds: float, met: bool) -> None:
    preview = next(bench for bench in BENCHES if bench.key == "preview")
    found = results.verdicts(preview, {"preview": measurement(1, seconds, 30, cpu=5)})
    assert [ok for _, ok in found] == [met, True]
    assert ("**missed**" in results.rendered({"preview": measurement(1, seconds, 30, cpu=5)})) is not met


def test_the_last_tenant_is_compared_with_the_first() -> None:
    last = next(bench for bench in BENCHES if bench.key == "add-300")
    table = {"add-1": measurement(2, 2, 2), "add-300": measurement(2.4, 2.6, 9)}
    assert results.verdicts(last, table) == [("ratio 1.2 (1.30)", False)]


def test_figures_survive_being_kept_and_are_written_between_the_markers_only(tmp_path: Path) -> None:
    table = {"up": measurement(1.5, 2.5)}
    results.save(table, tmp_path / "results.json")
    assert results.load(tmp_path / "results.json") == table
    page = tmp_path / "page.md"
    page.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
    results.write_page(table, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "1.5 / 2.0" in text


def test_the_page_tells_what_is_kept() -> None:
    assert results.rendered(results.load()) in results.PAGE.read_text(encoding="utf-8")


def test_a_bench_that_is_not_there_is_named_with_the_nearest() -> None:
    assert chosen("preview, up") == {"preview", "up"}
    assert chosen("") == {bench.key for bench in BENCHES} - {"first-run"}
    with pytest.raises(BadInput) as refused:
        chosen("previw")
    assert '"preview"' in refused.value.what


def test_all_benches_together_are_announced_as_less_than_twenty_five_minutes() -> None:
    assert expected_seconds(chosen(""), 5) < 25 * 60
    assert expected_seconds({"change"}, 1) < expected_seconds({"add-100"}, 1)
    assert expected_seconds({"lane-start"}, 1) < expected_seconds({"destroy"}, 1)


def test_generated_tenants_are_valid_and_sort_in_their_order() -> None:
    from shared.tenant_file import TenantFile

    names = generated_names(1, 300)
    assert names == sorted(names)
    assert len(set(names)) == 300
    import yaml

    content = yaml.safe_load(tenant_file("bench-007", pods=3))
    assert TenantFile.model_validate({"name": "bench-007", **content}).quota is not None

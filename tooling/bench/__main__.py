"""`make bench`: runs the benchmarks, prints the results and writes docs/reference/performance.md."""

from __future__ import annotations

import argparse
import platform
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from shared.errors import BadInput, PlatformError, nearest
from shared.versions import ENGINE, KUBERNETES_PATCH
from tooling.bench import results
from tooling.bench.measure import Sample
from tooling.bench.scenarios import Clock, OutOfTime, run_chain, run_first, run_lane
from tooling.bench.scratch import cores
from tooling.bench.table import BENCHES, expected_seconds
from tooling.paths import REPOSITORY

_NAMES = [bench.key for bench in BENCHES]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tooling.bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(_NAMES)}; default: all but first-run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=25, help="start no further round after this; default: 25")
    parser.add_argument("--render", action="store_true", help="measure nothing; write the page from stored results")
    options = parser.parse_args()
    # On SIGTERM, a benchmark removes its lane before it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(_bench(options))
    except PlatformError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _bench(options: argparse.Namespace) -> int:
    measurements = results.load()
    if options.render:
        results.write_page(measurements)
        return 0
    keys = chosen(options.only)
    print(f"about {expected_seconds(keys, options.rounds) / 60:.0f} minutes on two idle cores", file=sys.stderr)
    found: dict[str, list[Sample]] = {}
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr)

    def record(key: str, sample: Sample) -> None:
        found.setdefault(key, []).append(sample)
        say(
            f"{key}: {sample.wall_seconds:.1f} s, {sample.cpu_seconds:.1f} CPU seconds, "
            f"services {sample.service_cpu_seconds:.1f}, {sample.peak_bytes >> 20} MiB"
        )

    clock = Clock(options.minutes)
    code = 0
    try:
        if "first-run" in keys:
            run_first(options.rounds, clock=clock, record=record, say=say)
        if keys & {bench.key for bench in BENCHES if bench.scenario == "lane"}:
            run_lane(keys, options.rounds, clock=clock, record=record)
        if keys & {bench.key for bench in BENCHES if bench.scenario == "chain"}:
            run_chain(keys, options.rounds, clock=clock, record=record, say=say)
    except OutOfTime:
        left = [key for key in _NAMES if key in keys and len(found.get(key, ())) < options.rounds]
        print(f"time limit reached; not or only partly measured: {', '.join(left)}; make bench ONLY=…", file=sys.stderr)
        code = 1
    finally:
        whole = {key: samples for key, samples in found.items() if len(samples) >= options.rounds}
        measurements.update({key: _measurement(options, samples) for key, samples in whole.items()})
        results.save(measurements)
        results.write_page(measurements)
    print(results.rendered(measurements))
    return code


def chosen(only: str) -> set[str]:
    """Raises: BadInput: `bench-unknown`."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in _NAMES:
            raise BadInput(
                "bench-unknown",
                f"there is no benchmark {name!r}{nearest(name, _NAMES)}",
                at="ONLY",
                hint=f"use some of: {', '.join(_NAMES)}",
            )
    # A first run downloads the Python packages, so it is measured on request only.
    return set(names) or {bench.key for bench in BENCHES if bench.scenario != "first"}


def _measurement(options: argparse.Namespace, samples: list[Sample]) -> results.Measurement:
    only = f" ONLY={options.only}" if options.only else ""
    return results.Measurement(
        made_by=f"make bench{only} ROUNDS={options.rounds}",
        machine=(
            f"{cores()} cores ({_processor()}), Python {platform.python_version()}, engine {ENGINE.value}, "
            f"Kubernetes {KUBERNETES_PATCH.value}"
        ),
        commit=_commit(),
        date=date.today().isoformat(),
        samples=samples,
    )


def _commit() -> str:
    """The short commit hash, with a plus sign if the working tree differs from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True).stdout.strip()

    ours = {str(file.relative_to(REPOSITORY)) for file in (results.PAGE, results.RESULTS)}
    changed = [line for line in git("status", "--porcelain").splitlines() if line[3:] not in ours]
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()

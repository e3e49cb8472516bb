"""`python -m tests.chaos`: many trials in a row, on a lane of their own; what `make chaos` runs.

Each line names the trial's seed; `make chaos SEED=<seed> ROUNDS=1` runs that one again.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chain.clone import Clone
from tests.chaos.harness import Harness, Wrong
from tests.chaos.trials import trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first trial; the next ones count up")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    # Ended by anybody, it still takes its lane down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wrong: list[int] = []
    victims: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory:
        harness = Harness(Clone(Path(directory).resolve()))
        harness.start()
        try:
            for number in range(options.rounds):
                chosen = trial(options.seed + number)
                started = time.monotonic()
                try:
                    result = harness.run(chosen)
                except (Wrong, AssertionError) as error:
                    wrong.append(chosen.seed)
                    print(f"{chosen}: WRONG after {time.monotonic() - started:.0f} s\n{error}", flush=True)
                    harness.begin_anew()
                    continue
                victims[str(chosen.victim) if result.hit else "nobody: it was over before"] += 1
                how = f"ended with {result.harmed_exit_code}" if result.hit else "was over before"
                print(f"{chosen}: {how}; right after the rerun, {result.seconds:.0f} s", flush=True)
                for remark in result.remarks:
                    print(f"    {remark}", flush=True)
        finally:
            harness.stop()
    print(f"{options.rounds - len(wrong)} of {options.rounds} ended right")
    print("hit: " + ", ".join(f"{victim} {count}" for victim, count in sorted(victims.items())))
    if wrong:
        print("wrong: " + ", ".join(f"make chaos SEED={seed} ROUNDS=1" for seed in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

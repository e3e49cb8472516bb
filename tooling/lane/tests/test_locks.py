"""One holder at a time, and a killed one holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tooling.lane.locks import hold
from tooling.paths import REPOSITORY

HOLDER = """
import sys, time
from pathlib import Path
from tooling.lane.locks import hold
with hold(Path(sys.argv[1]), "tiers local up", waiting=print):
    print("held", flush=True)
    time.sleep(600)
"""


def test_whoever_waits_is_told_once_who_holds_the_lock_and_for_what(tmp_path: Path) -> None:
    messages: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with hold(tmp_path / "lock", "second", waiting=messages.append):
            entered.set()

    with hold(tmp_path / "lock", "first", waiting=pytest.fail):
        thread = threading.Thread(target=second)
        thread.start()
        while not messages:
            time.sleep(0.01)
        assert not entered.is_set()
    thread.join()
    assert messages == [f"waiting for `first` (process {os.getpid()}), which is still running"]


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with hold(tmp_path / "lock", "next", waiting=pytest.fail):
            pass


def test_of_many_holders_that_remove_the_file_never_two_hold_it(tmp_path: Path) -> None:
    holders: list[str] = []
    seen: list[int] = []

    def work(name: str) -> None:
        for _ in range(20):
            with hold(tmp_path / "lock", name, waiting=lambda _: None, leave=False):
                holders.append(name)
                seen.append(len(holders))
                holders.remove(name)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 80
    assert not (tmp_path / "lock").exists()


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", "first", waiting=pytest.fail):
        child = subprocess.Popen(["sleep", "600"], close_fds=False)
    try:
        with hold(tmp_path / "lock", "second", waiting=pytest.fail):
            pass
    finally:
        child.kill()
        child.wait()

"""The emulator's process: prepares its environment, binds both ports, replays the journal, serves until a signal.

Re-executes itself once, because moto reads its environment when it is imported, and Python's order of sets, which
moto draws ids by here and there, is fixed at start as well.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from tooling.aws_emulator.options import Options

_ENVIRONMENT = {"PYTHONHASHSEED": "0", "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
_FOREIGN_PREFIXES = ("MOTO_", "AWS_", "INITIAL_NO_AUTH_ACTION_COUNT", "TEST_SERVER_MODE", "KUBECONFIG")


def run(options: Options) -> None:
    """Serves until SIGTERM or SIGINT. Raises PlatformError if it cannot begin."""
    _start_in_own_environment()
    options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _log_to(options)

    from tooling.aws_emulator.assembly import assemble

    emulator = assemble(options)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    emulator.start()
    stopped.wait()
    emulator.stop()


def environment() -> dict[str, str]:
    """This process' own, as the emulator wants it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_PREFIXES)}
    return {**kept, **_ENVIRONMENT}


def _start_in_own_environment() -> None:
    wanted = environment()
    if wanted != dict(os.environ):
        os.execve(sys.executable, sys.orig_argv, wanted)  # noqa: S606 - the same program, hence the same process id


def _log_to(options: Options) -> None:
    path = options.directory / "emulator.log"
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    logging.basicConfig(filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("botocore", "urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

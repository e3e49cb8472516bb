"""A machine of its own for a test, as far as the kernel gives one: no network but loopback, a small disk, a read-only
clone. Made of user, mount and network namespaces, so that it needs no root; where the kernel gives none, its tests are
skipped with the reason.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_SECONDS = 20.0


def refusal() -> str:
    """Why this machine gives no namespaces, or an empty string."""
    try:
        done = subprocess.run(
            ["unshare", "-Urmn", "sh", "-c", "ip link set lo up && mount -t tmpfs none /mnt"],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        return f"`unshare` cannot be run: {error}"
    return "" if done.returncode == 0 else f"no user namespaces here: {done.stderr.strip()}"


@contextlib.contextmanager
def namespaces(ready: Path, *set_up: Sequence[str]) -> Iterator[list[str]]:
    """Runs the commands `set_up` in new namespaces and yields the words that run another command in them.

    `ready` is a file that does not exist yet, and is made when the set-up is done.
    """
    script = " && ".join(["ip link set lo up", *map(shlex.join, [*set_up, ["touch", str(ready)]]), "exec sleep 3600"])
    with subprocess.Popen(["unshare", "-Urmn", "sh", "-c", script], stdin=subprocess.DEVNULL) as holder:
        try:
            deadline = time.monotonic() + _SECONDS
            while not ready.exists():
                assert holder.poll() is None, "the set-up of the namespaces failed"
                assert time.monotonic() < deadline, "the namespaces are not set up"
                time.sleep(0.05)
            # As the same user: mapped to root inside, and owner of the same files.
            yield ["nsenter", "-t", str(holder.pid), "-U", "-m", "-n", "--preserve-credentials"]
        finally:
            holder.kill()

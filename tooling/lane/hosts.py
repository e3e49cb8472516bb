"""The machines that the lane supports. Others are refused before anything is built or started."""

from __future__ import annotations

import platform
from pathlib import Path

from shared.errors import Refused

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "arm64": "arm64", "aarch64": "arm64"}


def supported_host() -> tuple[str, str]:
    """This machine as Go names it, e.g. `("linux", "amd64")`.

    Raises:
        Refused: the lane's programs do not run on this system or processor.
    """
    system, machine = platform.system(), platform.machine().lower()
    if system not in _SYSTEMS or machine not in _MACHINES:
        raise Refused(
            "host-unsupported",
            f"the local lane does not run on {system or 'an unknown system'} on {machine or 'an unknown processor'}",
            at="",
            hint="use Linux or macOS on x86-64 or arm64; on Windows, a Linux distribution under WSL 2",
        )
    if platform.release().endswith("-Microsoft"):
        raise Refused(
            "host-unsupported",
            "the local lane does not run on WSL 1, which has no Linux kernel",
            at="",
            hint="wsl --set-version <distribution> 2",
        )
    return _SYSTEMS[system], _MACHINES[machine]


def available_memory_bytes(root: Path = Path("/")) -> int | None:
    """Memory and swap still available, within the container's limit; None if the system does not report it.

    `root` is where `proc` and `sys` are.
    """
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        kibibytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        available = 1024 * (kibibytes["MemAvailable"] + kibibytes["SwapFree"])
    except (OSError, ValueError, KeyError, IndexError):
        return None
    try:
        group = root / "sys/fs/cgroup"
        limit, used = int((group / "memory.max").read_text()), int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no limit, or not cgroup v2
        return available
    return min(available, max(0, limit - used))

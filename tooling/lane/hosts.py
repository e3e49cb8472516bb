"""Which machines the lane runs on. Others are refused by name, before anything is built or started."""

from __future__ import annotations

import platform

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
            where="",
            mend="use Linux or macOS on x86-64 or arm64; on Windows, a Linux distribution under WSL 2",
        )
    return _SYSTEMS[system], _MACHINES[machine]

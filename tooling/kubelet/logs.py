"""Where the output of services is: one file per container of a pod, as long as the lane exists.

Files of pods that were deleted are kept for the last few pods, so that a failed release can still be read.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_KEPT_PODS = 30


def services_in(lane_directory: Path) -> Path:
    return lane_directory / "services"


def service_log(lane_directory: Path, namespace: str, pod: str, container: str, *, previous: bool = False) -> Path:
    """The log of a container, whether it exists or not; `previous`: of the process before its last restart."""
    suffix = ".previous.log" if previous else ".log"
    return services_in(lane_directory) / namespace / pod / f"{container}{suffix}"


def begin_log(log: Path) -> None:
    """Prepares `log` for a new process of the container."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name(f"{log.stem}.previous.log"))


def remove_old_logs(services: Path, running: set[Path]) -> None:
    """Removes the oldest directories of pods that are not in `running`."""
    old = sorted(
        (pod for pod in services.glob("*/*") if pod.is_dir() and pod not in running),
        key=lambda pod: pod.stat().st_mtime,
        reverse=True,
    )
    for pod in old[_KEPT_PODS:]:
        shutil.rmtree(pod, ignore_errors=True)

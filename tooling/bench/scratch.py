"""A copy of the repository with a lane of its own, in which tenants can be made up and the chain be measured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import yaml

from tooling.bench.measure import Sample, measured
from tooling.bench.processes import memory_bytes, naming
from tooling.lane.environments import washed
from tooling.paths import REPOSITORY

_TIERS = (sys.executable, "-c", "from tooling.cli.main import main; main()")


class Scratch:
    """The tracked files of the working tree, copied to `directory`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "repository"
        self.lane = directory / "lane"
        self._files: dict[str, str] = {}
        self._environment = {
            **washed(),
            "PYTHONPATH": str(self.path),
            "TIERS_LOCAL_DIR": str(self.lane),
            "NO_COLOR": "1",
        }
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            source, target = REPOSITORY / name, self.path / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    @property
    def catalog(self) -> Path:
        return self.path / "tenants" / "catalog"

    def tiers(self, *arguments: str) -> Sample:
        """Runs `tiers` to its end, measured; the lane's services apart.

        Raises:
            PlatformError: as `measured`.
        """
        before = {process.pid: process.cpu_seconds for process in naming(str(self.lane))}
        sample = measured([*_TIERS, *arguments], cwd=self.path, environment=self._environment)
        after = {process.pid: process.cpu_seconds for process in naming(str(self.lane))}
        used = sum(after[pid] - before[pid] for pid in before.keys() & after.keys())
        return replace(sample, service_cpu_seconds=used)

    def service_bytes(self) -> int:
        """Memory of the lane's services now."""
        return memory_bytes([process.pid for process in naming(str(self.lane))])

    def set_application(self, *, present: bool) -> None:
        """Puts the demo into the graph or takes it out; it needs `tenant-a`."""
        project = self.path / "applications" / "demo" / "Pulumi.yaml"
        project.unlink(missing_ok=True)
        if present:
            shutil.copy2(REPOSITORY / "applications" / "demo" / "Pulumi.yaml", project)

    def set_tenants(self, names: Iterable[str]) -> None:
        """Makes the catalog hold these and no others, each as it was when it was last there; what is deployed stays."""
        wanted = set(names)
        for file in self.catalog.glob("*.yaml"):
            self._files[file.stem] = file.read_text(encoding="utf-8")
            if file.stem not in wanted:
                file.unlink()
        for name in wanted:
            self.write_tenant(name, self._files.get(name) or tenant_file(name, pods=20))

    def write_tenant(self, name: str, text: str) -> None:
        (self.catalog / f"{name}.yaml").write_text(text, encoding="utf-8")

    def remove(self) -> None:
        """Ends the lane and removes the copy, whatever state they are in."""
        subprocess.run(
            [*_TIERS, "local", "down", "--yes"],
            cwd=self.path,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.rmtree(self.path.parent, ignore_errors=True)


def tenant_file(name: str, *, pods: int) -> str:
    """A catalog file as small teams write theirs: one site, nothing that may grow large."""
    return yaml.safe_dump(
        {
            "owner": name,
            "hosts": [f"{name}.example.com"],
            "quota": {
                "requests.cpu": "2",
                "requests.memory": "4Gi",
                "limits.cpu": "4",
                "limits.memory": "8Gi",
                "pods": pods,
            },
            "containers": {"max": {"cpu": "1", "memory": "2Gi", "ephemeral-storage": "4Gi"}},
        },
        sort_keys=False,
    )


def generated_names(first: int, last: int) -> list[str]:
    return [f"bench-{number:03}" for number in range(first, last + 1)]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

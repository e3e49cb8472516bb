"""A copy of the repository with its own lane, for generated tenants and for measuring the chain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import yaml

from shared.environment_variables import TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from tooling.bench.measure import Sample, measured
from tooling.bench.processes import memory_bytes, naming
from tooling.lane.environments import washed
from tooling.lane.program_choice import Programs
from tooling.lane.program_table import PROGRAMS
from tooling.lane.releases import CHECKSUMS
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
        """Runs `tiers` and measures it; the CPU time of the lane's services is reported separately.

        Raises:
            PlatformError: as `measured`.
        """
        before = {process.pid: process.cpu_seconds for process in naming(str(self.lane))}
        sample = measured([*_TIERS, *arguments], cwd=self.path, environment=self._environment)
        after = {process.pid: process.cpu_seconds for process in naming(str(self.lane))}
        used = sum(after[pid] - before[pid] for pid in before.keys() & after.keys())
        return replace(sample, service_cpu_seconds=used)

    def first_run(self, *, mirror: str) -> Sample:
        """Measures `make local-up` with an empty cache, and with `mirror` in place of the release sites."""
        # The mirror's archives are made here: they are not the files whose checksums are pinned.
        (self.path / CHECKSUMS.relative_to(REPOSITORY)).write_text("{}", encoding="utf-8")
        cache = self.path.parent / "cache"
        self._environment |= {"XDG_CACHE_HOME": str(cache)}
        environment = {
            **self._environment,
            TIERS_PROGRAMS.name: Programs.RELEASE,
            TIERS_PROGRAMS_MIRROR.name: mirror,
            # Otherwise the programs of this machine that are on PATH would not be downloaded.
            "PATH": os.pathsep.join(_without_programs(os.environ["PATH"])),
        }
        return measured(["make", "local-up"], cwd=self.path, environment=environment)

    def service_bytes(self) -> int:
        """Present memory use of the lane's services."""
        return memory_bytes([process.pid for process in naming(str(self.lane))])

    def set_application(self, *, present: bool) -> None:
        """Adds the demo application to the graph or removes it; it needs `tenant-a`."""
        project = self.path / "applications" / "demo" / "Pulumi.yaml"
        project.unlink(missing_ok=True)
        if present:
            shutil.copy2(REPOSITORY / "applications" / "demo" / "Pulumi.yaml", project)

    def set_tenants(self, names: Iterable[str]) -> None:
        """Sets the catalog to exactly these tenants, each with its last content; deployed tenants stay deployed."""
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
        """Stops the lane and removes the copy, whatever state they are in."""
        subprocess.run(
            [*_TIERS, "local", "down", "--yes"],
            cwd=self.path,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.rmtree(self.path.parent, ignore_errors=True)


def _without_programs(path: str) -> list[str]:
    return [part for part in path.split(os.pathsep) if not any((Path(part) / name).exists() for name in PROGRAMS)]


def tenant_file(name: str, *, pods: int) -> str:
    """A catalog file as a small team writes it: one site and small limits."""
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

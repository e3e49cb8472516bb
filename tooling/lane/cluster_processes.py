"""The processes of one kwokctl cluster: which run, which died, and how to stop them.

kwokctl starts them, by links in the cluster's own `bin/`: that path, as first word of a command line, tells a process
of this cluster from any other. What they are started with is `cluster`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tooling.lane.binaries import binary
from tooling.lane.processes import command_lines, end

COMPONENTS = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok-controller": "kwok",
}
"""kwokctl's name for each process, in the order they start, and the program it runs."""


@dataclass(frozen=True)
class ClusterProcesses:
    """`directory`: the cluster's; it need not exist."""

    directory: Path

    @property
    def work_directory(self) -> Path:
        """Where kwokctl keeps its cluster `lane`, with HOME set to `directory`."""
        return self.directory / ".kwok" / "clusters" / "lane"

    @property
    def kwokctl(self) -> Path:
        """A link to kwokctl for this cluster only, so that a kwokctl that outlived a killed command can be found."""
        return self.directory / "kwokctl"

    def pids(self) -> dict[str, int | None]:
        """Process id of each component, None for those that are not running."""
        found: dict[str, int | None] = dict.fromkeys(COMPONENTS)
        for pid, command in command_lines():
            for component in COMPONENTS:
                if self._matches(component, command):
                    found[component] = pid
        return found

    def died(self) -> list[str]:
        """Components that kwokctl started and that have exited."""
        return [name for name, pid in self.pids().items() if pid is None and self._pid_file(name).exists()]

    def end_kwokctl(self) -> None:
        """Stops a kwokctl that outlived the killed command that ran it: it would start more processes."""
        end(lambda command: _runs(self.kwokctl, command), grace_seconds=0)

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Stops every component: the API server after its clients, etcd last."""
        self.end_kwokctl()
        for name in reversed(COMPONENTS):
            self.end_component(name, grace_seconds)

    def end_component(self, name: str, grace_seconds: float) -> None:
        """`name`: one of `COMPONENTS`; does nothing if it is not running."""
        end(lambda command: self._matches(name, command), grace_seconds)
        self._pid_file(name).unlink(missing_ok=True)

    def correct_records(self) -> None:
        """Corrects kwokctl's pid files. It takes any process with a recorded id for its component: after a reboot it
        would start nothing, and without a record it would start a component twice."""
        for name, pid in self.pids().items():
            if pid is None:
                self._pid_file(name).unlink(missing_ok=True)
            else:
                self._pid_file(name).write_text(str(pid))

    def link_programs(self) -> None:
        """Recreates links to programs that moved when the cache was cleared; kwokctl would start dangling links."""
        for component, name in COMPONENTS.items():
            link = self._link(component)
            if not link.is_symlink() or link.readlink() != binary(name):
                link.unlink(missing_ok=True)
                link.symlink_to(binary(name))

    def log(self, component: str) -> Path:
        return self.work_directory / "logs" / f"{component}.log"

    def _pid_file(self, component: str) -> Path:
        return self.work_directory / "pids" / f"{component}.pid"

    def _link(self, component: str) -> Path:
        return self.work_directory / "bin" / component

    def _matches(self, component: str, command: str) -> bool:
        return _runs(self._link(component), command)


def _runs(program: Path, command: str) -> bool:
    return f"{command} ".startswith(f"{program} ")

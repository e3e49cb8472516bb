"""The processes of one kwokctl cluster: which run, which died, and how they are ended.

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
    """`directory` is the cluster's; it need not exist."""

    directory: Path

    @property
    def work_directory(self) -> Path:
        """Where kwokctl, at home in `directory`, keeps its cluster called `lane`."""
        return self.directory / ".kwok" / "clusters" / "lane"

    @property
    def kwokctl(self) -> Path:
        """A link to kwokctl for this cluster alone, so that one which outlived a killed command is found, too."""
        return self.directory / "kwokctl"

    def pids(self) -> dict[str, int | None]:
        """Process id of each component, None for those that do not run."""
        found: dict[str, int | None] = dict.fromkeys(COMPONENTS)
        for pid, command in command_lines():
            for component in COMPONENTS:
                if self._is_ours(component, command):
                    found[component] = pid
        return found

    def died(self) -> list[str]:
        """Components that kwokctl started and that do not run any more."""
        return [name for name, pid in self.pids().items() if pid is None and self._pid_file(name).exists()]

    def end_kwokctl(self) -> None:
        """Ends a kwokctl that goes on although the command that ran it was killed: it would start more processes."""
        end(lambda command: _runs(self.kwokctl, command), grace_seconds=0)

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Ends every component, the API server after those that watch it, etcd last."""
        self.end_kwokctl()
        for name in reversed(COMPONENTS):
            self.end_component(name, grace_seconds)

    def end_component(self, name: str, grace_seconds: float) -> None:
        """`name`: one of `COMPONENTS`; does nothing where it does not run."""
        end(lambda command: self._is_ours(name, command), grace_seconds)
        self._pid_file(name).unlink(missing_ok=True)

    def correct_records(self) -> None:
        """Sets kwokctl's pid files right: it takes any process of a recorded id for its component, and would start
        nothing after a reboot; or a second one beside a first whose record is lost."""
        for name, pid in self.pids().items():
            if pid is None:
                self._pid_file(name).unlink(missing_ok=True)
            else:
                self._pid_file(name).write_text(str(pid))

    def link_programs(self) -> None:
        """Links anew what a cleared cache has moved; kwokctl would start a link that leads nowhere."""
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

    def _is_ours(self, component: str, command: str) -> bool:
        return _runs(self._link(component), command)


def _runs(program: Path, command: str) -> bool:
    return f"{command} ".startswith(f"{program} ")

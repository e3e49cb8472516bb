"""Runs Helm against one cluster: a kubeconfig of its own, values from files, nothing secret on a command line."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from shared.errors import PlatformError
from tooling.lane.binaries import binary, ensure
from tooling.lane.program_table import PROGRAMS
from tooling.lane.progress import LineProgress
from tooling.plugins.kubernetes import credentials
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.helm.charts import Source
from tooling.plugins.kubernetes.kubeconfig import Connection


class HelmFailed(Exception):
    """Helm's own sentence."""


def built() -> bool:
    """Whether Helm could be run at once."""
    try:
        binary("helm")
    except PlatformError:
        return False
    return True


class Helm:
    """One cluster's Helm, with a directory of its own for the time of an operation."""

    def __init__(self, program: Path, directory: Path, cancellation: Cancellation) -> None:
        self._program = program
        self.directory = directory
        self._cancellation = cancellation

    def run(self, *arguments: str) -> str:
        """What it prints.

        Raises:
            HelmFailed, Cancelled.
        """
        variables = {
            # Nothing of the user's own Helm: plug-ins, repositories and post-renderers are not the lane's.
            "HOME": str(self.directory),
            "PATH": os.environ.get("PATH", ""),
            "KUBECONFIG": str(self.directory / "kubeconfig"),
            **{f"HELM_{kind}_HOME": str(self.directory / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
        }
        with (
            subprocess.Popen(
                [str(self._program), *arguments],
                cwd=self.directory,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
            self._cancellation.lend(_Interrupted(process)),
        ):
            out, errors = process.communicate()
        self._cancellation.check()
        if process.returncode != 0:
            raise HelmFailed(_sentence(errors))
        return out

    def document(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def fetched(self, source: Source) -> str:
        """The chart's path: its own, or where it was pulled to from its repository.

        Raises:
            HelmFailed, Cancelled.
        """
        if source.path is not None:
            return str(source.path)
        pulled = self.directory / "chart"
        pulled.mkdir()
        arguments = ["--destination", str(pulled)]
        if source.version:
            arguments += ["--version", source.version]
        if source.repository:
            arguments += ["--repo", source.repository]
        self.run("pull", source.chart, *arguments)
        return str(next(pulled.glob("*.tgz")))

    def values(self, inputs: Mapping[str, Any]) -> list[str]:
        """Writes the values of a release or chart, and returns the arguments that name them: the last one wins."""
        texts = [_content(asset) for asset in inputs.get("valueYamlFiles") or ()]
        texts.append(yaml.safe_dump(inputs.get("values") or {}))
        arguments = []
        for number, text in enumerate(texts):
            file = self.directory / f"values-{number}.yaml"
            _write_private(file, text)
            arguments += ["--values", str(file)]
        return arguments


class _Interrupted:
    """A process that Cancel ends: Helm marks its release as failed and leaves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def shutdown(self) -> None:
        self._process.terminate()


@contextmanager
def running(connection: Connection, cancellation: Cancellation, say: Callable[[str], None]) -> Iterator[Helm]:
    """Helm for one operation; built from its pinned sources if this machine has none, which `say` tells.

    Raises:
        PlatformError: it cannot be had.
    """
    if not built():
        say(f"building Helm from its sources, once: some 2 minutes on two cores ({PROGRAMS['helm'].package})")
        ensure(LineProgress(sys.stderr), ["helm"])
    with tempfile.TemporaryDirectory(prefix="helm-") as name:
        directory = Path(name)
        _write_private(directory / "kubeconfig", json.dumps(_kubeconfig(connection)))
        yield Helm(binary("helm"), directory, cancellation)


def _kubeconfig(connection: Connection) -> dict[str, Any]:
    """One context, with a token in place of the program that prints one: Helm has none of the plug-in's shortcuts."""
    cluster: dict[str, Any] = {"server": connection.server}
    if connection.certificate_authority:
        cluster["certificate-authority-data"] = _encoded(connection.certificate_authority)
    if not connection.verify:
        cluster["insecure-skip-tls-verify"] = True
    if connection.server_name:
        cluster["tls-server-name"] = connection.server_name
    user: dict[str, Any] = {}
    if connection.client_certificate and connection.client_key:
        user["client-certificate-data"] = _encoded(connection.client_certificate)
        user["client-key-data"] = _encoded(connection.client_key)
    token = credentials.bearer_token(connection)
    if token:
        user["token"] = token
    if connection.impersonated_user:
        user |= {"as": connection.impersonated_user, "as-groups": list(connection.impersonated_groups)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lane", "cluster": cluster}],
        "users": [{"name": "lane", "user": user}],
        "contexts": [{"name": "lane", "context": {"cluster": "lane", "user": "lane"}}],
        "current-context": "lane",
    }


def _encoded(material: bytes) -> str:
    return base64.b64encode(material).decode()


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _content(asset: Mapping[str, Any]) -> str:
    """The text of an asset as the engine sends one."""
    return str(asset["text"]) if "text" in asset else Path(str(asset["path"])).read_text(encoding="utf-8")


def _sentence(errors: str) -> str:
    """Helm's error without its prefix; warnings before it are left out."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    messages: Sequence[str] = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return " ".join(messages) or (lines[-1] if lines else "it ended without output")

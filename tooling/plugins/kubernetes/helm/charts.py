"""Where a chart comes from, and whether it can be had.

The lane fetches nothing from the internet by itself: what came from there could break tomorrow what worked today. A
repository on loopback is always asked, any other only with `TIERS_FETCH_CHARTS=true`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
import yaml

from shared.environment_variables import TIERS_FETCH_CHARTS
from shared.errors import BadInput

_PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Source:
    """`path` for a chart on disk, else a `chart` of a `repository`, or an `oci://` reference without one."""

    chart: str
    repository: str = ""
    version: str = ""
    path: Path | None = None

    def __str__(self) -> str:
        where = f" of {self.repository}" if self.repository else ""
        return f"{self.chart}{where}{f' {self.version}' if self.version else ''}"


def source_of(inputs: Mapping[str, Any]) -> Source:
    """Reads `chart`, `version` and `repositoryOpts` of a release or chart.

    Raises:
        BadInput: `chart-not-found`.
    """
    chart, version = str(inputs.get("chart", "")), str(inputs.get("version") or "")
    repository = str((inputs.get("repositoryOpts") or {}).get("repo") or "")
    if repository or chart.startswith("oci://"):
        return Source(chart=chart, repository=repository, version=version)
    path = Path(chart)
    if path.is_absolute() and path.exists():
        return Source(chart=chart, version=version, path=path)
    raise BadInput(
        "chart-not-found",
        f"chart {chart!r} is no file on disk, and no repository is given for it",
        at="`chart` of the Helm resource",
        # The plug-ins serve all projects, so that a relative path would be relative to none.
        hint="give its absolute path, str(Path(__file__).parent / …), or `repository_opts`",
    )


def digest(path: Path) -> str:
    """Of a chart's content: a directory's files with their names, or the packed file."""
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            total.update(f"{file.relative_to(path) if path.is_dir() else file.name}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def out_of_reach(source: Source) -> str:
    """Why the chart cannot be had now; empty if it can."""
    if source.path is not None:
        return ""
    address = urlsplit(source.repository or source.chart)
    if not _is_loopback(address.hostname or "") and os.environ.get(TIERS_FETCH_CHARTS.name) != "true":
        return f"the local lane fetches no charts unless {TIERS_FETCH_CHARTS.name}=true"
    asked = f"{source.repository.rstrip('/')}/index.yaml" if source.repository else f"https://{address.netloc}/v2/"
    try:
        answer = urllib3.request("HEAD", asked, timeout=_PATIENCE.total_seconds(), retries=False)
    except urllib3.exceptions.HTTPError as error:
        return f"{address.hostname} cannot be reached ({type(error).__name__})"
    # A registry wants to know who asks, and is there all the same.
    return "" if answer.status < 400 or answer.status == 401 else f"{asked} answers {answer.status}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def version_of(source: Source) -> str:
    """The version that a chart's directory names; empty for what is packed or has to be fetched."""
    if source.path is None:
        return ""
    try:
        document = yaml.safe_load((source.path / "Chart.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    return str(document.get("version") or "") if isinstance(document, dict) else ""

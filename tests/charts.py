"""Charts of applications, rendered by real Helm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.versions import KUBERNETES_PATCH
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on


def helm(
    command: str, chart: Path, values: Mapping[str, Any], *arguments: str, release: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs `helm template` or `helm lint` with these values, for the platform's version of Kubernetes."""
    ensure(progress_on(), ["helm"])
    names = [release] if release else []
    return subprocess.run(
        [
            *(str(binary("helm")), command, *names, str(chart)),
            *("--kube-version", KUBERNETES_PATCH.value, "--values", "-", *arguments),
        ],
        input=json.dumps(values),
        capture_output=True,
        text=True,
    )


def rendered_chart(
    chart: Path, values: Mapping[str, Any], *, release: str, namespace: str
) -> subprocess.CompletedProcess[str]:
    """The objects of a release, as YAML on standard output."""
    return helm("template", chart, values, "--namespace", namespace, release=release)

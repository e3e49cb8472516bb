"""The fixtures of the Pod Security Standards, as Kubernetes publishes them for the minor that the lane runs.

They are in the Go module `k8s.io/pod-security-admission`, which the lane's control plane is built from: no copy can
differ from what that release calls a violation.
"""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from shared.versions import KUBERNETES
from tooling.paths import REPOSITORY

MODULE = "k8s.io/pod-security-admission"
_VERSIONED = {"registry.k8s.io/pause": "registry.k8s.io/pause:3.10"}
"""Images without a version are refused for that alone."""


@functools.cache
def fixtures(kind: str) -> dict[str, dict[str, Any]]:
    """Pods by name: of `kind` `fail` or `pass`, at the level `restricted`."""
    directory = _module_directory() / "test" / "testdata" / "restricted" / f"v{KUBERNETES.value}" / kind
    return {path.stem: _named(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted(directory.iterdir())}


def _module_directory() -> Path:
    """Fetches the module unless Go has it."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", MODULE],
        cwd=REPOSITORY / "tooling" / "binaries" / "control-plane",
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(json.loads(done.stdout)["Dir"])


def _named(pod: dict[str, Any]) -> dict[str, Any]:
    # Sixteen have underscores in their names, for which alone they would be refused.
    pod["metadata"]["name"] = pod["metadata"]["name"].replace("_", "-")
    for container in (one for key in ("containers", "initContainers") for one in pod["spec"].get(key, [])):
        container["image"] = _VERSIONED.get(container["image"], container["image"])
        if container.get("securityContext", {}).get("procMount") == "Unmasked":
            # Newer API servers refuse it everywhere without a user namespace.
            pod["spec"]["hostUsers"] = False
    return pod

"""The programs of the lane and of its tests, as data: what fits, and which Go module each is built from.

`binaries` finds and obtains them, `releases` has their released files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.versions import ACTIONLINT, BUILDKIT, CYCLONUS, ENGINE, HELM, KUBERNETES, KUBERNETES_PATCH, KWOK
from tooling.lane.go_build import GoModule
from tooling.paths import REPOSITORY

Version = tuple[int, int, int]

_ETCD_OLDEST: Version = (3, 6, 0)
"""Kubernetes 1.35 needs etcd's 3.6 storage interface: k8s.io/kubernetes v1.35.4 CHANGELOG, etcd 3.6.5."""


def numbers_in(version: str) -> Version | None:
    """The first version in a text, such as what a program prints about itself."""
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _pinned(version: str) -> Version:
    numbers = numbers_in(version)
    if numbers is None:
        raise ValueError(f"not a version: {version}")
    return numbers


def _is_engine(version: Version) -> bool:
    oldest = _pinned(ENGINE.value)
    return version >= oldest and version[0] == oldest[0]


def _is_kubernetes(version: Version) -> bool:
    return version[:2] == _pinned(KUBERNETES_PATCH.value)[:2]


def _is_etcd(version: Version) -> bool:
    return version >= _ETCD_OLDEST and version[0] == _ETCD_OLDEST[0]


def _is_helm(version: Version) -> bool:
    return version >= _pinned(HELM.value) and version[0] == _pinned(HELM.value)[0]


def _is_kwok(version: Version) -> bool:
    return version == _pinned(KWOK.value)


@dataclass(frozen=True)
class Program:
    """A program that is found on PATH, downloaded or built.

    `module` names a key of `MODULES`, `package` is its import path, `output` is Go's name of the built file.
    `version_argument` makes it print its version; `fits` tells whether that version is usable.
    """

    module: str
    package: str
    output: str
    version_argument: str
    fits: Callable[[Version], bool]
    of_the_lane: bool = True
    """False if `tiers local up` does not obtain it: only tests, or programs that use a chart, need it."""


PROGRAMS = {
    "pulumi": Program("control-plane", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "pulumi", "version", _is_engine),
    # Go names a program after its import path's last element, less the major version.
    "etcd": Program("control-plane", "go.etcd.io/etcd/server/v3", "server", "--version", _is_etcd),
    **{
        name: Program("control-plane", f"k8s.io/kubernetes/cmd/{name}", name, "--version", _is_kubernetes)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    },
    **{
        name: Program("kwok", f"sigs.k8s.io/kwok/cmd/{name}", name, "--version", _is_kwok)
        for name in ("kwok", "kwokctl")
    },
    "helm": Program("helm", "helm.sh/helm/v3/cmd/helm", "helm", "version", _is_helm, of_the_lane=False),
    "actionlint": Program(
        "actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        "actionlint",
        "-version",
        lambda version: version == _pinned(ACTIONLINT.value),
        of_the_lane=False,
    ),
    "dockerfile-check": Program(
        "dockerfile-check",
        "platform.local/dockerfile-check",
        "dockerfile-check",
        "--version",
        lambda version: version == _pinned(BUILDKIT.value),
        of_the_lane=False,
    ),
    "network-verdicts": Program(
        "network-verdicts",
        "platform.local/network-verdicts",
        "network-verdicts",
        "--version",
        lambda version: version == _pinned(CYCLONUS.value),
        of_the_lane=False,
    ),
    # The one released with the Pulumi CLI cannot print its version, so it never fits.
    "pulumi-language-python": Program(
        "language-host",
        "platform.local/language-host",
        "language-host",
        "--version",
        lambda _: False,
        of_the_lane=False,
    ),
}

PYTHON_PROGRAMS = ("kubectl", "aws")
"""Installed by PyPI packages beside this interpreter."""


def _stamps(stamps: dict[str, str]) -> str:
    return " ".join(("-s", "-w", *(f"-X {variable}={value}" for variable, value in stamps.items())))


_MAJOR, _MINOR = KUBERNETES.value.split(".")
MODULES = {
    "control-plane": GoModule(
        REPOSITORY / "tooling" / "binaries" / "control-plane",
        # Without its version the engine cannot preview through the Automation API, though `up` works and hides it.
        _stamps(
            {
                "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{ENGINE.value}",
                "k8s.io/component-base/version.gitVersion": f"v{KUBERNETES_PATCH.value}",
                "k8s.io/component-base/version.gitMajor": _MAJOR,
                "k8s.io/component-base/version.gitMinor": _MINOR,
            }
        ),
    ),
    "helm": GoModule(
        REPOSITORY / "tooling" / "binaries" / "helm",
        _stamps({"helm.sh/helm/v3/internal/version.version": f"v{HELM.value}"}),
    ),
    "kwok": GoModule(REPOSITORY / "tooling" / "binaries" / "kwok", _stamps({})),
    "actionlint": GoModule(REPOSITORY / "tooling" / "binaries" / "actionlint", _stamps({})),
    "dockerfile-check": GoModule(REPOSITORY / "tooling" / "binaries" / "dockerfile-check", _stamps({})),
    "network-verdicts": GoModule(REPOSITORY / "tooling" / "binaries" / "network-verdicts", _stamps({})),
    "language-host": GoModule(
        REPOSITORY / "tooling" / "binaries" / "language-host",
        _stamps({"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{ENGINE.value}"}),
    ),
}
TITLES = {
    "control-plane": "building the engine and the Kubernetes control plane (about 8 minutes on two cores, once)",
    "kwok": "building kwok (about 2 minutes on two cores, once)",
    "helm": "building Helm (about 2 minutes on two cores, once)",
    "actionlint": "building actionlint (a few seconds, once)",
    "dockerfile-check": "building BuildKit's linter (about 1 minute on two cores, once)",
    "network-verdicts": "building cyclonus' reading of network policies (about 1 minute on two cores, once)",
    "language-host": "building the test suite's Python language host (a few seconds, once)",
}

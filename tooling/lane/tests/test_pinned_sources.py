"""The Go modules and `shared/versions.py` say the same, and so do the programs built from them."""

from __future__ import annotations

import re
import subprocess

import pytest

from shared.versions import ACTIONLINT, BUILDKIT, CYCLONUS, ENGINE, ETCD, HELM, KUBERNETES, KUBERNETES_PATCH, KWOK
from tooling.lane.binaries import binary, ensure
from tooling.lane.program_table import MODULES, PROGRAMS
from tooling.lane.progress import progress_on
from tooling.paths import REPOSITORY


def required(module: str) -> dict[str, str]:
    text = (MODULES[module].directory / "go.mod").read_text()
    return dict(re.findall(r"^\t(\S+) (v\S+)(?: // indirect)?$", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("module", "path", "version"),
    [
        ("control-plane", "github.com/pulumi/pulumi/pkg/v3", ENGINE.value),
        ("control-plane", "github.com/pulumi/pulumi/sdk/v3", ENGINE.value),
        ("control-plane", "k8s.io/kubernetes", KUBERNETES_PATCH.value),
        ("control-plane", "go.etcd.io/etcd/server/v3", ETCD.value),
        ("kwok", "sigs.k8s.io/kwok", KWOK.value),
        ("actionlint", "github.com/rhysd/actionlint", ACTIONLINT.value),
        ("dockerfile-check", "github.com/moby/buildkit", BUILDKIT.value),
        ("network-verdicts", "github.com/mattfenwick/cyclonus", CYCLONUS.value),
        ("helm", "helm.sh/helm/v3", HELM.value),
        ("language-host", "github.com/pulumi/pulumi/sdk/v3", ENGINE.value),
    ],
    ids=lambda value: str(value).rpartition("/")[2],
)
def test_go_mod_pins_the_version_that_shared_versions_names(module: str, path: str, version: str) -> None:
    assert required(module)[path] == f"v{version}"


def test_every_staging_module_is_of_the_control_planes_own_release() -> None:
    text = (MODULES["control-plane"].directory / "go.mod").read_text()
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (v\S+)$", text, re.MULTILINE)
    assert len(replaced) > 25
    released = "v0." + KUBERNETES_PATCH.value.split(".", 1)[1]
    assert {(old, version) for old, new, version in replaced if old != new or version != released} == set()


def test_every_tool_line_is_a_program_and_every_program_a_tool_line() -> None:
    for module, described in MODULES.items():
        text = (described.directory / "go.mod").read_text()
        tools = re.search(r"^tool (?:\((.*?)^\)|(\S+)$)", text, re.MULTILINE | re.DOTALL)
        assert tools is not None
        assert set((tools[1] or tools[2]).split()) == {p.package for p in PROGRAMS.values() if p.module == module}


def test_the_patch_release_belongs_to_the_minor_that_eks_runs() -> None:
    assert KUBERNETES_PATCH.value.startswith(f"{KUBERNETES.value}.")


@pytest.mark.parametrize(
    ("name", "argument", "version"),
    [
        ("etcd", "--version", ETCD.value),
        ("kube-apiserver", "--version", KUBERNETES_PATCH.value),
        ("kube-controller-manager", "--version", KUBERNETES_PATCH.value),
        ("kube-scheduler", "--version", KUBERNETES_PATCH.value),
        ("kwok", "--version", KWOK.value),
        ("kwokctl", "--version", KWOK.value),
        ("pulumi", "version", ENGINE.value),
        ("actionlint", "-version", ACTIONLINT.value),
        ("dockerfile-check", "--version", BUILDKIT.value),
        ("network-verdicts", "--version", CYCLONUS.value),
    ],
    ids=str,
)
def test_a_built_program_says_the_version_it_is_pinned_to(
    name: str, argument: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(progress_on(), [name])
    if "eks-platform" not in binary(name).parts:  # the user's own, of a version that fits
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        ensure(progress_on(), [name])
    answer = subprocess.run([str(binary(name)), argument], capture_output=True, text=True, check=True)
    assert version in answer.stdout


def test_no_registry_is_named_in_the_pinned_sources() -> None:
    for file in (REPOSITORY / "tooling" / "binaries").glob("*/go.*"):
        assert "://" not in file.read_text(), file

"""The directory that `tiers render` writes: whole or not at all, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts import Tenant
from shared.errors import PlatformError
from shared.testing import contract_outputs
from tooling.applications.lookup import application_stack
from tooling.manifests import output
from tooling.manifests.layers import HEADER
from tooling.manifests.output import rendered_before, replace_directory
from tooling.manifests.render import render

FILES = {"base/kustomization.yaml": f"{HEADER}kind: Kustomization\n", "overlays/dev/kustomization.yaml": "x\n"}


class Deployed:
    """An engine that has deployed the tenant and nothing else."""

    def exists(self, stack: Any) -> bool:
        return stack.tier == "tenants"

    def outputs(self, _: Any) -> dict[str, Any]:
        return contract_outputs(Tenant)

    def record(self, _: Any) -> dict[str, Any]:
        return {}


def content(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def rendered(out: Path, environment: str) -> dict[str, str]:
    stack = application_stack("demo", environment)
    render(Deployed(), stack, out, repository="https://example.com/platform.git", revision="main")  # type: ignore[arg-type]
    return content(out)


def test_the_former_content_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replace_directory(out, {"base/a.yaml": "a", "overlays/dev/b.yaml": "b"})
    (out / "README.md").write_text("mine")
    replace_directory(out, FILES)
    assert content(out) == {**FILES, "README.md": "mine"}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("killed_at", [0, 1], ids=["before-the-first-rename", "between-the-renames"])
def test_a_run_that_ends_half_way_leaves_the_former_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    out = tmp_path / "out"
    replace_directory(out, FILES)
    real, renamed = Path.rename, []

    def rename(path: Path, target: Path) -> Path:
        renamed.append(target)
        if len(renamed) == killed_at + 1:
            raise KeyboardInterrupt
        return real(path, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            replace_directory(out, {"base/other.yaml": "other"})
    assert content(out) == FILES
    assert list(tmp_path.iterdir()) == [out]


def test_the_next_run_repairs_what_a_killed_one_left(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replace_directory(out, FILES)
    out.rename(tmp_path / ".out.before")
    output.recover(out)
    assert content(out) == FILES


@pytest.mark.parametrize("name", ["notes.txt", "base/kustomization.yaml"])
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("kind: Kustomization\n")
    with pytest.raises(PlatformError) as refused:
        rendered_before(out)
    assert refused.value.code == "directory-taken"
    assert content(out) == {name: "kind: Kustomization\n"}


@pytest.mark.process
def test_environments_are_added_one_by_one_in_any_order(tmp_path: Path) -> None:
    rendered(tmp_path / "one", "dev")
    one = rendered(tmp_path / "one", "prod")
    rendered(tmp_path / "other", "prod")
    other = rendered(tmp_path / "other", "dev")
    assert {name: text for name, text in one.items() if not name.startswith("argo-cd/")} == {
        name: text for name, text in other.items() if not name.startswith("argo-cd/")
    }
    assert {"argo-cd/dev.yaml", "argo-cd/prod.yaml", "overlays/dev/kustomization.yaml"} <= set(one)
    assert rendered(tmp_path / "one", "prod") == one


@pytest.mark.process
def test_the_application_of_argo_cd_names_the_tenants_project_and_the_overlay(tmp_path: Path) -> None:
    files = rendered(tmp_path / "demo", "dev")
    assert yaml.safe_load(files["argo-cd/dev.yaml"]) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "tenant-a-demo", "namespace": "argocd"},
        "spec": {
            "project": "tenant-a",
            "source": {
                "repoURL": "https://example.com/platform.git",
                "targetRevision": "main",
                "path": "overlays/dev",
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "tenant-a"},
            "syncPolicy": {"syncOptions": ["ServerSideApply=true", "PruneLast=true", "FailOnSharedResource=true"]},
        },
    }


@pytest.mark.process
def test_without_a_repository_there_is_no_application(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as refused:
        render(Deployed(), application_stack("demo", "dev"), tmp_path / "out", repository="", revision="main")  # type: ignore[arg-type]
    assert refused.value.code == "repository-url-missing"
    assert not (tmp_path / "out").exists()


@pytest.mark.process
def test_an_overlay_that_kustomize_cannot_build_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replace_directory(out, {**FILES, "overlays/dev/kustomization.yaml": "resources: [missing.yaml]\n"})
    with pytest.raises(PlatformError) as refused:
        rendered_before(out)
    assert refused.value.code == "kustomize-failed"
    assert refused.value.at == str(out / "overlays/dev")
    assert "missing.yaml" in refused.value.what

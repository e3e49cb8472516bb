"""The user's own kubeconfig, merged by the real kubectl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import PlatformError
from tooling.guide.kubectl_context import merge, user_kubeconfig
from tooling.lane.binaries import binary

pytestmark = pytest.mark.process


def kubeconfig(name: str, server: str) -> str:
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {"token": f"token of {name}"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(content)


@pytest.fixture
def kubectl() -> str:
    return str(binary("kubectl"))


def test_others_stay_and_the_new_context_is_the_current_one(tmp_path: Path, kubectl: str) -> None:
    target = tmp_path / "kube" / "config"
    assert merge(kubectl, kubeconfig("first", "https://a:1"), target) == "first"
    assert target.stat().st_mode & 0o777 == 0o600
    assert merge(kubectl, kubeconfig("second", "https://b:1"), target) == "second"
    content = yaml.safe_load(target.read_text())
    assert content["current-context"] == "second"
    assert {user["name"]: user["user"]["token"] for user in content["users"]} == {
        "first": "token of first",
        "second": "token of second",
    }
    assert [entry.name for entry in target.parent.iterdir()] == ["config"]


def test_a_cluster_that_moved_is_replaced(tmp_path: Path, kubectl: str) -> None:
    target = tmp_path / "config"
    merge(kubectl, kubeconfig("first", "https://a:1"), target)
    merge(kubectl, kubeconfig("first", "https://a:2"), target)
    (cluster,) = yaml.safe_load(target.read_text())["clusters"]
    assert cluster["cluster"]["server"] == "https://a:2"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path, kubectl: str) -> None:
    real, link = tmp_path / "dotfiles", tmp_path / "config"
    real.write_text(kubeconfig("first", "https://a:1"))
    link.symlink_to(real)
    merge(kubectl, kubeconfig("second", "https://b:1"), link)
    assert link.is_symlink()
    assert yaml.safe_load(real.read_text())["current-context"] == "second"


def test_a_file_that_kubectl_cannot_read_is_left_alone(tmp_path: Path, kubectl: str) -> None:
    target = tmp_path / "config"
    target.write_text("{broken")
    with pytest.raises(PlatformError) as refused:
        merge(kubectl, kubeconfig("first", "https://a:1"), target)
    assert refused.value.code == "kubeconfig-unusable"
    assert refused.value.at == str(target)
    assert target.read_text() == "{broken"


def test_the_file_is_the_one_that_kubectl_writes_to() -> None:
    assert user_kubeconfig({"HOME": "/home/ann"}) == Path("/home/ann/.kube/config")
    assert user_kubeconfig({"HOME": "/home/ann", "KUBECONFIG": "/a/b:/c"}) == Path("/a/b")

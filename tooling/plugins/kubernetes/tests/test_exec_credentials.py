"""A kubeconfig's exec plug-in, which is how `aws eks get-token` logs in, run for real against a real API server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.lane.cluster import Cluster
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"

SCRIPT = """#!/bin/sh
echo "$WHO" >> {runs}
case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 3 ;; esac
cat {credentials}/"$WHO"
"""


@dataclass(frozen=True)
class TokenProgram:
    """Hands out tokens of service accounts, and writes down for whom it was run."""

    directory: Path
    api: Api
    namespace: str
    certificate_authority: Path
    server: str

    def __post_init__(self) -> None:
        self.program.write_text(SCRIPT.format(runs=self.directory / "runs", credentials=self.directory))
        self.program.chmod(0o700)

    @property
    def program(self) -> Path:
        return self.directory / "get-token"

    def runs(self) -> list[str]:
        return (self.directory / "runs").read_text().split()

    def admit(self, who: str, *, expires: timedelta, verbs: tuple[str, ...] = ("*",)) -> None:
        """Makes the account, lets it handle ConfigMaps of the namespace, and issues its token."""
        request = self.api.client.request
        core, rbac = f"/api/v1/namespaces/{self.namespace}", "/apis/rbac.authorization.k8s.io/v1/namespaces/"
        request("POST", f"{core}/serviceaccounts", body={"metadata": {"name": who}})
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": list(verbs)}
        request("POST", f"{rbac}{self.namespace}/roles", body={"metadata": {"name": who}, "rules": [rule]})
        binding = {
            "metadata": {"name": who},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": who},
            "subjects": [{"kind": "ServiceAccount", "name": who, "namespace": self.namespace}],
        }
        request("POST", f"{rbac}{self.namespace}/rolebindings", body=binding)
        self.issue(who, expires=expires)

    def issue(self, who: str, *, expires: timedelta, token: str = "") -> None:
        if not token:
            path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{who}/token"
            token = self.api.client.request("POST", path, body={"spec": {}})["status"]["token"]
        status = {"token": token, "expirationTimestamp": (datetime.now(UTC) + expires).strftime("%Y-%m-%dT%H:%M:%SZ")}
        credential = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": status}
        (self.directory / who).write_text(json.dumps(credential))

    def kubeconfig(self, who: str, command: str = "") -> str:
        program = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": command or str(self.program),
            "args": ["eks", "get-token"],
            "env": [{"name": "WHO", "value": who}],
            "installHint": "get it from the tools page",
        }
        cluster = {"server": self.server, "certificate-authority": str(self.certificate_authority)}
        return yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"exec": program}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )


@pytest.fixture
def tokens(tmp_path: Path, api: Api, namespace: str, cluster: Cluster) -> TokenProgram:
    return TokenProgram(tmp_path, api, namespace, cluster.certificate_authority, cluster.server)


def config_map(namespace: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


def test_token_is_fetched_once_for_all_providers_of_one_user(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    tokens.admit("alice", expires=timedelta(hours=1))

    for name in ("a", "b"):
        provider = new_provider(kubeconfig=tokens.kubeconfig("alice"))
        provider.create(CONFIG_MAP, name, config_map(tokens.namespace, name))

    assert tokens.runs() == ["alice"]


def test_users_do_not_share_a_token(new_provider: Callable[..., Provider], tokens: TokenProgram) -> None:
    tokens.admit("alice", expires=timedelta(hours=1))
    tokens.admit("bob", expires=timedelta(hours=1), verbs=("get",))
    new_provider(kubeconfig=tokens.kubeconfig("alice")).create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))

    with pytest.raises(Refused, match=r"kubernetes-forbidden[\s\S]*:bob\" cannot"):
        new_provider(kubeconfig=tokens.kubeconfig("bob")).create(CONFIG_MAP, "b", config_map(tokens.namespace, "b"))

    assert tokens.runs() == ["alice", "bob"]


def test_token_is_fetched_anew_when_it_is_about_to_expire(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    tokens.admit("alice", expires=timedelta(seconds=5))
    provider = new_provider(kubeconfig=tokens.kubeconfig("alice"))

    provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))

    assert len(tokens.runs()) > 1


def test_token_that_the_server_refuses_is_fetched_anew_once(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    tokens.admit("alice", expires=timedelta(hours=1))
    tokens.issue("alice", expires=timedelta(hours=1), token="stale")
    provider = new_provider(kubeconfig=tokens.kubeconfig("alice"))
    with pytest.raises(Refused, match=r"kubernetes-unauthorized|401"):
        provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))
    tokens.issue("alice", expires=timedelta(hours=1))

    assert provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a")).id == f"{tokens.namespace}/a"


def test_missing_plugin_is_named_with_its_install_hint(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    provider = new_provider(kubeconfig=tokens.kubeconfig("alice", command="no-such-program"))

    with pytest.raises(Refused, match=r"`no-such-program` is not installed[\s\S]*get it from the tools page"):
        provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))


def test_failing_plugin_shows_the_command_to_run_by_hand(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    provider = new_provider(kubeconfig=tokens.kubeconfig("nobody"))

    with pytest.raises(Refused, match=rf"exit code 1[\s\S]*{tokens.program} eks get-token"):
        provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))


def test_plugin_that_prints_something_else_is_reported_without_what_it_printed(
    new_provider: Callable[..., Provider], tokens: TokenProgram
) -> None:
    (tokens.directory / "alice").write_text('{"token": "sesame"}')
    provider = new_provider(kubeconfig=tokens.kubeconfig("alice"))

    with pytest.raises(Refused, match="printed no ExecCredential") as refused:
        provider.create(CONFIG_MAP, "a", config_map(tokens.namespace, "a"))
    assert "sesame" not in refused.value.message

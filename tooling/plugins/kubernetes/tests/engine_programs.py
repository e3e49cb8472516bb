"""The programs that the tests of the real engine deploy. Each gets a provider and plain arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

Program = Callable[..., None]


def _on(provider: k8s.Provider, **more: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=provider, **more)


def nothing(provider: k8s.Provider) -> None:
    """What is left when a user deletes everything."""


def settings(provider: k8s.Provider, namespace: str, value: str = "1", team: str = "a") -> None:
    """A nameless ConfigMap."""
    config_map = k8s.core.v1.ConfigMap(
        "settings",
        metadata={"namespace": namespace, "labels": {"team": team}},
        data={"value": value},
        opts=_on(provider),
    )
    pulumi.export("name", config_map.metadata.name)


def secrets(provider: k8s.Provider, namespace: str, plain: str) -> None:
    secret = k8s.core.v1.Secret(
        "secret", metadata={"namespace": namespace}, string_data={"password": plain}, opts=_on(provider)
    )
    k8s.core.v1.ConfigMap(
        "derived",
        metadata={"namespace": namespace},
        data={"copy": pulumi.Output.secret(plain)},
        opts=_on(provider),
    )
    pulumi.export("data", secret.data)


def adopted(provider: k8s.Provider, namespace: str, importing: bool, labels: dict[str, str]) -> None:
    """A ConfigMap called `old` that somebody else made."""
    k8s.core.v1.ConfigMap(
        "old",
        metadata=k8s.meta.v1.ObjectMetaArgs(name="old", namespace=namespace, labels=labels or None),
        data={"a": "1"},
        opts=_on(provider, import_=f"{namespace}/old" if importing else None),
    )


def charts(provider: k8s.Provider, namespace: str, chart: str, greeting: str, hidden: bool = False) -> None:
    """One chart twice: as a release, and as resources of the program."""
    value = pulumi.Output.secret(greeting) if hidden else pulumi.Output.from_input(greeting)
    k8s.helm.v3.Release(
        "release",
        name="release",
        chart=chart,
        namespace=namespace,
        values={"greeting": value},
        opts=_on(provider),
    )
    rendered = k8s.helm.v4.Chart(
        "rendered",
        chart=chart,
        namespace=namespace,
        values={"greeting": value},
        opts=pulumi.ResourceOptions(providers=[provider]),
    )
    pulumi.export("rendered", rendered.resources.apply(lambda found: len(found or [])))


def release(
    provider: k8s.Provider,
    namespace: str,
    chart: str,
    greeting: str,
    node_selector: dict[str, str] | None = None,
    timeout: int = 300,
) -> None:
    """A release whose pods may find no node."""
    k8s.helm.v3.Release(
        "release",
        name="release",
        chart=chart,
        namespace=namespace,
        values={"greeting": greeting, "nodeSelector": node_selector or {}},
        timeout=timeout,
        opts=_on(provider),
    )


def chart_out_of_reach(provider: k8s.Provider, namespace: str) -> None:
    """Neither form of it can be run."""
    away = k8s.helm.v4.RepositoryOptsArgs(repo="https://charts.example.com")
    k8s.helm.v4.Chart(
        "away",
        chart="demo",
        namespace=namespace,
        repository_opts=away,
        opts=pulumi.ResourceOptions(providers=[provider]),
    )


def reading(provider: k8s.Provider, namespace: str) -> None:
    others = k8s.core.v1.Namespace.get("others", namespace, opts=_on(provider))
    pulumi.export("phase", others.status.phase)


def web(provider: k8s.Provider, namespace: str, node_selector: dict[str, str] | None = None) -> None:
    labels = {"app": "web"}
    k8s.apps.v1.Deployment(
        "web",
        metadata={"namespace": namespace, "name": "web", "annotations": {"pulumi.com/timeoutSeconds": "2"}},
        spec=k8s.apps.v1.DeploymentSpecArgs(
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
            template=k8s.core.v1.PodTemplateSpecArgs(
                metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
                spec=k8s.core.v1.PodSpecArgs(
                    containers=[k8s.core.v1.ContainerArgs(name="web", image="registry.invalid/web:1")],
                    node_selector=node_selector,
                ),
            ),
        ),
        opts=_on(provider),
    )


def invalid(provider: k8s.Provider, namespace: str) -> None:
    k8s.core.v1.Service("web", metadata={"namespace": namespace}, spec={"ports": [{"port": 70000}]}, opts=_on(provider))


def team(provider: k8s.Provider, name: str) -> None:
    """A namespace and what goes into it, in one program."""
    namespace = k8s.core.v1.Namespace("team", metadata={"name": name}, opts=_on(provider))
    inside = k8s.meta.v1.ObjectMetaArgs(namespace=namespace.metadata.name)
    k8s.core.v1.NamespacePatch(
        "label",
        metadata=k8s.meta.v1.ObjectMetaPatchArgs(name=namespace.metadata.name, labels={"a": "b"}),
        opts=_on(provider),
    )
    k8s.core.v1.ServiceAccount("runner", metadata=inside, opts=_on(provider))
    k8s.core.v1.ResourceQuota("quota", metadata=inside, spec={"hard": {"pods": "3"}}, opts=_on(provider))


PROGRAMS: dict[str, Program] = {
    program.__name__: program
    for program in (
        nothing,
        settings,
        secrets,
        adopted,
        reading,
        charts,
        release,
        chart_out_of_reach,
        web,
        invalid,
        team,
    )
}

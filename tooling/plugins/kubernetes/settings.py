"""A provider's arguments: which are modelled, which refused by name, and what a change of them does to its objects."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.errors import BadInput, PlatformError, nearest
from tooling.plugins.kubernetes import kubeconfig
from tooling.plugins.kubernetes.kubeconfig import Connection
from tooling.plugins.provider.wire import UNKNOWN, has_unknown

SWITCHES = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "skipUpdateUnreachable": "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
"""Arguments that are true or false, and the variable that stands in where the argument is absent."""

WITHOUT_EFFECT = frozenset({"suppressDeprecationWarnings", "suppressHelmHookWarnings"})
"""Accepted: they silence warnings that this plug-in never prints."""

TEXTS = frozenset({"cluster", "clusterIdentifier", "context", "kubeconfig", "namespace"})
_ENGINE_KEYS = frozenset({"version", "pluginDownloadURL", "__internal"})
MODELLED = frozenset(SWITCHES) | WITHOUT_EFFECT | TEXTS | {"kubeClientSettings"}
NOT_MODELLED = frozenset({"alwaysRender", "helmReleaseSettings", "renderYamlToDirectory"})
CLIENT_SETTINGS = frozenset({"burst", "qps", "timeout"})

CLUSTER_KEYS = ("kubeconfig", "context", "cluster")
"""Arguments that together select the cluster."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One refused argument."""

    argument: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    connection: Connection
    namespace: str
    """Where namespaced objects without a namespace go."""
    timeout: timedelta | None
    """Of a single request; `None` is the client's own."""
    delete_unreachable: bool
    skip_update_unreachable: bool
    config_map_mutable: bool
    secret_mutable: bool
    patch_force: bool | None
    """`None` if neither the provider nor the environment says: then it depends on the object."""
    upsert: bool


@dataclass(frozen=True, kw_only=True)
class ConfigDiff:
    changed: tuple[str, ...]
    replaces: tuple[str, ...]


def problems(arguments: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a provider's arguments that can be known already."""
    found = [*_unmodelled(arguments)]
    if _switch(arguments, "enableServerSideApply", default=True) is False:
        found.append(Problem(argument="enableServerSideApply", reason=_refusal("`enableServerSideApply: false`")))
    if has_unknown({key: arguments.get(key) for key in CLUSTER_KEYS}):
        return found
    try:
        configured(arguments)
    except PlatformError as error:
        found.append(Problem(argument="kubeconfig", reason=str(error)))
    return found


def configured(arguments: Mapping[str, Any]) -> Settings:
    """The settings of one provider instance.

    Raises:
        BadInput, Refused: as `kubeconfig.connection`; a kubeconfig that is absent is an empty one.
    """
    document = kubeconfig.parse(_text(arguments, "kubeconfig") or "")
    connection = kubeconfig.connection(
        document, context=_text(arguments, "context"), cluster=_text(arguments, "cluster")
    )
    seconds = _client_settings(arguments).get("timeout")
    return Settings(
        connection=connection,
        namespace=_text(arguments, "namespace") or connection.namespace,
        timeout=timedelta(seconds=float(seconds)) if seconds else None,
        delete_unreachable=_switch(arguments, "deleteUnreachable"),
        skip_update_unreachable=_switch(arguments, "skipUpdateUnreachable"),
        config_map_mutable=_switch(arguments, "enableConfigMapMutable"),
        secret_mutable=_switch(arguments, "enableSecretMutable"),
        patch_force=_patch_force(arguments),
        upsert=_switch(arguments, "upsertExistingObjects"),
    )


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> ConfigDiff:
    """What a change of arguments does, as the released plug-in decides it.

    A changed `clusterIdentifier` replaces the provider and everything on it; an unchanged one means that nothing else
    can. Without one, a different active cluster in the kubeconfig replaces, and so does one that is not known yet.
    """
    changed = tuple(key for key in sorted({*old, *new} - _ENGINE_KEYS) if old.get(key) != new.get(key))
    before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if after and before == after:
        return ConfigDiff(changed=changed, replaces=())
    replaces = ("clusterIdentifier",) if before and after else ()
    unknown = tuple(key for key in CLUSTER_KEYS if new.get(key) == UNKNOWN)
    if unknown:
        return ConfigDiff(changed=changed, replaces=(*replaces, unknown[0]))
    mine, theirs = _active_cluster(old), _active_cluster(new)
    if mine is not None and theirs is not None and mine != theirs:
        replaces = (*replaces, *(key for key in CLUSTER_KEYS if key in changed))
    return ConfigDiff(changed=changed, replaces=replaces)


def _active_cluster(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    text = _text(arguments, "kubeconfig")
    if not text:
        return None
    document = kubeconfig.parse(text)
    return kubeconfig.active_cluster(document, context=_text(arguments, "context"), cluster=_text(arguments, "cluster"))


def _unmodelled(arguments: Mapping[str, Any]) -> list[Problem]:
    found = []
    for key, value in arguments.items():
        if key in MODELLED or key in _ENGINE_KEYS or value in (None, False, "false", ""):
            continue
        hint = "" if key in NOT_MODELLED else nearest(key, MODELLED)
        found.append(Problem(argument=key, reason=_refusal(f"`{key}`") + hint))
    for key in set(_client_settings(arguments)) - CLIENT_SETTINGS:
        found.append(Problem(argument="kubeClientSettings", reason=_refusal(f"`kubeClientSettings.{key}`")))
    return found


def _refusal(what: str) -> str:
    return f"the local lane does not model {what} of the kubernetes provider"


def _text(arguments: Mapping[str, Any], key: str) -> str | None:
    value = arguments.get(key)
    return str(value) if value not in (None, "", UNKNOWN) else None


def _switch(arguments: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    """Provider arguments arrive as text; an absent one is looked up in the environment."""
    value = arguments.get(key)
    if value in (None, "", UNKNOWN):
        value = os.environ.get(SWITCHES[key])
    return default if value is None else str(value).lower() == "true"


def _patch_force(arguments: Mapping[str, Any]) -> bool | None:
    if _switch(arguments, "enablePatchForce"):
        return True
    return None if os.environ.get(SWITCHES["enablePatchForce"]) is None else False


def _client_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    value = arguments.get("kubeClientSettings")
    if not value or value == UNKNOWN:
        return {}
    try:
        return value if isinstance(value, dict) else json.loads(str(value))
    except ValueError as error:
        raise BadInput(
            "kubernetes-provider-invalid",
            "`kubeClientSettings` of the kubernetes provider is not a JSON object",
            at="",
            hint="pass kubernetes.KubeClientSettingsArgs(timeout=…)",
        ) from error

"""Reads a kubeconfig into one `Connection`: which server, which certificates, whose identity.

The text comes from a provider's `kubeconfig` argument, never from the environment. Only loopback servers pass, unless
it is `tiers` that asks about a deployed environment. How an identity becomes an `Authorization` header is
`credentials`; requests are `client`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from shared.errors import BadInput, Refused, nearest

CLUSTER_KEYS = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name"}
)
USER_KEYS = frozenset(
    {
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "token",
        "tokenFile",
        "exec",
        "as",
        "as-groups",
    }
)
WHERE = "`kubeconfig` of the kubernetes provider"


@dataclass(frozen=True, kw_only=True)
class ExecPlugin:
    """`users[].user.exec`: the program that prints a token (client.authentication.k8s.io ExecCredential)."""

    command: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    api_version: str
    install_hint: str
    provide_cluster_info: bool


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One context of a kubeconfig, resolved; secrets stay out of its `repr`."""

    server: str
    """`https://127.0.0.1:6443`, without a trailing slash."""
    namespace: str
    """The context's default namespace, `default` where it names none."""
    certificate_authority: bytes | None
    """PEM; `None` trusts the system's authorities."""
    verify: bool
    server_name: str | None
    client_certificate: bytes | None = field(repr=False)
    client_key: bytes | None = field(repr=False)
    token: str | None = field(repr=False)
    token_file: Path | None
    exec_plugin: ExecPlugin | None = field(repr=False)
    impersonated_user: str | None
    impersonated_groups: tuple[str, ...]


def parse(text: str) -> dict[str, Any]:
    """The kubeconfig as a mapping.

    Args:
        text: YAML or JSON, or the path of a file that holds it.

    Raises:
        BadInput: `kubeconfig-empty`, `kubeconfig-invalid`.
    """
    if not text.strip():
        raise BadInput(
            "kubeconfig-empty",
            "the kubernetes provider was given an empty kubeconfig",
            at=WHERE,
            hint="pass the kubeconfig of the tier's contract: an empty one would select whatever cluster the "
            "operator's own kubeconfig names",
        )
    if "\n" not in text and not text.lstrip().startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise BadInput(
                "kubeconfig-invalid",
                f"the kubeconfig is neither YAML nor a readable file ({error.strerror or type(error).__name__})",
                at=WHERE,
                hint="pass the kubeconfig's text, or the path of an existing file",
            ) from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # The parser quotes the line it stumbled on, which may hold a token: only its position is passed on.
        mark = getattr(error, "problem_mark", None)
        position = f", line {mark.line + 1}" if mark else ""
        raise BadInput(
            "kubeconfig-invalid", f"the kubeconfig is not valid YAML{position}", at=WHERE, hint="check its quoting"
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("clusters"), list):
        raise BadInput(
            "kubeconfig-invalid",
            "the kubeconfig has no list of `clusters`",
            at=WHERE,
            hint="pass what `aws eks update-kubeconfig` writes, as YAML or JSON",
        )
    return document


def active_cluster(
    document: Mapping[str, Any], *, context: str | None = None, cluster: str | None = None
) -> dict[str, Any] | None:
    """The cluster entry that a context selects, or `None` where it selects none: what decides about replacement."""
    selected = _named(document.get("contexts"), context or document.get("current-context"), "context") or {}
    return _named(document.get("clusters"), cluster or selected.get("cluster"), "cluster")


def connection(
    document: Mapping[str, Any],
    *,
    context: str | None = None,
    cluster: str | None = None,
    loopback_only: bool = True,
) -> Connection:
    """Resolves one context.

    Args:
        context: its name; the current context where it is `None`.
        cluster: overrides the cluster that the context names.
        loopback_only: what the local plug-in keeps to.

    Raises:
        BadInput: `kubeconfig-invalid`, if a name has no entry or a certificate cannot be read.
        Refused: `kubernetes-not-loopback`, `kubeconfig-not-modelled`.
    """
    name = context or document.get("current-context")
    contexts = [str(entry.get("name")) for entry in document.get("contexts") or []]
    selected = _named(document.get("contexts"), name, "context")
    if selected is None:
        raise BadInput(
            "kubeconfig-invalid",
            f'the kubeconfig has no context "{name or ""}"{nearest(str(name), contexts)}',
            at=WHERE,
            hint=f"set the provider's `context` to one of: {', '.join(contexts) or 'none defined'}",
        )
    cluster_name = cluster or selected.get("cluster")
    cluster_entry = _named(document.get("clusters"), cluster_name, "cluster")
    user = _named(document.get("users"), selected.get("user"), "user")
    if cluster_entry is None or user is None:
        missing = f'cluster "{cluster_name}"' if cluster_entry is None else f'user "{selected.get("user")}"'
        raise BadInput(
            "kubeconfig-invalid", f"the kubeconfig has no {missing}", at=WHERE, hint="add the entry it names"
        )
    _refuse_unknown("cluster", cluster_entry, CLUSTER_KEYS)
    _refuse_unknown("user", user, USER_KEYS)
    server = str(cluster_entry.get("server", ""))
    return Connection(
        server=_loopback_server(server) if loopback_only else server.rstrip("/"),
        namespace=selected.get("namespace") or "default",
        certificate_authority=_material(cluster_entry, "certificate-authority"),
        verify=not cluster_entry.get("insecure-skip-tls-verify", False),
        server_name=cluster_entry.get("tls-server-name"),
        client_certificate=_material(user, "client-certificate"),
        client_key=_material(user, "client-key"),
        token=user.get("token"),
        token_file=Path(user["tokenFile"]) if user.get("tokenFile") else None,
        exec_plugin=_exec_plugin(user["exec"]) if user.get("exec") else None,
        impersonated_user=user.get("as"),
        impersonated_groups=tuple(user.get("as-groups") or ()),
    )


def _loopback_server(server: str) -> str:
    host = urlsplit(server).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise Refused(
            "kubernetes-not-loopback",
            f'the local lane only talks to a loopback API server, not to "{host or server}"',
            at=WHERE,
            hint="use the kubeconfig of the local lane, or run this stack with the released plug-ins",
        )
    return server.rstrip("/")


def _named(entries: Any, name: Any, member: str) -> dict[str, Any] | None:
    for entry in entries or []:
        if entry.get("name") == name:
            return entry.get(member) or {}
    return None


def _refuse_unknown(kind: str, entry: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in entry:
        if key not in known:
            raise Refused(
                "kubeconfig-not-modelled",
                f"the local lane does not model `{key}` of a kubeconfig's {kind}{nearest(key, known)}",
                at=WHERE,
                hint=f"remove it; modelled are {', '.join(sorted(known))}",
            )


def _material(entry: Mapping[str, Any], key: str) -> bytes | None:
    """PEM from `<key>-data` (base64) or from the file that `<key>` names."""
    try:
        if entry.get(f"{key}-data"):
            return base64.b64decode(entry[f"{key}-data"], validate=True)
        return Path(entry[key]).read_bytes() if entry.get(key) else None
    except (binascii.Error, ValueError, OSError) as error:
        raise BadInput(
            "kubeconfig-invalid",
            f"`{key}` of the kubeconfig cannot be read ({type(error).__name__})",
            at=WHERE,
            hint=f"give `{key}-data` as base64 of a PEM document, or `{key}` as the path of one",
        ) from error


def _exec_plugin(entry: Mapping[str, Any]) -> ExecPlugin:
    return ExecPlugin(
        command=str(entry.get("command", "")),
        arguments=tuple(str(argument) for argument in entry.get("args") or ()),
        environment=tuple((str(item["name"]), str(item["value"])) for item in entry.get("env") or ()),
        api_version=str(entry.get("apiVersion", "client.authentication.k8s.io/v1beta1")),
        install_hint=str(entry.get("installHint", "")).strip(),
        provide_cluster_info=bool(entry.get("provideClusterInfo", False)),
    )

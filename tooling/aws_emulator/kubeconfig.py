"""Reads the administrator's kubeconfig that kwokctl writes: client certificate and one cluster, nothing else."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import PlatformError


@dataclass(frozen=True, kw_only=True)
class AdministratorAccess:
    """`server` is a URL; the rest is PEM."""

    server: str
    certificate_authority: bytes
    client_certificate: bytes
    client_key: bytes


def read_access(path: Path) -> AdministratorAccess:
    """Raises PlatformError if the file is not such a kubeconfig, which may just mean that it is still being written."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        context = _named(document["contexts"], document["current-context"])["context"]
        cluster = _named(document["clusters"], context["cluster"])["cluster"]
        user = _named(document["users"], context["user"])["user"]
        return AdministratorAccess(
            server=cluster["server"],
            certificate_authority=_pem(cluster, "certificate-authority", path.parent),
            client_certificate=_pem(user, "client-certificate", path.parent),
            client_key=_pem(user, "client-key", path.parent),
        )
    except (yaml.YAMLError, KeyError, TypeError, StopIteration, OSError, binascii.Error) as error:
        raise PlatformError(
            "kubeconfig-unusable",
            f"no server with client certificate and authority found in it: {type(error).__name__} {error}",
            at=str(path),
            hint="tiers local down && tiers local up",
        ) from error


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _pem(section: dict[str, Any], key: str, beside: Path) -> bytes:
    if f"{key}-data" in section:
        return base64.b64decode(section[f"{key}-data"])
    return (beside / section[key]).read_bytes()

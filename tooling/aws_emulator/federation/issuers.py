"""Public keys of OIDC issuers: the cluster's from its API server, others' from files that the operator puts down.

AWS fetches `<issuer>/.well-known/openid-configuration`; the lane has no network. `issuers/` in the emulator's directory
holds a JWKS a file, named as its issuer without the scheme, with `%2F` for `/`:
`token.actions.githubusercontent.com.json`. It is read at each use, so a key may come later.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from joserfc.jwk import KeySet

from tooling.aws_emulator.controllers.kubernetes_api import ApiError, KubernetesApi, Unreachable
from tooling.aws_emulator.eks.control_plane import CONTROL_PLANE
from tooling.aws_emulator.kubeconfig import AdministratorAccess

DIRECTORY = "issuers"

_log = logging.getLogger(__name__)


def file_of(directory: Path, issuer: str) -> Path:
    """Where an issuer's JWKS is, below the emulator's directory."""
    return directory / DIRECTORY / f"{quote(issuer.partition('://')[2], safe='')}.json"


class Issuers:
    """Set once at start; the cluster's keys stay the same while its API server does."""

    def __init__(self) -> None:
        self.directory: Path | None = None
        self._of_cluster: dict[str, KeySet] = {}

    def keys(self, issuer: str) -> KeySet | None:
        """None if nobody has published any."""
        access = CONTROL_PLANE.access() if issuer == CONTROL_PLANE.oidc_issuer else None
        if access is not None:
            if access.server not in self._of_cluster:
                found = _fetched(access)
                if found is None:
                    return None
                self._of_cluster[access.server] = found
            return self._of_cluster[access.server]
        file = file_of(self.directory, issuer) if self.directory is not None else None
        if file is None or not file.is_file():
            return None
        return KeySet.import_key_set(json.loads(file.read_text(encoding="utf-8")))

    def forget(self) -> None:
        """The next token is verified with keys that are fetched anew."""
        self._of_cluster.clear()


ISSUERS = Issuers()


def _fetched(access: AdministratorAccess) -> KeySet | None:
    try:
        return KeySet.import_key_set(cast(Any, KubernetesApi(access).signing_keys()))
    except (ApiError, Unreachable) as error:
        _log.warning("the cluster's signing keys cannot be read: %s", error)
        return None

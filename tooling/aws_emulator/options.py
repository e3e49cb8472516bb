"""The emulator's start options, in a module of their own that is cheap to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """How one emulator runs. Both ports are on 127.0.0.1."""

    port: int
    """The AWS API, all services."""
    webhook_port: int
    """TokenReview for the API server, plain HTTP."""
    directory: Path
    """Holds `journal.jsonl` and `emulator.log`; made with mode 0700 if it is not there."""
    cluster_kubeconfig: Path | None = None
    """Administrator's kubeconfig of the API server behind the EKS cluster. The file may appear later, since that API
    server needs the webhook first. None: clusters have no API server, and the controllers stay idle."""
    operators: Path | None = None
    """Keys that act as the account's root user, see `authorization.operators`. None: only keys that IAM or STS issued
    are let in, so an empty account stays empty."""
    oidc_issuer: str | None = None
    """Issuer of the API server's service-account tokens. None: an address of EKS' shape that nobody serves."""

"""What the emulated EKS knows of the one API server behind its cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tooling.aws_emulator.kubeconfig import AdministratorAccess, read_access


@dataclass
class ControlPlane:
    """Set once at start; the kubeconfig is read when it is needed, as it may appear later."""

    kubeconfig: Path | None = None
    oidc_issuer: str | None = None

    def access(self) -> AdministratorAccess | None:
        """None as long as there is no API server."""
        if self.kubeconfig is None or not self.kubeconfig.exists():
            return None
        return read_access(self.kubeconfig)


CONTROL_PLANE = ControlPlane()

"""What application programs are made of."""

from shared.applications.probes import CommandProbe, HttpProbe, Probes

__all__ = ["CommandProbe", "HttpProbe", "Probes"]

"""external-dns: its settings and objects, and what it may do."""

from addons.external_dns.component import ADDON

__all__ = ["ADDON"]

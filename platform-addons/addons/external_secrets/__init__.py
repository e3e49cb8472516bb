"""External Secrets Operator: its objects, its custom resources, and what it may do."""

from addons.external_secrets.component import ADDON

__all__ = ["ADDON"]

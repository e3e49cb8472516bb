"""Settings of the tenants tier: none. All that a tenant is stands in its file of the catalog."""

from __future__ import annotations

from shared.settings import Settings


class TenantsSettings(Settings):
    """Refuses every key, so that nobody looks for a tenant in two places."""

"""Settings of the tenants tier: none. A tenant is defined entirely by its file in the catalog."""

from __future__ import annotations

from shared.settings import Settings


class TenantsSettings(Settings):
    """Refuses every key, so that a tenant is configured in one place only."""

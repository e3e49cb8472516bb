"""The contracts between tiers: one frozen dataclass per tier, published as plain stack outputs.

Tier 4 reads tier 3 only, since reading a stack's outputs on a file or S3 backend means reading its whole state.
"""

from shared.contracts.boundary import consume, last_published, publish, published
from shared.contracts.infrastructure import Infrastructure
from shared.contracts.platform_addons import PlatformAddons
from shared.contracts.tenant import Tenant

__all__ = ["Infrastructure", "PlatformAddons", "Tenant", "consume", "last_published", "publish", "published"]

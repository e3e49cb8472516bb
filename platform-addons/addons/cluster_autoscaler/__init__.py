"""The cluster autoscaler: its settings and objects, and what it may do."""

from addons.cluster_autoscaler.component import ADDON

__all__ = ["ADDON"]

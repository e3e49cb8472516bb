"""AWS Load Balancer Controller: its settings and objects, and what it may do."""

from addons.load_balancer_controller.component import ADDON

__all__ = ["ADDON"]

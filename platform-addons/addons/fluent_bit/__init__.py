"""Fluent Bit: its settings and objects, its configuration files, and what it may do."""

from addons.fluent_bit.component import ADDON

__all__ = ["ADDON"]

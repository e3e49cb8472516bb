"""The local plug-in for Pulumi's package `kubernetes`: a real API server behind it, no table of kinds.

It behaves as the released plug-in 4.34.2 does where a program can tell the difference, and refuses by name what it does
not model: Helm, YAML and Kustomize resources, rendering to a directory, client-side apply. `add_to_server` hosts it
in a process that has other plug-ins too; `python -m tooling.plugins.kubernetes` serves it alone.
"""

from __future__ import annotations

from tooling.plugins.kubernetes.servicer import PLUGIN_VERSION, KubernetesPlugin, add_to_server

__all__ = ["PLUGIN_VERSION", "KubernetesPlugin", "add_to_server"]

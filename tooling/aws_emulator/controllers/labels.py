"""The label and annotations that identify objects created by the emulator."""

from __future__ import annotations

MANAGED_BY = "lane.platform/managed-by"
MANAGER = "eks-emulator"
"""Value of the label, and the field manager of server-side apply."""

FINGERPRINT = "lane.platform/fingerprint"
"""Annotation: hash of the manifest as it was last applied."""

REMINDER = "lane.platform/reminder"
"""Annotation without meaning, changed to make the API server look at an object again."""

SELECTOR = f"{MANAGED_BY}={MANAGER}"

"""The objects in the guide for app teams, as tests send them to the API server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.admission.world import TENANT
from tooling.paths import REPOSITORY

PAGE = REPOSITORY / "docs/guides/kubernetes-objects.md"


def blocks(language: str, page: Path = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def _in_tenant(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": TENANT}}


EXAMPLES = {
    f"{body['kind']} {body['metadata']['name']}": _in_tenant(body)
    for block in blocks("yaml")
    for body in yaml.safe_load_all(block)
}

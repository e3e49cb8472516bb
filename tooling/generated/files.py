"""The list of generated files: path in the repository to content."""

from __future__ import annotations

from tooling.generated.project_files import project_files
from tooling.generated.reference import local_lane_page, settings_page, variables_page
from tooling.paths import REPOSITORY
from tooling.runner.drawing import as_svg


def generated_files() -> dict[str, str]:
    return {
        **project_files(),
        "docs/chain.svg": as_svg() + "\n",
        "docs/reference/settings.md": settings_page(),
        "docs/reference/environment-variables.md": variables_page(),
        "docs/reference/local-lane.md": local_lane_page(),
    }


def stale_files() -> list[str]:
    """Files whose content in the tree differs from what would be written."""
    return [path for path, text in generated_files().items() if _content(path) != text]


def _content(path: str) -> str | None:
    target = REPOSITORY / path
    return target.read_text(encoding="utf-8") if target.exists() else None

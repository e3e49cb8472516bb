"""The list of generated files: path in the repository to content."""

from __future__ import annotations

from collections.abc import Mapping

from tooling.generated.applications import applications_page
from tooling.generated.environments import environments_page
from tooling.generated.project_files import project_files
from tooling.generated.reference import (
    admission_policies_page,
    local_lane_page,
    log_groups_page,
    policies_page,
    settings_page,
    variables_page,
)
from tooling.generated.tenant_schema import SCHEMA_FILE, tenant_schema_file
from tooling.images.base_images import dockerfiles
from tooling.images.charts import charts
from tooling.images.requirements import requirements_files
from tooling.paths import REPOSITORY
from tooling.runner.drawing import as_svg
from tooling.workflows.rendering import github_files


def generated_files() -> dict[str, str]:
    return {
        **project_files(),
        **github_files(),
        **requirements_files(),
        "applications/README.md": applications_page(),
        **dockerfiles(),
        **charts(),
        SCHEMA_FILE: tenant_schema_file(),
        "docs/chain.svg": as_svg() + "\n",
        "docs/reference/admission-policies.md": admission_policies_page(),
        "docs/reference/settings.md": settings_page(),
        "docs/reference/environments.md": environments_page(),
        "docs/reference/environment-variables.md": variables_page(),
        "docs/reference/local-lane.md": local_lane_page(),
        "docs/reference/log-groups.md": log_groups_page(),
        "docs/reference/policies.md": policies_page(),
    }


def write(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = REPOSITORY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def stale(files: Mapping[str, str]) -> list[str]:
    """The files whose content in the working tree differs from what would be written."""
    return [path for path, text in files.items() if _content(path) != text]


def stale_files() -> list[str]:
    return stale(generated_files())


def _content(path: str) -> str | None:
    target = REPOSITORY / path
    return target.read_text(encoding="utf-8") if target.exists() else None

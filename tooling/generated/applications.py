"""The table of applications in `applications/README.md`; the rest of that page is written by hand."""

from __future__ import annotations

import re

import yaml

from shared.dry_runs import application_directories
from tooling.paths import REPOSITORY

_PAGE = "applications/README.md"
_TABLE = re.compile(r"(?<=^\| application \| what it is \|\n\| --- \| --- \|\n)(?:\|.*\n)*", re.MULTILINE)


def applications_page() -> str:
    """The page with one row per application: its directory, and `description` of its `Pulumi.yaml`."""
    rows = []
    for directory in application_directories():
        project = yaml.safe_load((directory / "Pulumi.yaml").read_text(encoding="utf-8"))
        rows.append(f"| [`{directory.name}/`]({directory.name}/README.md) | {project['description']} |\n")
    return _TABLE.sub("".join(rows).replace("\\", r"\\"), (REPOSITORY / _PAGE).read_text(encoding="utf-8"))

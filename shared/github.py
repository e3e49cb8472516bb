"""GitHub repository names in settings and tenant files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")


def _repository(value: str) -> str:
    # The name becomes part of a trust policy: `*` would allow every repository.
    if not _REPOSITORY.fullmatch(value):
        raise ValueError(f"{value!r} is not a GitHub repository name of the form owner/name")
    return value


Repository = Annotated[str, AfterValidator(_repository)]
"""`owner/name`. Source: GitHub Docs, "REST API endpoints for repositories": letters, digits, `.`, `_` and `-`."""

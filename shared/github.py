"""Names of repositories on GitHub, as settings and tenants' files write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")


def _repository(value: str) -> str:
    # A pattern in here would end in a trust policy: `*` would admit every repository.
    if not _REPOSITORY.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a repository on GitHub, owner/name")
    return value


Repository = Annotated[str, AfterValidator(_repository)]
"""`owner/name`. Source: GitHub Docs, "REST API endpoints for repositories": letters, digits, `.`, `_` and `-`."""

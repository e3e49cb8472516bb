"""Who acts on the lane: its operator, with the lane's own key, or whoever `TIERS_LOCAL_CREDENTIALS` names."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

from shared.environment_variables import TIERS_LOCAL_CREDENTIALS
from shared.errors import BadInput

_PROFILE = "default"
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def caller_variables(environment: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """`AWS_…` variables with the credentials to use.

    Args:
        environment: of this process.
        own: those of the lane's key.

    Raises:
        BadInput: `local-credentials-invalid`.
    """
    file = environment.get(TIERS_LOCAL_CREDENTIALS.name)
    if not file:
        return dict(own)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(Path(file).read_text(encoding="utf-8"))
        profile = parser[_PROFILE]
        found = {key.upper(): profile[key] for key in _KEYS if key in profile}
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        # Not the error's own text, which quotes the file.
        raise _invalid(file, type(error).__name__) from None
    if not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= found.keys():
        raise _invalid(file, "a key is missing")
    return found


def _invalid(file: str, why: str) -> BadInput:
    return BadInput(
        "local-credentials-invalid",
        f"{file} is not an AWS credentials file with a profile `{_PROFILE}`: {why}",
        at=TIERS_LOCAL_CREDENTIALS.name,
        hint=f"write the file, or act as the lane's operator: unset {TIERS_LOCAL_CREDENTIALS.name}",
    )

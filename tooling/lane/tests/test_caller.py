"""Who acts on the lane: by default its operator, else the holder of the credentials that a variable names."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.environment_variables import TIERS_LOCAL_CREDENTIALS
from shared.errors import BadInput
from tooling.lane.caller import caller_variables

OWN = {"AWS_ACCESS_KEY_ID": "LANE", "AWS_SECRET_ACCESS_KEY": "own"}
KEYS = "[default]\naws_access_key_id = TEAM\naws_secret_access_key = a%b\n"


def caller(file: Path) -> dict[str, str]:
    return caller_variables({TIERS_LOCAL_CREDENTIALS.name: str(file)}, OWN)


def test_without_the_variable_it_is_the_lanes_operator() -> None:
    assert caller_variables({}, OWN) == OWN
    assert caller_variables({TIERS_LOCAL_CREDENTIALS.name: ""}, OWN) == OWN


@pytest.mark.parametrize("token", ["", "aws_session_token = t\n"])
def test_the_file_replaces_the_lanes_key(tmp_path: Path, token: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(KEYS + token)
    expected = {"AWS_ACCESS_KEY_ID": "TEAM", "AWS_SECRET_ACCESS_KEY": "a%b"}
    assert caller(file) == expected | ({"AWS_SESSION_TOKEN": "t"} if token else {})


@pytest.mark.parametrize("text", [None, "", "aws_access_key_id = SECRET", "[default]\naws_access_key_id = SECRET\n"])
def test_a_file_that_is_none_is_refused_without_what_is_in_it(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "credentials"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInput) as refused:
        caller(file)
    assert refused.value.code == "local-credentials-invalid"
    assert "SECRET" not in str(refused.value)

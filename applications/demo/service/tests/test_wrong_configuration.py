"""A wrong configuration: one line that says what, where and what to do, before the server starts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Refuse = Callable[..., tuple[int, dict[str, Any]]]

pytestmark = pytest.mark.process

VALID = "[environment]\nNAME = x\n[responses]\nroot = ${environment:NAME}\napi = b\ndelay_seconds = 0\n"


@pytest.mark.parametrize("port", ["http", "70000", "-1", "80.5", "²"])
def test_a_port_that_is_no_port_is_refused(refuse: Refuse, port: str) -> None:
    code, line = refuse(PORT=port)
    assert code == 2
    assert (line["level"], line["at"]) == ("error", "environment variable PORT")
    assert line["message"] == f"PORT must be a whole number from 0 to 65535, not {port!r}"
    assert line["hint"] == "correct it, or unset it for 8080"


def test_a_port_in_use_is_refused(refuse: Refuse) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, line = refuse(PORT=str(port))
    assert code == 2
    assert line["message"] == f"cannot listen on 127.0.0.1, port {port}: Address already in use"
    assert line["at"] == "environment variables HOST and PORT"


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"LOG_LEVEL": "loud"}, "environment variable LOG_LEVEL"),
        ({"SHUTDOWN_SECONDS": "0"}, "environment variable SHUTDOWN_SECONDS"),
        ({"HOST": "203.0.113.1"}, "environment variables HOST and PORT"),
    ],
    ids=["level", "shutdown", "host"],
)
def test_other_wrong_variables_are_refused_by_name(refuse: Refuse, values: dict[str, str], at: str) -> None:
    code, line = refuse(**values)
    assert code == 2
    assert line["at"] == at


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        ("root = a\n", "", "not a valid INI file: File contains no section headers."),
        (VALID + "root = again\n", "", "not a valid INI file: While reading from"),
        ("[environment]\nNAME = x\n", ", [responses]", "key 'api' of section [responses] is missing"),
        (VALID + "rot = a\n", ", [responses]", "key 'rot' of section [responses] is unknown"),
        (
            VALID.replace("${environment:NAME}", "${environment:NME}"),
            ", [responses] root",
            "value of 'root' refers",
        ),
        (VALID.replace("${environment:NAME}", "5 $"), ", [responses] root", "value of 'root' refers"),
        (VALID.replace("= 0", "= soon"), ", [responses] delay_seconds", "a number from 0 to 60, not 'soon'"),
        (VALID.replace("= 0", "= nan"), ", [responses] delay_seconds", "a number from 0 to 60, not 'nan'"),
    ],
    ids=["no-section", "twice", "missing", "unknown", "reference", "dollar", "delay", "nan"],
)
def test_a_wrong_config_ini_is_refused(refuse: Refuse, tmp_path: Path, content: str, place: str, says: str) -> None:
    config = tmp_path / "config.ini"
    config.write_text(content)
    code, line = refuse(DEMO_CONFIG=str(config))
    assert code == 2
    assert line["at"] == f"{config}{place}"
    assert says in line["message"]
    assert line["hint"]


def test_a_config_ini_that_cannot_be_read_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    code, line = refuse(DEMO_CONFIG=str(tmp_path / "missing.ini"))
    assert code == 2
    assert line["message"] == "the configuration file cannot be read: No such file or directory"
    (tmp_path / "latin.ini").write_bytes(b"[responses]\nroot = gr\xfc\xdfe\n")
    code, line = refuse(DEMO_CONFIG=str(tmp_path / "latin.ini"))
    assert code == 2
    assert line["message"] == "the configuration file cannot be read: it is not UTF-8"

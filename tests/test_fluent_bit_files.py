"""The reader of Fluent Bit's configuration refuses what Fluent Bit would."""

from __future__ import annotations

import pytest

from tests.fluent_bit_files import ConfigurationError, missing_parsers, read

GOOD = """[INPUT]
    Name tail
    Tag  kube.*
    Path /var/log/*.log
    multiline.parser docker, cri

[OUTPUT]
    Name               cloudwatch_logs
    Match              kube.*
    region             us-east-1
    log_group_template /a/$kubernetes['namespace_name'].$kubernetes['pod_name']
"""


def test_what_is_right_is_read() -> None:
    tail, output = read(GOOD)
    assert (tail.kind, tail.name, tail.entries["path"]) == ("INPUT", "tail", "/var/log/*.log")
    assert output.entries["log_group_template"].endswith("$kubernetes['pod_name']")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[INPUT]", "[INPUTS]", "line 1: no section"),
        ("[INPUT]", "@INCLUDE other.conf", "line 1: neither"),
        ("    Tag  kube.*", "  Tag  kube.*", "line 3: neither"),
        ("    Tag  kube.*", "    Tag", "line 3: neither"),
        ("    Tag  kube.*", "    Tag  kube.*  ", "line 3: blanks"),
        ("    Tag  kube.*", "    tag kube.*\n    TAG b", "line 4: TAG a second time"),
        ("    Tag  kube.*\n", "", "without tag"),
        ("    Path", "    Paths", "unknown key paths"),
        ("Name tail", "Name tails", "no plug-in tails"),
        ("$kubernetes['namespace_name'].", "$kubernetes['namespace_name']/", "something else than a dot"),
        ("[INPUT]\n", "", "line 1: a key before"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says.replace("[", r"\[")):
        read(GOOD.replace(old, new, 1))


def test_a_parser_that_is_nowhere_is_found() -> None:
    used = read("[FILTER]\n    Name parser\n    Match *\n    Key_Name log\n    Parser here\n")
    known = read("[PARSER]\n    Name here\n    Format regex\n    Regex ^(?<a>.)$\n")
    assert missing_parsers(used, known) == set()
    assert missing_parsers(used, []) == {"here"}
    assert missing_parsers(read(GOOD.replace("docker, cri", "docker, crio")), []) == {"crio"}


def test_a_regular_expression_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="in line 1"):
        read("[PARSER]\n    Name here\n    Format regex\n    Regex ^(?<a>.$\n")

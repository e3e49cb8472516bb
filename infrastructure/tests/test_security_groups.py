"""Who may talk to control plane and nodes: the rules as they are registered, held against the page that tells them."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from shared.testing import Run, run_program

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT.parent / "docs" / "reference" / "security-groups.md"
BASTION = "sg-0123456789abcdef0"
SSH = {"ssh_key_name": "operators", "ssh_source_security_group_ids": [BASTION]}
GROUPS = {"cluster-id": "cluster", "nodes-id": "nodes", "endpoints-id": "endpoints"}

Rule = tuple[str, str, str, str, str]
"""Group, direction, protocol, port, peer."""


@pytest.fixture(scope="module")
def everything() -> Run:
    config = {**SSH, "private_access_cidrs": ["192.168.0.0/16"], "interface_endpoints": ["sts"]}
    return run_program(PROJECT, stack="dev", config={**config, "pod_cidr": "100.64.0.0/16"})


def registered(run: Run) -> set[Rule]:
    found: set[Rule] = set()
    for direction, word in (("Ingress", "in"), ("Egress", "out")):
        for rule in run.registered(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"):
            inputs = rule.inputs
            assert inputs["fromPort"] == inputs["toPort"]
            peer: str | None = inputs.get("cidrIpv4")
            if not peer:
                group: str = inputs["referencedSecurityGroupId"]
                peer = GROUPS.get(group, group)
            found.add((GROUPS[inputs["securityGroupId"]], word, inputs["ipProtocol"], str(inputs["fromPort"]), peer))
    return found


def told(heading: str) -> set[Rule]:
    """The rows of the table under a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\|.*$", section, re.MULTILINE)
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0][:5] == ["group", "direction", "protocol", "port", "peer"], rows[0]
    return {(row[0], row[1], row[2], row[3], row[4]) for row in rows[2:]}


ALWAYS: set[Rule] = {
    ("cluster", "in", "tcp", "443", "nodes"),
    ("cluster", "out", "tcp", "443", "nodes"),
    ("cluster", "out", "tcp", "10250", "nodes"),
    ("nodes", "in", "tcp", "443", "cluster"),
    ("nodes", "in", "tcp", "10250", "cluster"),
    ("nodes", "in", "tcp", "53", "nodes"),
    ("nodes", "in", "udp", "53", "nodes"),
    ("nodes", "out", "tcp", "53", "nodes"),
    ("nodes", "out", "udp", "53", "nodes"),
    ("nodes", "out", "tcp", "443", "0.0.0.0/0"),
    ("nodes", "out", "udp", "123", "0.0.0.0/0"),
}


def test_the_rules_that_always_hold_are_these_and_the_pages(dev: Run) -> None:
    assert registered(dev) == ALWAYS == told("Always")


def test_the_rules_that_settings_open_are_these_and_the_pages(everything: Run) -> None:
    values = {
        "each of private_access_cidrs": "192.168.0.0/16",
        "each of ssh_source_security_group_ids": BASTION,
        "vpc_cidr": "10.0.0.0/16",
        "pod_cidr": "100.64.0.0/16",
    }
    opened = registered(everything) - ALWAYS
    assert opened == {
        ("cluster", "in", "tcp", "443", "192.168.0.0/16"),
        ("nodes", "in", "tcp", "22", BASTION),
        ("endpoints", "in", "tcp", "443", "10.0.0.0/16"),
        ("endpoints", "in", "tcp", "443", "100.64.0.0/16"),
    }
    assert opened == {(*rule[:4], values[rule[4]]) for rule in told("Opened by settings")}


def test_every_rule_says_what_it_is_for(everything: Run) -> None:
    for direction in ("Ingress", "Egress"):
        for rule in everything.registered(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"):
            assert rule.inputs["description"]


def test_groups_have_no_inline_rules_and_no_cluster_tag(everything: Run) -> None:
    for group in everything.registered("aws:ec2/securityGroup:SecurityGroup"):
        assert not {"ingress", "egress"} & group.inputs.keys()
        # Controllers want exactly one group with it on a node, and EKS's own has it.
        assert not [key for key in group.inputs["tags"] if key.startswith("kubernetes.io/")]


def test_control_plane_and_nodes_have_their_group(dev: Run) -> None:
    handed = dev.one("eks:index:Cluster").inputs["clusterSecurityGroup"]
    assert handed["urn"] == dev.one("aws:ec2/securityGroup:SecurityGroup", "cluster").urn
    template = dev.one("aws:ec2/launchTemplate:LaunchTemplate").inputs
    assert template["vpcSecurityGroupIds"] == ["nodes-id", "sg-cluster"]


def test_without_a_key_nodes_take_no_ssh(dev: Run) -> None:
    template = dev.one("aws:ec2/launchTemplate:LaunchTemplate").inputs
    assert "keyName" not in template
    assert "host-containers" not in base64.b64decode(template["userData"]).decode()


def test_with_a_key_nodes_take_ssh_in_bottlerockets_admin_container(everything: Run) -> None:
    template = everything.one("aws:ec2/launchTemplate:LaunchTemplate")
    assert template.inputs["keyName"] == "operators"
    user_data = base64.b64decode(template.inputs["userData"]).decode()
    assert "[settings.host-containers.admin]\nenabled = true\n" in user_data
    assert template.secrets >= {"keyName"}

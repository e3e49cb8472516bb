"""Security group rules split into permissions: one permission is one protocol, one port range and one peer.

EC2 groups permissions in one way, and a program in any other (two blocks with the same ports, one block with three
ranges). Only single permissions can be compared, and changed without closing the others for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tooling.plugins.aws.engine.equivalence import ip_protocol
from tooling.plugins.aws.engine.row import Values

ANY_PROTOCOL = "-1"

_PEERS = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
"""Wire name of a rule's list of peers: EC2's name of the list, and of the peer in it."""


@dataclass(frozen=True, order=True, kw_only=True)
class Permission:
    """`peer_kind` is a key of `_PEERS`. Without a port range (any protocol) both ports are 0."""

    protocol: str
    from_port: int
    to_port: int
    peer_kind: str
    peer: str
    description: str = ""

    def without_description(self) -> Permission:
        """The identity of a permission: EC2 does not keep two that differ only in their description."""
        return replace(self, description="")

    def as_ec2(self, *, undescribed: bool = False) -> dict[str, Any]:
        """With `undescribed`, an empty description is sent explicitly, since leaving it out would keep the old one."""
        peers, name = _PEERS[self.peer_kind]
        described = {"Description": self.description} if self.description or undescribed else {}
        ports = {} if self.protocol == ANY_PROTOCOL else {"FromPort": self.from_port, "ToPort": self.to_port}
        return {"IpProtocol": self.protocol, **ports, peers: [{name: self.peer, **described}]}


def of_single_rule(rule: Mapping[str, Any]) -> Permission:
    """From EC2's `SecurityGroupRule`, which has one peer."""
    any_protocol = rule["IpProtocol"] == ANY_PROTOCOL
    peers = {
        "cidrBlocks": rule.get("CidrIpv4"),
        "ipv6CidrBlocks": rule.get("CidrIpv6"),
        "prefixListIds": rule.get("PrefixListId"),
        "securityGroups": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
    }
    kind, peer = next((kind, peer) for kind, peer in peers.items() if peer)
    return Permission(
        protocol=ip_protocol(rule["IpProtocol"]),
        from_port=0 if any_protocol else rule["FromPort"],
        to_port=0 if any_protocol else rule["ToPort"],
        peer_kind=kind,
        peer=peer,
        description=rule.get("Description") or "",
    )


def of_rule(rule: Values, own_group_id: str) -> set[Permission]:
    """The permissions of one rule as a program writes it: several lists of peers, and `self` for the group itself."""
    protocol = ip_protocol(rule["protocol"])
    any_protocol = protocol == ANY_PROTOCOL
    peers = [(kind, peer) for kind in _PEERS for peer in rule.get(kind) or []]
    if rule.get("self"):
        peers.append(("securityGroups", own_group_id))
    return {
        Permission(
            protocol=protocol,
            from_port=0 if any_protocol else rule["fromPort"],
            to_port=0 if any_protocol else rule["toPort"],
            peer_kind=kind,
            peer=peer,
            description=rule.get("description") or "",
        )
        for kind, peer in peers
    }


def of_rules(rules: Iterable[Values] | None, own_group_id: str) -> set[Permission]:
    return {permission for rule in rules or () for permission in of_rule(rule, own_group_id)}


def of_ec2(entries: Iterable[Mapping[str, Any]]) -> set[Permission]:
    """From EC2's `IpPermissions`."""
    return {
        Permission(
            protocol=ip_protocol(entry["IpProtocol"]),
            from_port=0 if entry["IpProtocol"] == ANY_PROTOCOL else entry.get("FromPort", 0),
            to_port=0 if entry["IpProtocol"] == ANY_PROTOCOL else entry.get("ToPort", 0),
            peer_kind=kind,
            peer=peer[name],
            description=peer.get("Description") or "",
        )
        for entry in entries
        for kind, (peers, name) in _PEERS.items()
        for peer in entry.get(peers) or []
        if peer.get(name)
    }


def as_rules(permissions: set[Permission], stated: Iterable[Values] | None, own_group_id: str) -> list[dict[str, Any]]:
    """Permissions as rules: grouped as in `stated` where a stated rule is complete, else by ports and description."""
    left = set(permissions)
    rules: list[dict[str, Any]] = []
    for rule in stated or ():
        its = of_rule(rule, own_group_id)
        if its and its <= left:
            rules.append(dict(rule))
            left -= its
    groups: dict[tuple[str, int, int, str], list[Permission]] = {}
    for permission in sorted(left):
        key = (permission.protocol, permission.from_port, permission.to_port, permission.description)
        groups.setdefault(key, []).append(permission)
    return rules + [_rule(members, own_group_id) for members in groups.values()]


def _rule(permissions: list[Permission], own_group_id: str) -> dict[str, Any]:
    one = permissions[0]
    rule: dict[str, Any] = {"protocol": one.protocol, "fromPort": one.from_port, "toPort": one.to_port, "self": False}
    if one.description:
        rule["description"] = one.description
    for permission in permissions:
        if permission.peer_kind == "securityGroups" and permission.peer == own_group_id:
            rule["self"] = True
        else:
            rule.setdefault(permission.peer_kind, []).append(permission.peer)
    return rule

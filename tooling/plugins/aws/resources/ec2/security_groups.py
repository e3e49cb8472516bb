"""Rows of security groups, and of their rules in the three forms that the package offers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.equivalence import ip_protocol
from tooling.plugins.aws.engine.lost_responses import repeats_are_done
from tooling.plugins.aws.engine.naming_case import capitals, first, tag_map, unless_gone
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Row, Values
from tooling.plugins.aws.resources.ec2 import permissions as permissions
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations
from tooling.plugins.aws.resources.ec2.permissions import ANY_PROTOCOL, Permission

_EVERYWHERE = Permission(protocol=ANY_PROTOCOL, from_port=0, to_port=0, peer_kind="cidrBlocks", peer="0.0.0.0/0")
_PEER_KINDS = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups")
_DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


class PermissionOperations(Ec2Operations):
    """Authorizes and revokes permissions, one direction at a time."""

    def authorize(self, direction: str, group_id: str, wanted: set[Permission]) -> None:
        if wanted:
            call = getattr(self.ec2, f"authorize_security_group_{direction}")
            with repeats_are_done():
                call(GroupId=group_id, IpPermissions=[permission.as_ec2() for permission in sorted(wanted)])

    def revoke(self, direction: str, group_id: str, unwanted: set[Permission]) -> None:
        """Revokes by rule id: without IPv6 in the VPC, moto keeps IPv6 rules revoked by content (seen in 5.2.5)."""
        if not unwanted:
            return
        keys = {permission.without_description() for permission in unwanted}
        pages = self.ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": [group_id]}]
        )
        rules = [rule for page in pages for rule in page["SecurityGroupRules"]]
        ids = [
            rule["SecurityGroupRuleId"]
            for rule in rules
            if rule["IsEgress"] == (direction == "egress")
            and permissions.of_single_rule(rule).without_description() in keys
        ]
        if ids:
            call = getattr(self.ec2, f"revoke_security_group_{direction}")
            unless_gone(call, GroupId=group_id, SecurityGroupRuleIds=ids)

    def group(self, group_id: str) -> Mapping[str, Any] | None:
        found = unless_gone(self.ec2.describe_security_groups, GroupIds=[group_id])
        return found["SecurityGroups"][0] if found is not None else None


class SecurityGroup(PermissionOperations):
    kind = "security-group"

    def create(self, inputs: Values) -> str:
        return self.ec2.create_security_group(
            GroupName=inputs["name"], **capitals(inputs, ("description", "vpcId")), **self.tag_specifications(inputs)
        )["GroupId"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        # as in the released plug-in: EC2 opens egress of a new group, but only the program's rules shall apply
        self.revoke("egress", resource_id, {_EVERYWHERE})
        for direction in _DIRECTIONS:
            self.authorize(direction, resource_id, permissions.of_rules(inputs.get(direction), resource_id))

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        group = self.group(resource_id)
        if group is None:
            return None
        rules = {
            direction: permissions.as_rules(permissions.of_ec2(group[api]), known.get(direction), resource_id)
            for direction, api in _DIRECTIONS.items()
        }
        return {
            **self.common(resource_id, group),
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId"),
            **rules,
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        for direction in _DIRECTIONS.keys() & changed:
            old = permissions.of_rules(state.get(direction), resource_id)
            new = permissions.of_rules(inputs.get(direction), resource_id)
            self.revoke(direction, resource_id, old - new)
            self.authorize(direction, resource_id, new - old)

    def delete(self, resource_id: str, state: Values) -> None:
        if state.get("revokeRulesOnDelete"):
            group = self.group(resource_id)
            for direction, api in _DIRECTIONS.items():
                self.revoke(direction, resource_id, permissions.of_ec2(group[api]) if group else set())
        self.ec2.delete_security_group(GroupId=resource_id)


class SecurityGroupRule(PermissionOperations):
    """The older rule type: one resource, several permissions. The released `eks` component still creates these."""

    def create(self, inputs: Values) -> str:
        group_id = inputs["securityGroupId"]
        wanted = self._permissions(inputs)
        self.authorize(inputs["type"], group_id, wanted)
        written = "|".join([group_id, inputs["type"], *map(str, sorted(wanted))])
        return f"sgrule-{zlib.crc32(written.encode())}"

    def _permissions(self, values: Values) -> set[Permission]:
        source = values.get("sourceSecurityGroupId")
        return permissions.of_rule(
            {**values, "securityGroups": [source] if source else []}, str(values["securityGroupId"])
        )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        values = known if known.get("securityGroupId") else _imported_rule(resource_id)
        group = self.group(values["securityGroupId"])
        open_now = permissions.of_ec2(group[_DIRECTIONS[values["type"]]]) if group is not None else set()
        known_by = {permission.without_description(): permission for permission in open_now}
        asked = {permission.without_description() for permission in self._permissions(values)}
        mine = {known_by[key] for key in asked if key in known_by}
        if not mine:
            return None
        one, own = min(mine), values["securityGroupId"]
        peers = {kind: [permission.peer for permission in mine if permission.peer_kind == kind] for kind in _PEER_KINDS}
        return {
            "type": values["type"],
            "securityGroupId": own,
            "protocol": one.protocol,
            "fromPort": one.from_port,
            "toPort": one.to_port,
            "description": max(permission.description for permission in mine),
            "self": own in peers["securityGroups"],
            "sourceSecurityGroupId": first(group for group in peers["securityGroups"] if group != own),
            **{kind: _in_order(peers[kind], values.get(kind)) for kind in _PEER_KINDS if kind != "securityGroups"},
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        call = getattr(self.ec2, f"update_security_group_rule_descriptions_{inputs['type']}")
        call(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission.as_ec2(undescribed=True) for permission in sorted(self._permissions(inputs))],
        )

    def delete(self, resource_id: str, state: Values) -> None:
        self.revoke(state["type"], state["securityGroupId"], self._permissions(state))


def _in_order(peers: list[str], stated: list[str] | None) -> list[str]:
    """The existing peers in the program's order, which the package treats as part of the rule."""
    return [peer for peer in stated or [] if peer in peers]


def _imported_rule(written: str) -> dict[str, Any]:
    """Parses `sg-1_ingress_tcp_443_443_10.0.0.0/8`; more peers follow after underscores, and `self` is a peer too."""
    group_id, direction, protocol, from_port, to_port, *peers = written.split("_")
    return {
        "securityGroupId": group_id,
        "type": direction,
        "protocol": protocol,
        "fromPort": int(from_port),
        "toPort": int(to_port),
        "self": "self" in peers,
        "cidrBlocks": [peer for peer in peers if "/" in peer and ":" not in peer],
        "ipv6CidrBlocks": [peer for peer in peers if ":" in peer],
        "prefixListIds": [peer for peer in peers if peer.startswith("pl-")],
        "sourceSecurityGroupId": first(peer for peer in peers if peer.startswith("sg-")),
    }


def _check_rule(inputs: Values) -> list[tuple[str, str]]:
    peers = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "sourceSecurityGroupId")
    if any(inputs.get(name) for name in peers):
        return []
    return [("cidrBlocks", f"a rule needs a peer: set one of {', '.join(f'`{name}`' for name in peers)}")]


class SingleRule(Ec2Operations):
    """The newer rule type: one resource, one permission, with its own id and tags in EC2."""

    kind = "security-group-rule"
    direction = ""

    def create(self, inputs: Values) -> str:
        call = getattr(self.ec2, f"authorize_security_group_{self.direction}")
        answer = call(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_single_permission(inputs).as_ec2()],
            **self.tag_specifications(inputs),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_security_group_rules, SecurityGroupRuleIds=[resource_id])
        rule = first(found["SecurityGroupRules"]) if found is not None else None
        if rule is None or rule["IsEgress"] != (self.direction == "egress"):
            return None
        any_protocol = rule["IpProtocol"] == ANY_PROTOCOL
        return {
            "arn": self.arn(resource_id),
            "tagsAll": tag_map(rule.get("Tags")),
            "securityGroupRuleId": resource_id,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if any_protocol else rule.get("FromPort"),
            "toPort": None if any_protocol else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "description": rule.get("Description") or self._description_in_group(rule),
        }

    def _description_in_group(self, rule: Mapping[str, Any]) -> str | None:
        """moto returns the description of a rule with a group as peer only in the group itself (seen in 5.2.5)."""
        group = self.ec2.describe_security_groups(GroupIds=[rule["GroupId"]])["SecurityGroups"][0]
        wanted = permissions.of_single_rule(rule).without_description()
        return first(
            permission.description
            for permission in permissions.of_ec2(group[_DIRECTIONS[self.direction]])
            if permission.without_description() == wanted
        )

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        any_protocol = ip_protocol(inputs["ipProtocol"]) == ANY_PROTOCOL
        peers = {
            "CidrIpv4": inputs.get("cidrIpv4"),
            "CidrIpv6": inputs.get("cidrIpv6"),
            "PrefixListId": inputs.get("prefixListId"),
            "ReferencedGroupId": inputs.get("referencedSecurityGroupId"),
        }
        rule = {
            "IpProtocol": ip_protocol(inputs["ipProtocol"]),
            "FromPort": -1 if any_protocol else inputs["fromPort"],
            "ToPort": -1 if any_protocol else inputs["toPort"],
            "Description": inputs.get("description") or "",
            **{name: peer for name, peer in peers.items() if peer},
        }
        self.ec2.modify_security_group_rules(
            GroupId=inputs["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": resource_id, "SecurityGroupRule": rule}],
        )

    def delete(self, resource_id: str, state: Values) -> None:
        call = getattr(self.ec2, f"revoke_security_group_{self.direction}")
        call(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[resource_id])


class IngressRule(SingleRule):
    direction = "ingress"


class EgressRule(SingleRule):
    direction = "egress"


_SINGLE_PEERS = {
    "cidrIpv4": "cidrBlocks",
    "cidrIpv6": "ipv6CidrBlocks",
    "prefixListId": "prefixListIds",
    "referencedSecurityGroupId": "securityGroups",
}


def _single_permission(inputs: Values) -> Permission:
    kind, peer = next((kind, inputs[name]) for name, kind in _SINGLE_PEERS.items() if inputs.get(name))
    return Permission(
        protocol=ip_protocol(inputs["ipProtocol"]),
        from_port=inputs.get("fromPort") or 0,
        to_port=inputs.get("toPort") or 0,
        peer_kind=kind,
        peer=peer,
        description=inputs.get("description") or "",
    )


def _check_single(inputs: Values) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if len([name for name in _SINGLE_PEERS if inputs.get(name)]) != 1:
        found.append(("cidrIpv4", f"exactly one of {', '.join(f'`{name}`' for name in _SINGLE_PEERS)} must be given"))
    any_protocol = ip_protocol(inputs["ipProtocol"]) == ANY_PROTOCOL
    for name in ("fromPort", "toPort"):
        if any_protocol and inputs.get(name) is not None:
            found.append((name, f"any protocol (-1) has no ports: leave `{name}` out"))
        if not any_protocol and inputs.get(name) is None:
            found.append((name, f"a rule for one protocol needs `{name}`"))
    return found


_RULE_BLOCK = {
    "protocol": Input(required=True, canonical_form=ip_protocol),
    "fromPort": Input(required=True),
    "toPort": Input(required=True),
    "cidrBlocks": Input(unordered=True),
    "ipv6CidrBlocks": Input(unordered=True),
    "prefixListIds": Input(unordered=True),
    "securityGroups": Input(unordered=True),
    "self": Input(default=False),
    "description": Input(),
}

_PEER_IN_PLACE = Input(fixed="moto keeps the old peer of a rule that is modified")

_SINGLE_RULE = {
    "securityGroupId": Input(required=True, replaces=True),
    "ipProtocol": Input(required=True, canonical_form=ip_protocol),
    "fromPort": Input(),
    "toPort": Input(),
    "cidrIpv4": Input(),
    "cidrIpv6": _PEER_IN_PLACE,
    "prefixListId": _PEER_IN_PLACE,
    "referencedSecurityGroupId": _PEER_IN_PLACE,
    "description": Input(),
}

ROWS = (
    Row(
        pulumi_name="aws:ec2/securityGroup:SecurityGroup",
        source="security_group",
        inputs={
            "description": Input(default="Managed by Pulumi", replaces=True),
            "vpcId": Input(computed=True, replaces=True),
            "ingress": Input(computed=True, unordered=True, members=_RULE_BLOCK),
            "egress": Input(computed=True, unordered=True, members=_RULE_BLOCK),
            "revokeRulesOnDelete": Input(default=False, write_only=True),
        },
        outputs=("arn", "ownerId"),
        operations=SecurityGroup,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=255),
    ),
    Row(
        pulumi_name="aws:ec2/securityGroupRule:SecurityGroupRule",
        source="security_group_rule",
        inputs={
            "type": Input(required=True, replaces=True, refusal=one_of("ingress", "egress")),
            "securityGroupId": Input(required=True, replaces=True),
            "protocol": Input(required=True, replaces=True, canonical_form=ip_protocol),
            "fromPort": Input(required=True, replaces=True),
            "toPort": Input(required=True, replaces=True),
            "cidrBlocks": Input(replaces=True),
            "ipv6CidrBlocks": Input(replaces=True),
            "prefixListIds": Input(replaces=True),
            "self": Input(default=False, replaces=True),
            "sourceSecurityGroupId": Input(computed=True, replaces=True),
            "description": Input(),
        },
        outputs=(),
        operations=SecurityGroupRule,
        tagged=False,
        check=_check_rule,
        import_note="<group id>_<type>_<protocol>_<from port>_<to port>_<peer>[_<peer>…]",
    ),
    Row(
        pulumi_name="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        source="vpc_security_group_ingress_rule",
        inputs=_SINGLE_RULE,
        outputs=("arn", "securityGroupRuleId"),
        operations=IngressRule,
        check=_check_single,
    ),
    Row(
        pulumi_name="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        source="vpc_security_group_egress_rule",
        inputs=_SINGLE_RULE,
        outputs=("arn", "securityGroupRuleId"),
        operations=EgressRule,
        check=_check_single,
    ),
)

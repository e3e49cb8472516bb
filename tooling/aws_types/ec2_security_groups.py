"""EC2: security groups and their rules."""

from __future__ import annotations

from tooling.aws_types.billing import free
from tooling.aws_types.ec2_network import interfaces
from tooling.aws_types.identification import by_tags
from tooling.aws_types.listing import ec2_listing, own_tags
from tooling.aws_types.row import AwsType, Description

_RULE = Description(
    noun="rule of security group",
    service="vpc",
    name=("securityGroupId",),
    find="aws ec2 describe-security-group-rules --filters Name=group-id,Values={securityGroupId} --region {region}",
    delete="aws ec2 revoke-security-group-ingress or -egress --group-id {securityGroupId} "
    "--security-group-rule-ids <the rule's id> --region {region}",
)
_RULE_BY_TAGS = by_tags("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId")


TYPES = (
    AwsType(
        pulumi_name="aws:ec2/securityGroup:SecurityGroup",
        description=Description(
            noun="security group",
            service="vpc",
            name=("name",),
            find="aws ec2 describe-security-groups --filters Name=group-name,Values={name} Name=vpc-id,Values={vpcId} "
            "--region {region}",
            delete="aws ec2 delete-security-group --group-id <its id> --region {region}",
            uses=interfaces("group-id"),
        ),
        identification=by_tags("describe_security_groups", "SecurityGroups", "GroupId"),
        listing=ec2_listing(
            "security-group",
            "describe_security_groups",
            "SecurityGroups",
            "GroupId",
            keep=lambda group: group["GroupName"] != "default",
            tags=own_tags,
            remove=lambda client, thing: client.delete_security_group(GroupId=thing["GroupId"]),
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:ec2/securityGroupRule:SecurityGroupRule",
        description=_RULE,
        identification="its id is the provider's own hash of the rule's permissions",
        listing="goes with its security group",
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        description=_RULE,
        identification=_RULE_BY_TAGS,
        listing="goes with its security group",
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        description=_RULE,
        identification=_RULE_BY_TAGS,
        listing="goes with its security group",
        billing=free,
    ),
)

"""CloudWatch Container Insights, as an EKS add-on: metrics of the cluster, its nodes and pods.

The add-on includes its own Fluent Bit, which is always switched off: with the platform's it would send every line
twice, including those of tenants. Application Signals are switched off too.

The agents would create their log groups without retention and KMS key. So the add-on creates all groups that AWS
documents first, and denies the agent's role to create any, so that a deleted group is not recreated.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws
from addon import Addon, AddonArgs, AddonComponent, by_minor
from addon_namespace import addon_namespace
from identity import ServiceAccountName, addon_role
from network_rules import aws_credentials, dns, https, network_policy
from pydantic import Field

from shared.eks_addons import AddonRole, EksAddonArgs, eks_addon
from shared.iam import Statement, policy_document
from shared.kubernetes_labels import NAME_LABEL
from shared.log_groups import CONTAINER_INSIGHTS_LOGS, RetentionDays, container_insights_log_group
from shared.network_policies import from_ranges
from shared.settings import Settings
from shared.versions import ADDONS, KUBERNETES

NAME = "container-insights"
NAMESPACE = "amazon-cloudwatch"
EKS_ADDON = "amazon-cloudwatch-observability"
ACCOUNT = "cloudwatch-agent"
"""Service account of the agent, which runs on the host network, where network policies do not apply."""
_OPERATOR = {NAME_LABEL: EKS_ADDON}
_WEBHOOK_PORT = 9443


def configuration() -> str:
    """Source: CloudWatch user guide, "Install the CloudWatch agent with the Amazon CloudWatch Observability EKS add-on
    or the Helm chart", additional configuration."""
    metrics = {"kubernetes": {"enhanced_container_insights": True}}
    return json.dumps(
        {
            "agent": {"config": {"logs": {"metrics_collected": metrics}}},
            "containerLogs": {"enabled": False},
        }
    )


def no_log_groups() -> str:
    """Denies the actions of `CloudWatchAgentServerPolicy` that create log groups or change their retention.

    Source: AWS managed policy reference, CloudWatchAgentServerPolicy.
    """
    return policy_document(
        Statement(
            sid="MakeNoLogGroups",
            effect="Deny",
            actions=["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
            resources=["*"],
        )
    )


class ContainerInsightsSettings(Settings):
    container_insights_retention_days: RetentionDays = Field(
        default=30,
        description="Retention of the metric events in days; a value that CloudWatch Logs allows.",
    )


class ContainerInsights(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[ContainerInsightsSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        groups = [self._log_group(log, args) for log in CONTAINER_INSIGHTS_LOGS]
        # The agent reads files of the node and uses the host network.
        namespace = addon_namespace(NAMESPACE, self.child, pod_security="privileged")
        inside = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[namespace]))
        role = addon_role(
            NAME,
            args,
            ServiceAccountName(namespace=NAMESPACE, name=ACCOUNT),
            # Deleted in the order agent, role, groups: a terminating agent may still write.
            pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=groups)),
            policy="no-log-groups",
            document=no_log_groups(),
            managed_policies=["CloudWatchAgentServerPolicy"],
            associate=False,
        )
        self.role_arn = role.arn
        policies = [
            network_policy(f"default-deny-{NAMESPACE}", NAMESPACE, {}, inside),
            network_policy(
                EKS_ADDON,
                NAMESPACE,
                _OPERATOR,
                inside,
                # The API server calls the webhooks from its interfaces in the private subnets.
                ingress=args.infrastructure.pod_cidrs.apply(lambda cidrs: from_ranges(cidrs, [_WEBHOOK_PORT])),
                egress=[dns(), https(), *aws_credentials(args.identity)],
            ),
        ]
        eks_addon(
            EKS_ADDON,
            EksAddonArgs(
                cluster_name=args.infrastructure.cluster_name,
                version=args.version,
                tag=args.context.named(EKS_ADDON),
                configuration=configuration(),
                role=AddonRole(method=args.identity, service_account=ACCOUNT, arn=role.arn, ready=role.ready),
                after=policies,
            ),
            self.child,
        )
        self.register_outputs({"role_arn": self.role_arn})

    def _log_group(self, log: str, args: AddonArgs[ContainerInsightsSettings]) -> aws.cloudwatch.LogGroup:
        above = args.infrastructure
        return aws.cloudwatch.LogGroup(
            f"{NAME}-{log}",
            name=above.cluster_name.apply(lambda cluster_name: container_insights_log_group(cluster_name, log)),
            retention_in_days=args.settings.container_insights_retention_days,
            kms_key_id=above.secrets_key_arn,
            tags={"Name": args.context.named(f"{NAME}-{log}")},
            opts=self.child,
        )


ADDON = Addon(
    name=NAME,
    summary="metrics of cluster, nodes and pods in CloudWatch",
    component=ContainerInsights,
    settings=ContainerInsightsSettings,
    namespace=NAMESPACE,
    enabled=False,
    pin=by_minor({KUBERNETES.value: ADDONS[EKS_ADDON]}),
)

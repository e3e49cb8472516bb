"""The cluster autoscaler: adds nodes for pods that wait, removes nodes that are superfluous.

It finds the node groups by their tags, so that a new group in tier 1 changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from cluster_autoscaler_permissions import (
    NAME,
    NAMESPACE,
    cluster_rules,
    own_namespace_rules,
    scaling_policy,
)
from place import Place
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy
from pulumi_kubernetes.rbac import v1 as rbac
from settings import ClusterAutoscalerSettings

from shared.contracts import Infrastructure
from shared.iam import service_account_trust
from shared.kubernetes_labels import MANAGED_BY_LABEL, NAME_LABEL, PLATFORM, ROLE_ARN_ANNOTATION
from shared.naming import iam_role_name
from shared.versions import CLUSTER_AUTOSCALER_IMAGE
from shared.workloads import container_security_context, http_probe, pod_security_context, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 8085
_API_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class ClusterAutoscalerArgs:
    place: Place
    settings: ClusterAutoscalerSettings
    infrastructure: Infrastructure


def command(settings: ClusterAutoscalerSettings, cluster_name: str) -> list[str]:
    tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{cluster_name}"
    return [
        "./cluster-autoscaler",
        "--cloud-provider=aws",
        f"--node-group-auto-discovery=asg:tag={tags}",
        f"--expander={settings.autoscaler_expander}",
        f"--scale-down-unneeded-time={settings.autoscaler_unneeded_minutes}m",
        "--balance-similar-node-groups",
        # A pod with an emptyDir must not hold its node for ever; its owner chose a volume that may go.
        "--skip-nodes-with-local-storage=false",
        "--logtostderr=true",
        "--v=2",
    ]


class ClusterAutoscaler(pulumi.ComponentResource):
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:platform-addons:ClusterAutoscaler", name, {}, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        permitted = self._aws_role()
        account = core.ServiceAccount(
            NAME,
            metadata=self._metadata(annotations={ROLE_ARN_ANNOTATION: self.role_arn}),
            automount_service_account_token=False,
            opts=self._child,
        )
        allowed = self._cluster_role(account) + self._own_namespace_role(account)
        self._deployment(account, [*permitted, *allowed])
        policy.PodDisruptionBudget(
            NAME,
            metadata=self._metadata(),
            # One replica: a budget that kept it would stop every drain.
            spec=policy.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=meta.LabelSelectorArgs(match_labels=_SELECTOR)
            ),
            opts=self._child,
        )
        self.register_outputs({"role_arn": self.role_arn})

    def _aws_role(self) -> list[pulumi.Resource]:
        place, above = self._args.place, self._args.infrastructure
        physical = iam_role_name(place.named("eks-cluster-autoscaler"))
        role = aws.iam.Role(
            NAME,
            name=physical,
            assume_role_policy=pulumi.Output.all(above.oidc_provider_arn, above.oidc_issuer_url).apply(
                lambda oidc: service_account_trust(
                    oidc_provider_arn=oidc[0], oidc_issuer_url=oidc[1], namespaces=[NAMESPACE], service_account=NAME
                )
            ),
            tags={"Name": physical},
            opts=self._child,
        )
        self.role_arn = role.arn
        scaling = aws.iam.RolePolicy(
            NAME,
            name=place.named("scaling"),
            role=role.name,
            policy=above.cluster_name.apply(scaling_policy),
            opts=self._child,
        )
        return [scaling]

    def _cluster_role(self, account: core.ServiceAccount) -> list[pulumi.Resource]:
        metadata = meta.ObjectMetaArgs(name=NAME, labels=_LABELS)
        role = rbac.ClusterRole(NAME, metadata=metadata, rules=cluster_rules(), opts=self._child)
        reference = rbac.RoleRefArgs(api_group=_API_GROUP, kind="ClusterRole", name=role.metadata.name)
        binding = rbac.ClusterRoleBinding(
            NAME, metadata=metadata, role_ref=reference, subjects=[_subject(account)], opts=self._child
        )
        return [binding]

    def _own_namespace_role(self, account: core.ServiceAccount) -> list[pulumi.Resource]:
        role = rbac.Role(NAME, metadata=self._metadata(), rules=own_namespace_rules(), opts=self._child)
        reference = rbac.RoleRefArgs(api_group=_API_GROUP, kind="Role", name=role.metadata.name)
        binding = rbac.RoleBinding(
            NAME, metadata=self._metadata(), role_ref=reference, subjects=[_subject(account)], opts=self._child
        )
        return [binding]

    def _deployment(self, account: core.ServiceAccount, after: list[pulumi.Resource]) -> None:
        container = core.ContainerArgs(
            name=NAME,
            image=CLUSTER_AUTOSCALER_IMAGE.value,
            command=self._args.infrastructure.cluster_name.apply(
                lambda cluster_name: command(self._args.settings, cluster_name)
            ),
            # Instance metadata, where the AWS SDK would look for it, is out of a pod's reach.
            env=[core.EnvVarArgs(name="AWS_REGION", value=self._args.place.region)],
            ports=[core.ContainerPortArgs(name="http", container_port=_HEALTH_PORT)],
            liveness_probe=http_probe("/health-check", _HEALTH_PORT, period_seconds=30),
            # Memory grows with nodes and pods; 600Mi is what upstream gives it.
            resources=resources({"cpu": "100m", "memory": "600Mi"}, {"cpu": "500m", "memory": "600Mi"}),
            security_context=container_security_context(),
        )
        apps.Deployment(
            NAME,
            metadata=self._metadata(),
            spec=apps.DeploymentSpecArgs(
                replicas=1,
                # Two at once would only wait for each other's lease.
                strategy=apps.DeploymentStrategyArgs(type="Recreate"),
                selector=meta.LabelSelectorArgs(match_labels=_SELECTOR),
                template=core.PodTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(labels=_LABELS),
                    spec=core.PodSpecArgs(
                        service_account_name=account.metadata.name,
                        automount_service_account_token=True,
                        priority_class_name="system-cluster-critical",
                        security_context=pod_security_context(),
                        containers=[container],
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=annotations)


def _subject(account: core.ServiceAccount) -> rbac.SubjectArgs:
    return rbac.SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=NAMESPACE)

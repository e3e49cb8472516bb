"""AWS Load Balancer Controller: one Application Load Balancer per tenant for its Ingresses, and their IngressClass.

The add-on creates the CRDs before the chart, because Helm installs CRDs of a chart once and never updates them. It also
creates the service account with the IAM role, and the IngressClass with its parameters. The class is deliberately not
the default: an Ingress without a class is not served.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from custom_resources import (
    Definition,
    label_selector,
    list_of,
    mapping_of,
    number_or_text,
    record,
    text,
    true_or_false,
)
from identity import ServiceAccountName, addon_role
from network_rules import aws_credentials, dns, https, network_policy
from pulumi_kubernetes import apiextensions
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.helm import v3 as helm
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking
from pydantic import Field

from addons.load_balancer_controller.permissions import NAME, NAMESPACE, load_balancer_policy
from shared.kubernetes_labels import (
    INGRESS_CLASS,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    NAMESPACE_NAME_LABEL,
    PLATFORM,
    TENANT_LABEL,
)
from shared.network_policies import from_ranges
from shared.settings import Settings
from shared.versions import LOAD_BALANCER_CONTROLLER_CHART
from shared.workload_roles import WorkloadRole
from shared.workloads import EVICTION_OF_UNHEALTHY_PODS

REPOSITORY = "https://aws.github.io/eks-charts"
# Source: AWS Load Balancer Controller documentation, "IngressClass".
CONTROLLER = "ingress.k8s.aws/alb"
_GROUP, _VERSION = "elbv2.k8s.aws", "v1beta1"
_WEBHOOK_PORT = 9443
_LABELS = {NAME_LABEL: NAME, MANAGED_BY_LABEL: PLATFORM}
_NO_NAMESPACE = {"key": NAMESPACE_NAME_LABEL, "operator": "DoesNotExist"}

_PAIR = record("key", "value", key=text(), value=text())
_PEER = record(
    ipBlock=record("cidr", cidr=text()),
    securityGroup=record("groupID", groupID=text()),
)
_RULE = record(
    "from",
    "ports",
    **{"from": list_of(_PEER)},
    ports=list_of(record(port=number_or_text(), protocol=text("TCP", "UDP"))),
)
DEFINITIONS = (
    Definition(
        group=_GROUP,
        version=_VERSION,
        kind="IngressClassParams",
        plural="ingressclassparams",
        namespaced=False,
        columns={"Scheme": ".spec.scheme"},
        spec=record(
            certificateArn=list_of(text()),
            group=record("name", name=text()),
            inboundCIDRs=list_of(text()),
            ipAddressType=text("ipv4", "dualstack", "dualstack-without-public-ipv4"),
            loadBalancerAttributes=list_of(_PAIR),
            namespaceSelector=label_selector(),
            scheme=text("internal", "internet-facing"),
            sslPolicy=text(),
            subnets=record(ids=list_of(text()), tags=mapping_of(list_of(text()))),
            tags=list_of(_PAIR),
        ),
    ),
    Definition(
        group=_GROUP,
        version=_VERSION,
        kind="TargetGroupBinding",
        plural="targetgroupbindings",
        namespaced=True,
        columns={"Service": ".spec.serviceRef.name", "Port": ".spec.serviceRef.port", "Type": ".spec.targetType"},
        spec=record(
            "serviceRef",
            ipAddressType=text("ipv4", "ipv6"),
            iamRoleArnToAssume=text(),
            assumeRoleExternalId=text(),
            multiClusterTargetGroup=true_or_false(),
            networking=record(ingress=list_of(_RULE)),
            nodeSelector=label_selector(),
            serviceRef=record("name", "port", name=text(), port=number_or_text()),
            targetGroupARN=text(),
            targetGroupName=text(),
            targetGroupProtocol=text(),
            targetType=text("instance", "ip"),
            vpcID=text(),
        ),
    ),
)
"""Kinds that the controller reads and creates, without the fields for features that tenants may not use.

Source: kubernetes-sigs/aws-load-balancer-controller, helm/aws-load-balancer-controller/crds/crds.yaml and
docs/guide/targetgroupbinding/spec.md."""


class LoadBalancerControllerSettings(Settings):
    load_balancer_controller_chart: str = Field(
        default="",
        description=f"Chart to use instead of the one in {REPOSITORY}: an `oci://` reference, or a path relative to "
        "the directory of the tier.",
    )
    load_balancer_ingress_validation: bool = Field(
        default=True,
        description="Whether the controller's webhook validates Ingresses; disable it if the controller's pods do not "
        "run, as no Ingress could be created otherwise.",
    )
    load_balancer_readiness_gates: bool = Field(
        default=True,
        description="Whether the controller's webhook adds a readiness gate to tenants' pods, so that rollouts wait "
        "for the load balancer; disable it if the controller's pods do not run, as pod creation would be delayed.",
    )


def values(args: AddonArgs[LoadBalancerControllerSettings], *, cluster_name: str, vpc_id: str) -> dict[str, object]:
    """Values of the chart.

    Source: kubernetes-sigs/aws-load-balancer-controller, helm/aws-load-balancer-controller/values.yaml.
    """
    return {
        "clusterName": cluster_name,
        # Set explicitly, because pods cannot reach instance metadata.
        "region": args.context.region,
        "vpcId": vpc_id,
        "replicaCount": 2,
        "podDisruptionBudget": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": EVICTION_OF_UNHEALTHY_PODS},
        "priorityClassName": "system-cluster-critical",
        "resources": {
            "requests": {"cpu": "50m", "memory": "192Mi"},
            "limits": {"cpu": "500m", "memory": "192Mi"},
        },
        "podSecurityContext": {
            "fsGroup": 65534,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "serviceAccount": {"create": False, "name": NAME},
        "createIngressClassResource": False,
        "ingressClass": INGRESS_CLASS,
        "ingressClassParams": {"create": False},
        "disableIngressClassAnnotation": True,
        # Pods have VPC addresses, and tenants cannot use node ports.
        "defaultTargetType": "ip",
        # Tenants cannot create Services of type LoadBalancer, and the platform has none.
        "enableServiceMutatorWebhook": False,
        "controllerConfig": {"featureGates": {"EnableServiceController": False}},
        # A new pod becomes available once the load balancer reports it healthy, so that rollouts wait for it.
        # Only in namespaces with the label `elbv2.k8s.aws/pod-readiness-gate-inject: enabled`, which tenants' have.
        "enablePodReadinessGateInject": True,
        # If the controller is down, tenants' pods must still start, without the gate.
        "podMutatorWebhookConfig": {"failurePolicy": "Ignore"},
        **({} if args.settings.load_balancer_readiness_gates else {"webhookNamespaceSelectors": [_NO_NAMESPACE]}),
        "webhookConfig": {"disableIngressValidation": not args.settings.load_balancer_ingress_validation},
        # Features that its role has no permissions for.
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "defaultTags": dict(args.context.tags),
    }


class LoadBalancerController(AddonComponent):
    def __init__(
        self, name: str, args: AddonArgs[LoadBalancerControllerSettings], opts: pulumi.ResourceOptions
    ) -> None:
        # Aliases, so that existing Ingresses keep their class: it was a separate add-on, and before that a component.
        before = [
            pulumi.Alias(name="ingress-class", type_="platform:platform-addons:IngressClass"),
            pulumi.Alias(name="ingress", type_="platform:platform-addons:LoadBalancerIngress"),
        ]
        super().__init__(name, args, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=before)))
        self._args = args
        role = self._role()
        self.role_arn = role.arn
        account = core.ServiceAccount(
            NAME,
            metadata=meta.ObjectMetaArgs(
                name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=role.annotations or None
            ),
            opts=self.child,
        )
        definitions = [definition.deploy(self.child) for definition in DEFINITIONS]
        infrastructure = args.infrastructure
        policy = network_policy(
            NAME,
            NAMESPACE,
            {NAME_LABEL: NAME},
            self.child,
            # The API server calls its webhooks from the private subnets.
            ingress=infrastructure.pod_cidrs.apply(lambda cidrs: from_ranges(cidrs, [_WEBHOOK_PORT])),
            egress=[dns(), https(), *aws_credentials(args.identity)],
        )
        release = self._release([account, policy, *role.ready, *definitions])
        self._ingress_class(definitions, release)
        self.register_outputs({"role_arn": self.role_arn})

    def _role(self) -> WorkloadRole:
        infrastructure, region = self._args.infrastructure, self._args.context.region
        document = pulumi.Output.all(
            partition=infrastructure.partition,
            account_id=infrastructure.account_id,
            vpc_id=infrastructure.vpc_id,
            cluster_name=infrastructure.cluster_name,
        ).apply(lambda known: load_balancer_policy(region=region, **known))
        account = ServiceAccountName(namespace=NAMESPACE, name=NAME)
        return addon_role(NAME, self._args, account, self.child, policy="load-balancers", document=document)

    def _release(self, before: list[pulumi.Resource]) -> helm.Release:
        chart = self._args.settings.load_balancer_controller_chart
        own = bool(chart)
        if own and not chart.startswith("oci://"):
            chart = str(Path(chart).resolve())
        facts = pulumi.Output.all(self._args.infrastructure.cluster_name, self._args.infrastructure.vpc_id)
        return helm.Release(
            NAME,
            name=NAME,
            namespace=NAMESPACE,
            chart=chart or NAME,
            version=None if own else self._args.version,
            repository_opts=None if own else helm.RepositoryOptsArgs(repo=REPOSITORY),
            skip_crds=True,
            values=facts.apply(lambda known: values(self._args, cluster_name=known[0], vpc_id=known[1])),
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=before)),
        )

    def _ingress_class(self, definitions: Sequence[pulumi.Resource], release: helm.Release) -> None:
        labels = {MANAGED_BY_LABEL: PLATFORM}
        parameters = apiextensions.CustomResource(
            f"{INGRESS_CLASS}-parameters",
            api_version=f"{_GROUP}/{_VERSION}",
            kind="IngressClassParams",
            metadata=meta.ObjectMetaArgs(name=INGRESS_CLASS, labels=labels),
            spec={
                "namespaceSelector": {"matchExpressions": [{"key": TENANT_LABEL, "operator": "Exists"}]},
                # TLS 1.2 at least. Source: Elastic Load Balancing, "Security policies".
                "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "loadBalancerAttributes": [
                    {"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"},
                ],
            },
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=list(definitions))),
        )
        networking.IngressClass(
            INGRESS_CLASS,
            metadata=meta.ObjectMetaArgs(name=INGRESS_CLASS, labels=labels),
            spec=networking.IngressClassSpecArgs(
                controller=CONTROLLER,
                parameters=networking.IngressClassParametersReferenceArgs(
                    api_group=_GROUP, kind="IngressClassParams", name=INGRESS_CLASS
                ),
            ),
            # The controller is deleted last, because it deletes the load balancers.
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[parameters, release])),
        )


ADDON = Addon(
    name="load-balancer-controller",
    summary="load balancers for the Ingresses of applications, and their IngressClass",
    component=LoadBalancerController,
    settings=LoadBalancerControllerSettings,
    namespace=NAMESPACE,
    provides=("ingress-class",),
    requires=("admission-policies",),
    pin=same_for_every_minor(LOAD_BALANCER_CONTROLLER_CHART),
)

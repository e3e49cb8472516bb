"""Tier 2: the cluster-wide services of one environment."""

import pulumi
from cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from ingress import LoadBalancerIngress
from metrics_server import MetricsServer, MetricsServerArgs
from place import Place
from settings import PlatformAddonsSettings

from shared.contracts import Infrastructure, PlatformAddons, consume, publish
from shared.providers import aws_provider, kubernetes_provider
from shared.settings import load_settings, stack_environment

settings = load_settings(PlatformAddonsSettings)
environment = stack_environment()
place = Place.of(environment)
infrastructure = consume(Infrastructure, stack=environment.name)
cluster = kubernetes_provider(
    kubeconfig=infrastructure.kubeconfig,
    cluster_arn=infrastructure.cluster_arn,
    context=infrastructure.cluster_name,
)
opts = pulumi.ResourceOptions(providers=[aws_provider(environment), cluster])

autoscaler = ClusterAutoscaler(
    "cluster-autoscaler",
    ClusterAutoscalerArgs(place=place, settings=settings, infrastructure=infrastructure),
    opts,
)
MetricsServer("metrics-server", MetricsServerArgs(place=place, infrastructure=infrastructure), opts)
ingress = LoadBalancerIngress("ingress", opts)

publish(
    PlatformAddons(
        addons=pulumi.Output.from_input(["cluster-autoscaler", "metrics-server"]),
        cluster_autoscaler_role_arn=autoscaler.role_arn,
        ingress_class_name=ingress.class_name,
    )
)

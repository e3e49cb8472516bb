"""Tier 2: the cluster-wide services of one environment."""

import pulumi
from installation import Installation
from settings import PlatformAddonsSettings
from stack_context import StackContext

from shared.contracts import Infrastructure, PlatformAddons, consume, publish, published
from shared.kubernetes_labels import INGRESS_CLASS
from shared.providers import aws_provider, kubernetes_provider
from shared.settings import load_settings, stack_environment

settings = load_settings(PlatformAddonsSettings)
environment = stack_environment()
infrastructure = consume(Infrastructure, stack=environment.name)
installation = Installation(
    context=StackContext.of(environment),
    settings=settings,
    infrastructure=infrastructure,
    cluster=published(Infrastructure, stack=environment.name),
)
cluster = kubernetes_provider(
    kubeconfig=infrastructure.kubeconfig,
    cluster_arn=infrastructure.cluster_arn,
    context=infrastructure.cluster_name,
)
components = installation.deploy(pulumi.ResourceOptions(providers=[aws_provider(environment), cluster]))
roles = {name: component.role_arn for name, component in components.items() if component.role_arn is not None}

publish(
    PlatformAddons(
        addons=pulumi.Output.from_input(sorted(components)),
        role_arns=pulumi.Output.all(**roles).apply(dict),
        ingress_class_name=pulumi.Output.from_input(INGRESS_CLASS),
    )
)

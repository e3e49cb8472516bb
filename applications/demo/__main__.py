"""Tier 4: the demo application, one web application in its tenant's namespace."""

import pulumi
from settings import DemoSettings

from shared.contracts import Tenant, consume
from shared.providers import kubernetes_provider
from shared.settings import load_settings, stack_environment
from shared.web_application import WebApplication, WebApplicationArgs

settings = load_settings(DemoSettings)
environment = stack_environment(with_account=False)
tenant = consume(Tenant, stack=f"{environment.name}.{settings.tenant}")
cluster = kubernetes_provider(kubeconfig=tenant.kubeconfig, cluster_arn=tenant.cluster_arn, context=tenant.cluster_name)

demo = WebApplication(
    "demo",
    WebApplicationArgs(
        tenant=tenant,
        image=settings.image,
        # agnhost's `porter` answers every request on port N with the variable SERVE_PORT_N, and does nothing else,
        # while the better known `netexec` executes shell commands from requests.
        arguments=["porter"],
        config={f"SERVE_PORT_{settings.port}": settings.greeting},
        port=settings.port,
        host=settings.host,
        certificate_arn=settings.certificate_arn,
        min_replicas=settings.min_replicas,
        max_replicas=settings.max_replicas,
    ),
    pulumi.ResourceOptions(providers=[cluster]),
)

pulumi.export("url", demo.url)
pulumi.export("namespace", demo.namespace)

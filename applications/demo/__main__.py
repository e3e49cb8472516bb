"""Tier 4: the demo application, one web application in its tenant's namespace."""

import pulumi
from settings import DemoSettings

from shared.applications import HttpProbe, Probes, WebApplication, WebApplicationArgs
from shared.contracts import Tenant, consume
from shared.providers import kubernetes_provider
from shared.settings import load_settings, stack_environment

settings = load_settings(DemoSettings)
environment = stack_environment(with_account=False)
tenant = consume(Tenant, stack=f"{environment.name}.{settings.tenant}")
cluster = kubernetes_provider(kubeconfig=tenant.kubeconfig, cluster_arn=tenant.cluster_arn, context=tenant.cluster_name)

demo = WebApplication(
    settings.release_name,
    WebApplicationArgs(
        tenant=tenant,
        namespace=settings.namespace,
        image=settings.image(tenant),
        config={"DEMO_ROOT_RESPONSE": settings.root_response, "DEMO_API_RESPONSE": settings.api_response},
        probes=Probes(
            ready=HttpProbe(path="/health/ready"),
            live=HttpProbe(path="/health/live", period_seconds=20, failures=6),
        ),
        port=settings.port,
        host=settings.host,
        certificate_arn=settings.certificate_arn,
        replicas=settings.replicas,
        max_replicas=settings.max_replicas,
    ),
    pulumi.ResourceOptions(providers=[cluster]),
)

pulumi.export("url", demo.url)
pulumi.export("namespace", demo.namespace)

"""A web application in its tenant's namespace: one component that takes an image and a host.

It sets everything that the tenant's guardrails require, so that a program contains only what is specific to its
application: hardened pods, requests and limits, the tenant's service account, one port throughout, a host of the
tenant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

from shared.applications.arguments import conflict
from shared.applications.long_running import LongRunning, LongRunningArgs
from shared.applications.probes import Probes
from shared.applications.routes import (
    ALB,
    HealthCheck,
    HostedRoute,
    Route,
    all_routes,
    hosted_routes,
    load_balancer_annotations,
    reachable_port,
    redirect_annotations,
)
from shared.applications.shutdown import Shutdown, shutdown
from shared.applications.workload import PodShape

PORT_VARIABLE = "PORT"
"""Environment variable with the port that the container listens on."""
_PORT_NAME = "http"


@dataclass(frozen=True, kw_only=True)
class WebApplicationArgs(LongRunningArgs):
    port: int = 8080
    """Port of container and Service, as network policies on EKS match the container port; one of `tenant.web_ports`."""
    host: str = ""
    """One of the tenant's hosts; empty: the first one."""
    routes: Sequence[Route] = ()
    """For more than one host, or for some paths only; excludes `host`. Empty: every path of `host`."""
    certificate_arn: str = ""
    """ARN of the hosts' ACM certificate; empty: they are served over plain HTTP. With a certificate, plain HTTP
    requests to these hosts are redirected; other applications of the tenant are not affected."""
    probes: Probes = field(default_factory=Probes)
    health_check: HealthCheck = field(default_factory=HealthCheck)
    longest_request_seconds: int = 30
    """Longest request that still completes when its pod is replaced. Separately, the load balancer closes connections
    that are idle for 60 seconds by default."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if PORT_VARIABLE in self.config:
            raise conflict(
                f"{PORT_VARIABLE} is in config, but the component sets it from port",
                at="WebApplicationArgs, config, port",
                hint=f"remove {PORT_VARIABLE} from config, and set port",
            )
        # Validated here, while the caller's line is on the stack.
        _ = self.shutdown, self.every_route

    @property
    def shutdown(self) -> Shutdown:
        return shutdown(longest_request_seconds=self.longest_request_seconds, exit_seconds=self.exit_seconds)

    @property
    def every_route(self) -> Sequence[Route]:
        return all_routes(self.host, self.routes)


class WebApplication(LongRunning):
    """Deployment, Service, ConfigMap, autoscaler, disruption budget and Ingress, all with the same name; with a
    certificate also a second Ingress, `<name>-redirect`."""

    url: pulumi.Output[str]
    """Of its first route."""

    def __init__(self, name: str, args: WebApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        tenant = args.tenant
        port = pulumi.Output.all(tenant.tenant, tenant.web_ports).apply(lambda facts: reachable_port(args.port, *facts))
        routes = pulumi.Output.all(tenant.tenant, tenant.hosts).apply(
            lambda facts: hosted_routes(args.every_route, *facts)
        )
        super().__init__("WebApplication", name, args, opts, checks=[port, routes])
        self._args, self._port = args, port
        probes = args.probes
        self._run(
            PodShape(
                labels=self._budget,
                grace_seconds=args.shutdown.grace,
                # Set for every application, so that images need not agree on a port.
                environment=[core.EnvVarArgs(name=PORT_VARIABLE, value=self._port.apply(str))],
                ports=[core.ContainerPortArgs(name=_PORT_NAME, container_port=self._port)],
                startup_probe=probes.startup.on(args.port) if probes.startup else None,
                readiness_probe=probes.ready.on(args.port),
                liveness_probe=probes.live.on(args.port) if probes.live else None,
                # Keeps serving until the load balancer has removed the pod.
                pre_stop_seconds=args.shutdown.pre_stop,
                spread=self._spread(),
            )
        )
        service = self._service()
        self._ingresses(service, routes)
        scheme = "https" if args.certificate_arn else "http"
        self.url = routes.apply(lambda routes: f"{scheme}://{routes[0].host}{routes[0].paths[0]}")
        self.register_outputs({"url": self.url})

    def _service(self) -> core.Service:
        return core.Service(
            self._name,
            metadata=self._metadata(),
            spec=core.ServiceSpecArgs(
                type="ClusterIP",
                selector=self._selector,
                ports=[core.ServicePortArgs(name=_PORT_NAME, port=self._port, target_port=self._port)],
            ),
            opts=self._child,
        )

    def _ingresses(self, service: core.Service, routes: pulumi.Output[list[HostedRoute]]) -> None:
        args = self._args
        annotations = load_balancer_annotations(
            health_check=args.health_check,
            ready_path=args.probes.ready.path,
            certificate_arn=args.certificate_arn,
            deregistration_delay_seconds=args.shutdown.deregistration_delay,
        )
        self._ingress(self._name, routes, annotations, service, port=_PORT_NAME)
        if args.certificate_arn:
            name, redirect = f"{self._name}-redirect", redirect_annotations(self._name)
            self._ingress(name, routes, redirect, service, port="use-annotation")

    def _ingress(
        self,
        name: str,
        routes: pulumi.Output[list[HostedRoute]],
        annotations: Mapping[str, pulumi.Input[str]],
        service: core.Service,
        *,
        port: str,
    ) -> None:
        """An Ingress whose rules have one backend."""
        tenant = self._args.tenant
        backend = networking.IngressBackendArgs(
            service=networking.IngressServiceBackendArgs(
                name=service.metadata.name, port=networking.ServiceBackendPortArgs(name=port)
            )
        )
        # One load balancer for all applications of a tenant, never shared between tenants.
        shared = {f"{ALB}/group.name": tenant.tenant, f"{ALB}/scheme": tenant.load_balancer_scheme}
        networking.Ingress(
            name,
            metadata=meta.ObjectMetaArgs(
                name=name,
                namespace=self.namespace,
                labels=self._labels,
                annotations={**annotations, **shared},
            ),
            spec=networking.IngressSpecArgs(
                ingress_class_name=tenant.ingress_class_name,
                rules=routes.apply(lambda routes: [_rule(route, backend) for route in routes]),
            ),
            opts=self._child,
        )


def _rule(route: HostedRoute, backend: networking.IngressBackendArgs) -> networking.IngressRuleArgs:
    paths = [networking.HTTPIngressPathArgs(path=path, path_type="Prefix", backend=backend) for path in route.paths]
    return networking.IngressRuleArgs(host=route.host, http=networking.HTTPIngressRuleValueArgs(paths=paths))

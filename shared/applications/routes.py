"""Where a web application answers: hosts and paths of its Ingress, and the annotations for its load balancer.

All applications of a tenant share one load balancer, so nothing here changes settings of the whole load balancer except
its scheme, which comes from the tenant's contract.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.applications.arguments import conflict, invalid
from shared.kubernetes_labels import HTTPS_REDIRECT
from shared.program_errors import ProgramInputError

ALB = "alb.ingress.kubernetes.io"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One host, and the paths below it that the application answers."""

    host: str = ""
    """One of the tenant's hosts; empty: the first one."""
    paths: Sequence[str] = ("/",)
    """Each stands for itself and everything below it."""

    def __post_init__(self) -> None:
        for path in self.paths:
            if not path.startswith("/"):
                raise invalid(f"path {path!r} of a route does not begin with /", hint=f"write /{path}")
        if not self.paths:
            raise invalid("a route has no paths", hint='use paths=["/"] for all of its host')


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How the load balancer decides whether a pod gets requests.

    Source: AWS Load Balancer Controller documentation, "Ingress annotations", for the defaults; Elastic Load Balancing,
    "Health checks for Application Load Balancer target groups", for the limits.
    """

    path: str = ""
    """Empty: the path of the readiness probe."""
    interval_seconds: int = 15
    timeout_seconds: int = 5
    healthy_after: int = 2
    """Successful checks in a row until a pod gets requests."""
    unhealthy_after: int = 2
    """Failed checks in a row until it gets none."""
    success_codes: str = "200"

    def __post_init__(self) -> None:
        if not 5 <= self.interval_seconds <= 300 or not 2 <= self.timeout_seconds < self.interval_seconds:
            raise invalid(
                f"interval_seconds ({self.interval_seconds}) of the health check must be from 5 to 300, and "
                f"timeout_seconds ({self.timeout_seconds}) at least 2 and less than that",
                hint="correct health_check",
            )
        if not (2 <= self.healthy_after <= 10 and 2 <= self.unhealthy_after <= 10):
            raise invalid(
                f"healthy_after ({self.healthy_after}) and unhealthy_after ({self.unhealthy_after}) of the health "
                "check must be from 2 to 10",
                hint="correct health_check",
            )

    @property
    def annotations(self) -> dict[str, str]:
        """Those whose values are not the controller's defaults."""
        return {
            f"{ALB}/{key}": str(getattr(self, name))
            for name, key in (
                ("interval_seconds", "healthcheck-interval-seconds"),
                ("timeout_seconds", "healthcheck-timeout-seconds"),
                ("healthy_after", "healthy-threshold-count"),
                ("unhealthy_after", "unhealthy-threshold-count"),
                ("success_codes", "success-codes"),
            )
            if getattr(self, name) != getattr(HealthCheck, name)
        }


@dataclass(frozen=True, kw_only=True)
class HostedRoute:
    """A route whose host is decided."""

    host: str
    paths: tuple[str, ...]


def all_routes(host: str, routes: Sequence[Route]) -> Sequence[Route]:
    """`routes`, or the one for `host` if there are none.

    Raises:
        ProgramInputError: `arguments-conflict`.
    """
    if host and routes:
        raise conflict(
            f"host {host!r} and routes exclude each other",
            at="WebApplicationArgs, host, routes",
            hint=f"remove host, and add Route(host={host!r}) to routes if it is not there",
        )
    return routes or (Route(host=host),)


def hosted_routes(routes: Sequence[Route], tenant: str, hosts: Sequence[str]) -> list[HostedRoute]:
    """`routes` with hosts of the tenant, one for each host, in their order.

    Raises:
        ProgramInputError: `host-not-the-tenants`, `host-missing`.
    """
    paths: dict[str, list[str]] = {}
    for route in routes:
        paths.setdefault(chosen_host(route.host, tenant, hosts), []).extend(route.paths)
    return [HostedRoute(host=host, paths=tuple(dict.fromkeys(of_host))) for host, of_host in paths.items()]


def chosen_host(host: str, tenant: str, hosts: Sequence[str]) -> str:
    """`host`, or the tenant's first host if empty.

    Raises:
        ProgramInputError: `host-not-the-tenants`, `host-missing`.
    """
    catalog = f"tenants/catalog/{tenant}.yaml, hosts"
    if host and host not in hosts:
        raise ProgramInputError(
            "host-not-the-tenants",
            f"host {host!r} is not a host of {tenant}: {', '.join(hosts) or 'it has none'}",
            at=catalog,
            hint=f"choose one of them, or add {host} to {catalog}",
        )
    if not host and not hosts:
        raise ProgramInputError(
            "host-missing", f"{tenant} has no host", at=catalog, hint=f"add one to {catalog}, and deploy the tenant"
        )
    return host or hosts[0]


def reachable_port(port: int, tenant: str, web_ports: Sequence[int]) -> int:
    """`port`, if load balancers can reach it.

    Raises:
        ProgramInputError: `port-not-open`.
    """
    if port not in web_ports:
        raise ProgramInputError(
            "port-not-open",
            f"load balancers reach {tenant}'s pods on {', '.join(map(str, web_ports))}, not on {port}",
            at=f"tenants/catalog/{tenant}.yaml, web_ports",
            hint=f"use one of them, or add {port} to web_ports",
        )
    return port


def load_balancer_annotations(
    *, health_check: HealthCheck, ready_path: str, certificate_arn: str, deregistration_delay_seconds: int
) -> dict[str, str]:
    """Annotations of the Ingress that forwards to the pods. Each applies to this Ingress only, or is merged by the
    controller with the tenant's other Ingresses; `ssl-redirect` is not used, since it redirects every host.

    Source: AWS Load Balancer Controller documentation, "Ingress annotations", merge behavior.
    """
    annotations = {
        f"{ALB}/target-type": "ip",
        f"{ALB}/listen-ports": json.dumps([{"HTTPS": 443} if certificate_arn else {"HTTP": 80}]),
        f"{ALB}/healthcheck-path": health_check.path or ready_path,
        f"{ALB}/target-group-attributes": f"deregistration_delay.timeout_seconds={deregistration_delay_seconds}",
        **health_check.annotations,
    }
    return annotations | ({f"{ALB}/certificate-arn": certificate_arn} if certificate_arn else {})


def redirect_annotations(service: str) -> dict[str, str]:
    """Annotations of the Ingress that redirects one host from HTTP to HTTPS. The action is named after the Service, so
    that Pulumi, which waits for a Service behind each path of an Ingress, finds one.

    Source: AWS Load Balancer Controller documentation, "Ingress annotations", actions.
    """
    return {f"{ALB}/listen-ports": json.dumps([{"HTTP": 80}]), f"{ALB}/actions.{service}": HTTPS_REDIRECT}

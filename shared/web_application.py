"""A web application in its tenant's namespace: one component that an app team gives an image and a host.

Everything that the rails of a tenant demand is in here, so that an application's own program holds only what is its
own: hardened pods, requests and limits, the tenant's service account, one port all the way, a host of the tenant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.autoscaling import v2 as autoscaling
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking
from pulumi_kubernetes.policy import v1 as policy

from shared.contracts import Tenant
from shared.kubernetes_labels import MANAGED_BY_LABEL, NAME_LABEL
from shared.program_errors import ProgramInputError
from shared.workloads import (
    container_security_context,
    http_probe,
    pod_security_context,
    resources,
    spread_over_zones_and_nodes,
)

_PORT_NAME = "http"


@dataclass(frozen=True, kw_only=True)
class WebApplicationArgs:
    tenant: Tenant
    image: str
    arguments: Sequence[str] = ()
    """Of the image's entry point."""
    config: Mapping[str, str] = field(default_factory=dict)
    """Environment variables; a change rolls the pods. Nothing secret: they stand in a ConfigMap."""
    secrets: Sequence[pulumi.Input[str]] = ()
    """Secrets of the namespace, by name, whose members become environment variables too. Pods that run keep the values
    that they started with."""
    port: int = 8080
    """Of container and Service alike, since network policies on EKS see the container's; one of `tenant.web_ports`."""
    host: str = ""
    """One of the tenant's hosts; empty: the first."""
    certificate_arn: str = ""
    """ACM certificate of the host; empty: the load balancer speaks plain HTTP."""
    health_path: str = "/"
    """Answers 200 once the container can serve; asked by the kubelet and by the load balancer."""
    min_replicas: int = 2
    max_replicas: int = 4
    cpu_percent: int = 70
    """Of the requested CPU, which the autoscaler aims at."""
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "50m", "memory": "64Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "500m", "memory": "128Mi"})
    automount_service_account_token: bool = False
    """Whether pods get a token for the Kubernetes API. The tenant's AWS role comes without it."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise ProgramInputError(
                "replicas-out-of-order",
                f"1 <= min_replicas ({self.min_replicas}) <= max_replicas ({self.max_replicas}) does not hold",
                where="WebApplicationArgs",
                mend="raise max_replicas or lower min_replicas",
            )


def chosen_host(host: str, tenant: str, hosts: Sequence[str]) -> str:
    """`host`, or the tenant's first one if it is empty.

    Raises:
        ProgramInputError: `host-not-the-tenants`, `host-missing`.
    """
    catalog = f"tenants/catalog/{tenant}.yaml, hosts"
    if host and host not in hosts:
        raise ProgramInputError(
            "host-not-the-tenants",
            f"host {host!r} is none of {tenant}'s: {', '.join(hosts) or 'it has none'}",
            where=catalog,
            mend=f"choose one of them, or add {host} to {catalog}",
        )
    if not host and not hosts:
        raise ProgramInputError(
            "host-missing", f"{tenant} has no host", where=catalog, mend=f"add one to {catalog}, and deploy the tenant"
        )
    return host or hosts[0]


def reachable_port(port: int, tenant: str, web_ports: Sequence[int]) -> int:
    """`port`, if load balancers reach it.

    Raises:
        ProgramInputError: `port-not-open`.
    """
    if port not in web_ports:
        raise ProgramInputError(
            "port-not-open",
            f"load balancers reach {tenant}'s pods on {', '.join(map(str, web_ports))}, and not on {port}",
            where=f"tenants/catalog/{tenant}.yaml, web_ports",
            mend=f"serve on one of them, or add {port} to web_ports",
        )
    return port


def load_balancer_annotations(*, health_path: str, certificate_arn: str) -> dict[str, str]:
    """Source: AWS Load Balancer Controller documentation, "Ingress annotations"."""
    prefix = "alb.ingress.kubernetes.io"
    listeners = [{"HTTP": 80}, *([{"HTTPS": 443}] if certificate_arn else [])]
    annotations = {
        f"{prefix}/scheme": "internet-facing",
        f"{prefix}/target-type": "ip",
        f"{prefix}/listen-ports": json.dumps(listeners),
        f"{prefix}/healthcheck-path": health_path,
    }
    if certificate_arn:
        annotations |= {f"{prefix}/certificate-arn": certificate_arn, f"{prefix}/ssl-redirect": "443"}
    return annotations


class WebApplication(pulumi.ComponentResource):
    """Deployment, Service, ConfigMap, autoscaler, disruption budget and Ingress; the name is theirs too."""

    namespace: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: WebApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:applications:WebApplication", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._selector = {NAME_LABEL: name}
        self._labels = {**self._selector, MANAGED_BY_LABEL: "pulumi"}
        self.namespace = args.tenant.namespaces.apply(lambda namespaces: namespaces[0])
        self._port = pulumi.Output.all(args.tenant.tenant, args.tenant.web_ports).apply(
            lambda facts: reachable_port(args.port, *facts)
        )
        # Without a name of its own: a change makes a new one, whose name in the pod template rolls the pods.
        config = core.ConfigMap(
            name,
            metadata=meta.ObjectMetaArgs(namespace=self.namespace, labels=self._labels),
            data=dict(args.config),
            opts=self._child,
        )
        deployment = self._deployment(config)
        service = self._service()
        self._autoscaler(deployment)
        self._disruption_budget()
        host = self._ingress(service)
        scheme = "https" if args.certificate_arn else "http"
        self.url = host.apply(lambda host: f"{scheme}://{host}/")
        self.register_outputs({"url": self.url})

    def _deployment(self, config: core.ConfigMap) -> apps.Deployment:
        args = self._args
        container = core.ContainerArgs(
            name=self._name,
            image=args.image,
            args=list(args.arguments),
            env_from=[
                core.EnvFromSourceArgs(config_map_ref=core.ConfigMapEnvSourceArgs(name=config.metadata.name)),
                *(core.EnvFromSourceArgs(secret_ref=core.SecretEnvSourceArgs(name=secret)) for secret in args.secrets),
            ],
            ports=[core.ContainerPortArgs(name=_PORT_NAME, container_port=self._port)],
            readiness_probe=http_probe(args.health_path, args.port),
            liveness_probe=http_probe(args.health_path, args.port, period_seconds=20, failures=6),
            resources=resources(args.requests, args.limits),
            security_context=container_security_context(),
        )
        return apps.Deployment(
            self._name,
            metadata=self._metadata(),
            spec=apps.DeploymentSpecArgs(
                # No `replicas`: they are the autoscaler's, and naming them here would undo what it did.
                revision_history_limit=5,
                strategy=apps.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                selector=meta.LabelSelectorArgs(match_labels=self._selector),
                template=core.PodTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(labels=self._labels),
                    spec=core.PodSpecArgs(
                        service_account_name=args.tenant.service_account_name,
                        automount_service_account_token=args.automount_service_account_token,
                        # The environment is what `config` says, and not what else runs in the namespace.
                        enable_service_links=False,
                        security_context=pod_security_context(),
                        topology_spread_constraints=spread_over_zones_and_nodes(self._selector),
                        containers=[container],
                    ),
                ),
            ),
            opts=self._child,
        )

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

    def _autoscaler(self, deployment: apps.Deployment) -> None:
        target = autoscaling.MetricTargetArgs(type="Utilization", average_utilization=self._args.cpu_percent)
        autoscaling.HorizontalPodAutoscaler(
            self._name,
            metadata=self._metadata(),
            spec=autoscaling.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=autoscaling.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=deployment.metadata.name
                ),
                min_replicas=self._args.min_replicas,
                max_replicas=self._args.max_replicas,
                metrics=[
                    autoscaling.MetricSpecArgs(
                        type="Resource", resource=autoscaling.ResourceMetricSourceArgs(name="cpu", target=target)
                    )
                ],
            ),
            opts=self._child,
        )

    def _disruption_budget(self) -> None:
        policy.PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            # One at a time, at any number of replicas: never a budget that keeps a node from being drained.
            spec=policy.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=meta.LabelSelectorArgs(match_labels=self._selector)
            ),
            opts=self._child,
        )

    def _ingress(self, service: core.Service) -> pulumi.Output[str]:
        args, tenant = self._args, self._args.tenant
        host = pulumi.Output.all(tenant.tenant, tenant.hosts).apply(lambda facts: chosen_host(args.host, *facts))
        annotations = load_balancer_annotations(health_path=args.health_path, certificate_arn=args.certificate_arn)
        backend = networking.IngressServiceBackendArgs(
            name=service.metadata.name, port=networking.ServiceBackendPortArgs(name=_PORT_NAME)
        )
        path = networking.HTTPIngressPathArgs(
            path="/", path_type="Prefix", backend=networking.IngressBackendArgs(service=backend)
        )
        networking.Ingress(
            self._name,
            metadata=meta.ObjectMetaArgs(
                name=self._name,
                namespace=self.namespace,
                labels=self._labels,
                # One load balancer for all of a tenant's applications, and none shared between tenants.
                annotations={**annotations, "alb.ingress.kubernetes.io/group.name": tenant.tenant},
            ),
            spec=networking.IngressSpecArgs(
                ingress_class_name=tenant.ingress_class_name,
                rules=[networking.IngressRuleArgs(host=host, http=networking.HTTPIngressRuleValueArgs(paths=[path]))],
            ),
            opts=self._child,
        )
        return host

    def _metadata(self) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=self._name, namespace=self.namespace, labels=self._labels)

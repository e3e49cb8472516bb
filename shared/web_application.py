"""A web application in its tenant's namespace: one component that takes an image and a host.

It sets everything that the tenant's guardrails require, so that a program contains only what is specific to its
application: hardened pods, requests and limits, the tenant's service account, one port throughout, a host of the
tenant. All applications of a tenant share one load balancer, so nothing here changes settings of the whole load
balancer except its scheme, which comes from the tenant's contract.
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

from shared.applications.probes import Probes
from shared.contracts import Tenant
from shared.kubernetes_labels import (
    BUDGET_LABEL,
    HTTPS_REDIRECT,
    LONGEST_GRACE_SECONDS,
    MANAGED_BY_LABEL,
    NAME_LABEL,
)
from shared.program_errors import ProgramInputError
from shared.workloads import (
    container_security_context,
    one_at_a_time,
    pod_security_context,
    resources,
    spread_over_zones_and_nodes,
)

PORT_VARIABLE = "PORT"
"""Environment variable with the port that the container listens on."""
_PORT_NAME = "http"
_ALB = "alb.ingress.kubernetes.io"

DEREGISTRATION_MARGIN_SECONDS = 15
"""Time from the deletion of a pod until no load balancer node sends it new requests: the controller has to deregister
the target, and AWS has to propagate that. A generous estimate; no upper bound is documented."""
EXIT_MARGIN_SECONDS = 5
"""Added to the time a container needs to exit, so that the kubelet does not kill one that is about to exit."""


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """How a pod leaves its load balancer without dropping requests; all times in seconds since its deletion.

    The target group stops new requests within `DEREGISTRATION_MARGIN_SECONDS` and lets running ones finish for
    `deregistration_delay`. The container gets SIGTERM at `pre_stop`, when both have passed, and is killed at `grace`.

    Source: AWS Load Balancer Controller documentation, "Pod readiness gate"; Elastic Load Balancing, "Edit target group
    attributes", deregistration delay; Kubernetes, "Container Lifecycle Hooks".
    """

    deregistration_delay: int
    pre_stop: int
    grace: int


def shutdown(*, longest_request_seconds: int, exit_seconds: int) -> Shutdown:
    """Matching shutdown times for the longest request and the time the application needs to exit after SIGTERM.

    Raises:
        ProgramInputError: `shutdown-out-of-range`.
    """
    pre_stop = DEREGISTRATION_MARGIN_SECONDS + longest_request_seconds
    grace = pre_stop + exit_seconds + EXIT_MARGIN_SECONDS
    if longest_request_seconds < 1 or exit_seconds < 1 or grace > LONGEST_GRACE_SECONDS:
        longest = LONGEST_GRACE_SECONDS - DEREGISTRATION_MARGIN_SECONDS - EXIT_MARGIN_SECONDS
        raise ProgramInputError(
            "shutdown-out-of-range",
            f"longest_request_seconds ({longest_request_seconds}) and exit_seconds ({exit_seconds}) must be at least 1 "
            f"and at most {longest} in total: a pod's longest grace period is {LONGEST_GRACE_SECONDS} seconds",
            at="WebApplicationArgs",
            hint="lower them; use a Job for longer work",
        )
    return Shutdown(deregistration_delay=longest_request_seconds, pre_stop=pre_stop, grace=grace)


@dataclass(frozen=True, kw_only=True)
class WebApplicationArgs:
    tenant: Tenant
    image: pulumi.Input[str]
    """`<repository>:<tag>` or `<repository>@<digest>`."""
    arguments: Sequence[str] = ()
    """Arguments of the image's entry point."""
    config: Mapping[str, str] = field(default_factory=dict)
    """Environment variables; a change triggers a rollout. No secrets: they are stored in a ConfigMap."""
    secrets: Sequence[pulumi.Input[str]] = ()
    """Names of Secrets in the namespace whose keys become environment variables too. Running pods keep the values that
    they started with."""
    port: int = 8080
    """Port of container and Service, as network policies on EKS match the container port; one of `tenant.web_ports`."""
    host: str = ""
    """One of the tenant's hosts; empty: the first one."""
    certificate_arn: str = ""
    """ARN of the host's ACM certificate; empty: the host is served over plain HTTP. With a certificate, plain HTTP
    requests to this host are redirected; other applications of the tenant are not affected."""
    probes: Probes = field(default_factory=Probes)
    replicas: int = 2
    """Minimum number of pods."""
    max_replicas: int = 4
    """Maximum number of pods."""
    cpu_percent: int = 70
    """Target CPU utilization of the autoscaler, in percent of the requested CPU."""
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "50m", "memory": "64Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "500m", "memory": "128Mi"})
    longest_request_seconds: int = 30
    """Longest request that still completes when its pod is replaced. Separately, the load balancer closes connections
    that are idle for 60 seconds by default."""
    exit_seconds: int = 15
    """Time the container needs to exit after SIGTERM."""
    automount_service_account_token: bool = False
    """Whether pods get a Kubernetes API token. The tenant's IAM role does not need it."""

    def __post_init__(self) -> None:
        if not 1 <= self.replicas <= self.max_replicas:
            raise ProgramInputError(
                "replicas-out-of-order",
                f"replicas ({self.replicas}) must be at least 1 and at most max_replicas ({self.max_replicas})",
                at="WebApplicationArgs",
                hint="raise max_replicas or lower replicas",
            )
        # Validated here, while the caller's line is on the stack.
        _ = self.shutdown

    @property
    def shutdown(self) -> Shutdown:
        return shutdown(longest_request_seconds=self.longest_request_seconds, exit_seconds=self.exit_seconds)


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
    *, health_path: str, certificate_arn: str, deregistration_delay_seconds: int
) -> dict[str, str]:
    """Annotations of the Ingress that forwards to the pods. Each applies to this Ingress only, or is merged by the
    controller with the tenant's other Ingresses; `ssl-redirect` is not used, since it redirects every host.

    Source: AWS Load Balancer Controller documentation, "Ingress annotations", merge behavior.
    """
    annotations = {
        f"{_ALB}/target-type": "ip",
        f"{_ALB}/listen-ports": json.dumps([{"HTTPS": 443} if certificate_arn else {"HTTP": 80}]),
        f"{_ALB}/healthcheck-path": health_path,
        f"{_ALB}/target-group-attributes": f"deregistration_delay.timeout_seconds={deregistration_delay_seconds}",
    }
    return annotations | ({f"{_ALB}/certificate-arn": certificate_arn} if certificate_arn else {})


def redirect_annotations(service: str) -> dict[str, str]:
    """Annotations of the Ingress that redirects one host from HTTP to HTTPS. The action is named after the Service, so
    that Pulumi, which waits for a Service behind each path of an Ingress, finds one.

    Source: AWS Load Balancer Controller documentation, "Ingress annotations", actions.
    """
    return {f"{_ALB}/listen-ports": json.dumps([{"HTTP": 80}]), f"{_ALB}/actions.{service}": HTTPS_REDIRECT}


class WebApplication(pulumi.ComponentResource):
    """Deployment, Service, ConfigMap, autoscaler, disruption budget and Ingress, all with the same name; with a
    certificate also a second Ingress, `<name>-redirect`."""

    namespace: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: WebApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:applications:WebApplication", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._selector = {NAME_LABEL: name}
        self._labels = {**self._selector, MANAGED_BY_LABEL: "pulumi"}
        # The Deployment's selector is immutable, so that the budget has a label of its own.
        self._budget = {BUDGET_LABEL: name}
        self.namespace = args.tenant.namespaces.apply(lambda namespaces: namespaces[0])
        self._port = pulumi.Output.all(args.tenant.tenant, args.tenant.web_ports).apply(
            lambda facts: reachable_port(args.port, *facts)
        )
        # Auto-named: a change creates a new ConfigMap, whose name in the pod template triggers a rollout.
        config = core.ConfigMap(
            name,
            metadata=meta.ObjectMetaArgs(namespace=self.namespace, labels=self._labels),
            data=dict(args.config),
            opts=self._child,
        )
        deployment = self._deployment(config)
        service = self._service()
        self._autoscaler(deployment)
        self._disruption_budget(deployment)
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
            # Set for every application, so that images need not agree on a port; `config` cannot override it.
            env=[core.EnvVarArgs(name=PORT_VARIABLE, value=self._port.apply(str))],
            env_from=[
                core.EnvFromSourceArgs(config_map_ref=core.ConfigMapEnvSourceArgs(name=config.metadata.name)),
                *(core.EnvFromSourceArgs(secret_ref=core.SecretEnvSourceArgs(name=secret)) for secret in args.secrets),
            ],
            ports=[core.ContainerPortArgs(name=_PORT_NAME, container_port=self._port)],
            startup_probe=args.probes.startup.on(args.port) if args.probes.startup else None,
            readiness_probe=args.probes.ready.on(args.port),
            liveness_probe=args.probes.live.on(args.port) if args.probes.live else None,
            # Keeps serving until the load balancer has removed the pod. The kubelet sleeps: the image needs no shell.
            lifecycle=core.LifecycleArgs(
                pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=args.shutdown.pre_stop))
            ),
            resources=resources(args.requests, args.limits),
            security_context=container_security_context(),
        )
        return apps.Deployment(
            self._name,
            metadata=self._metadata(),
            spec=apps.DeploymentSpecArgs(
                # No `replicas`: the autoscaler sets them, and a value here would reset its decision.
                revision_history_limit=5,
                strategy=apps.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                selector=meta.LabelSelectorArgs(match_labels=self._selector),
                template=core.PodTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(labels={**self._labels, **self._budget}),
                    spec=core.PodSpecArgs(
                        service_account_name=args.tenant.service_account_name,
                        automount_service_account_token=args.automount_service_account_token,
                        # Only `config` sets environment variables, not other Services in the namespace.
                        enable_service_links=False,
                        security_context=pod_security_context(),
                        termination_grace_period_seconds=args.shutdown.grace,
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
                min_replicas=self._args.replicas,
                max_replicas=self._args.max_replicas,
                metrics=[
                    autoscaling.MetricSpecArgs(
                        type="Resource", resource=autoscaling.ResourceMetricSourceArgs(name="cpu", target=target)
                    )
                ],
            ),
            opts=self._child,
        )

    def _disruption_budget(self, deployment: apps.Deployment) -> None:
        policy.PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            spec=one_at_a_time(self._budget),
            # After the pods have the label: until then they are selected by an older budget with another label.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[deployment])),
        )

    def _ingress(self, service: core.Service) -> pulumi.Output[str]:
        args, tenant = self._args, self._args.tenant
        host = pulumi.Output.all(tenant.tenant, tenant.hosts).apply(lambda facts: chosen_host(args.host, *facts))
        annotations = load_balancer_annotations(
            health_path=args.probes.ready.path,
            certificate_arn=args.certificate_arn,
            deregistration_delay_seconds=args.shutdown.deregistration_delay,
        )
        self._rule(self._name, host, annotations, service, port=_PORT_NAME)
        if args.certificate_arn:
            self._rule(f"{self._name}-redirect", host, redirect_annotations(self._name), service, port="use-annotation")
        return host

    def _rule(
        self,
        name: str,
        host: pulumi.Output[str],
        annotations: Mapping[str, pulumi.Input[str]],
        service: core.Service,
        *,
        port: str,
    ) -> None:
        """An Ingress rule for one host with one backend."""
        tenant = self._args.tenant
        backend = networking.IngressServiceBackendArgs(
            name=service.metadata.name, port=networking.ServiceBackendPortArgs(name=port)
        )
        path = networking.HTTPIngressPathArgs(
            path="/", path_type="Prefix", backend=networking.IngressBackendArgs(service=backend)
        )
        # One load balancer for all applications of a tenant, never shared between tenants.
        shared = {f"{_ALB}/group.name": tenant.tenant, f"{_ALB}/scheme": tenant.load_balancer_scheme}
        networking.Ingress(
            name,
            metadata=meta.ObjectMetaArgs(
                name=name, namespace=self.namespace, labels=self._labels, annotations={**annotations, **shared}
            ),
            spec=networking.IngressSpecArgs(
                ingress_class_name=tenant.ingress_class_name,
                rules=[networking.IngressRuleArgs(host=host, http=networking.HTTPIngressRuleValueArgs(paths=[path]))],
            ),
            opts=self._child,
        )

    def _metadata(self) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=self._name, namespace=self.namespace, labels=self._labels)

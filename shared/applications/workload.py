"""What all workloads of an application have in common: their arguments, their pods, and the objects that pods need.

The pod template is built here and nowhere else. It sets everything that the tenant's guardrails require: Pod Security's
profile `restricted`, requests and limits, the tenant's service account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from shared.applications.arguments import conflict, require_name, require_quantity
from shared.applications.images import allowed_image
from shared.applications.neighbours import Member, joined, require_room
from shared.applications.quota import Allowance, Container, Demand
from shared.applications.volumes import ClaimedVolume, Volume, claim_spec, volume_mount, volume_source
from shared.contracts import Tenant
from shared.kubernetes_labels import MANAGED_BY_LABEL, PART_OF_LABEL
from shared.program_errors import ProgramInputError
from shared.workloads import container_security_context, pod_security_context, resources

Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret of the namespace."""

    secret: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class InitContainer:
    """Runs to its end before the containers start, with the same variables and volumes."""

    image: pulumi.Input[str] = ""
    """Empty: the application's image."""
    command: Sequence[str] = ()
    arguments: Sequence[str] = ()
    requests: Mapping[str, str] | None = None
    """`None`: those of the application."""
    limits: Mapping[str, str] | None = None
    """`None`: those of the application."""


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    tenant: Tenant
    image: pulumi.Input[str]
    """`<repository>:<tag>` or `<repository>@<digest>`."""
    namespace: str = ""
    """One of the tenant's namespaces; empty: the first one."""
    command: Sequence[str] = ()
    """Replaces the image's entry point."""
    arguments: Sequence[str] = ()
    """Arguments of the entry point."""
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables; a change replaces the pods. No secrets: they are stored in a ConfigMap."""
    secrets: Sequence[pulumi.Input[str]] = ()
    """Names of Secrets in the namespace whose keys become environment variables too. Running pods keep the values that
    they started with."""
    secret_variables: Mapping[str, SecretKey] = field(default_factory=dict[str, SecretKey])
    """Environment variables from single keys of Secrets, by the variable's name."""
    volumes: Mapping[str, Volume] = field(default_factory=dict[str, Volume])
    """Volumes by name, a DNS label."""
    init_containers: Mapping[str, InitContainer] = field(default_factory=dict[str, InitContainer])
    """By name, a DNS label; they run one after another in this order."""
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "50m", "memory": "64Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "500m", "memory": "128Mi"})
    exit_seconds: int = 15
    """Time the container needs to exit after SIGTERM."""
    automount_service_account_token: bool = False
    """Whether pods get a Kubernetes API token. The tenant's IAM role does not need it."""

    def __post_init__(self) -> None:
        for name in self.volumes:
            require_name(name, longest=63, component="volume")
        for name in self.init_containers:
            require_name(name, longest=63, component="init container")
        for amounts in (self.requests, self.limits, *self._of_init_containers()):
            for resource, amount in amounts.items():
                require_quantity(resource, amount)
        twice = sorted(self.config.keys() & self.secret_variables.keys())
        if twice:
            raise conflict(
                f"{', '.join(twice)} is in both config and secret_variables",
                at="config, secret_variables",
                hint="remove it from one of them",
            )

    def _of_init_containers(self) -> list[Mapping[str, str]]:
        return [each for one in self.init_containers.values() for each in (one.requests, one.limits) if each]

    @property
    def for_one_pod(self) -> bool:
        """Whether a volume can be mounted by one pod only."""
        return any(isinstance(volume, ClaimedVolume) and volume.for_one_pod for volume in self.volumes.values())


@dataclass(frozen=True, kw_only=True)
class PodShape:
    """In what the pods of one kind of workload differ from those of another."""

    grace_seconds: int
    labels: Labels = field(default_factory=dict[str, str])
    """Besides those of the workload's objects."""
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    environment: Sequence[core.EnvVarArgs] = ()
    """Of the main container; `config` cannot override it."""
    ports: Sequence[core.ContainerPortArgs] = ()
    startup_probe: core.ProbeArgs | None = None
    readiness_probe: core.ProbeArgs | None = None
    liveness_probe: core.ProbeArgs | None = None
    pre_stop_seconds: int = 0
    """Time between a pod's deletion and SIGTERM; the kubelet sleeps, so that the image needs no shell."""
    spread: Sequence[core.TopologySpreadConstraintArgs] = ()


class Workload(pulumi.ComponentResource):
    """Base of the components: their ConfigMap, their claims, and the template of their pods."""

    namespace: pulumi.Output[str]

    def __init__(
        self,
        kind: str,
        name: str,
        args: WorkloadArgs,
        opts: pulumi.ResourceOptions | None,
        *,
        name_label: str,
        longest_name: int,
        max_replicas: int = 1,
        surge: int = 0,
        checks: Sequence[pulumi.Output[Any]] = (),
    ) -> None:
        """Args:
        name_label: key of the label with the workload's name, on all of its objects and pods.
        max_replicas: the most pods that it has.
        surge: further ones during a rollout.
        checks: what else fails if the arguments do not fit the tenant.
        """
        require_name(name, longest=longest_name, component=kind)
        super().__init__(f"platform:applications:{kind}", name, {}, opts)
        self._name, self._workload = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._selector = {name_label: name}
        self._labels = {**self._selector, PART_OF_LABEL: pulumi.get_project(), MANAGED_BY_LABEL: "pulumi"}
        tenant = args.tenant
        member = Member(
            kind=kind,
            name=name,
            namespace=args.namespace,
            name_label=name_label,
            demand=_demand(name, args, max_replicas, surge),
        )
        members = joined(member)
        self._image = allowed(args.image, tenant)
        self._init_images = {
            key: allowed(one.image, tenant) if one.image else self._image for key, one in args.init_containers.items()
        }
        # Every object waits for its namespace, and so for all checks: a Service without its Deployment, whose image was
        # refused, would wait for pods until it times out.
        checked = pulumi.Output.all(self._image, *self._init_images.values(), *checks)
        facts = pulumi.Output.all(tenant.namespaces, tenant.tenant, tenant.quota, tenant.containers)
        self.namespace = pulumi.Output.all(facts, checked).apply(lambda both: _namespace(members, *both[0]))

    def _pod_template(self, shape: PodShape) -> core.PodTemplateSpecArgs:
        args = self._workload
        # Auto-named: a change creates a new ConfigMap, whose name in the pod template replaces the pods.
        config = core.ConfigMap(
            self._name,
            metadata=meta.ObjectMetaArgs(namespace=self.namespace, labels=self._labels),
            data=dict(args.config),
            opts=self._child,
        )
        claims = self._claims()
        environment = [*shape.environment, *(_variable(name, key) for name, key in args.secret_variables.items())]
        sources = [
            core.EnvFromSourceArgs(config_map_ref=core.ConfigMapEnvSourceArgs(name=config.metadata.name)),
            *(core.EnvFromSourceArgs(secret_ref=core.SecretEnvSourceArgs(name=secret)) for secret in args.secrets),
        ]
        mounts = [volume_mount(name, volume) for name, volume in args.volumes.items()] or None
        container = core.ContainerArgs(
            name=self._name,
            image=self._image,
            command=list(args.command) or None,
            args=list(args.arguments) or None,
            env=environment or None,
            env_from=sources,
            ports=list(shape.ports) or None,
            startup_probe=shape.startup_probe,
            readiness_probe=shape.readiness_probe,
            liveness_probe=shape.liveness_probe,
            lifecycle=_sleep(shape.pre_stop_seconds) if shape.pre_stop_seconds else None,
            resources=resources(args.requests, args.limits),
            security_context=container_security_context(),
            volume_mounts=mounts,
        )
        init_containers = [
            core.ContainerArgs(
                name=name,
                image=self._init_images[name],
                command=list(one.command) or None,
                args=list(one.arguments) or None,
                env=environment or None,
                env_from=sources,
                resources=resources(one.requests or args.requests, one.limits or args.limits),
                security_context=container_security_context(),
                volume_mounts=mounts,
            )
            for name, one in args.init_containers.items()
        ]
        return core.PodTemplateSpecArgs(
            metadata=meta.ObjectMetaArgs(labels={**self._labels, **shape.labels}),
            spec=core.PodSpecArgs(
                service_account_name=args.tenant.service_account_name,
                automount_service_account_token=args.automount_service_account_token,
                # Only `config` sets environment variables, not other Services in the namespace.
                enable_service_links=False,
                restart_policy=None if shape.restart_policy == "Always" else shape.restart_policy,
                security_context=pod_security_context(),
                termination_grace_period_seconds=shape.grace_seconds,
                topology_spread_constraints=list(shape.spread) or None,
                init_containers=init_containers or None,
                containers=[container],
                volumes=[volume_source(name, volume, claims) for name, volume in args.volumes.items()] or None,
            ),
        )

    def _claims(self) -> dict[str, pulumi.Output[str]]:
        """Creates the claims of `volumes`; their names, by the volume's name."""
        names: dict[str, pulumi.Output[str]] = {}
        for volume_name, volume in self._workload.volumes.items():
            if isinstance(volume, ClaimedVolume):
                name = f"{self._name}-{volume_name}"
                claim = core.PersistentVolumeClaim(
                    name, metadata=self._metadata(name), spec=claim_spec(volume), opts=self._child
                )
                names[volume_name] = claim.metadata.name
        return names

    def _metadata(self, name: str = "") -> meta.ObjectMetaArgs:
        """Args: name: the object's; default: the workload's."""
        return meta.ObjectMetaArgs(name=name or self._name, namespace=self.namespace, labels=self._labels)


def allowed(image: pulumi.Input[str], tenant: Tenant) -> pulumi.Output[str]:
    """`image`, unless the tenant may not pull it."""
    return pulumi.Output.all(image, tenant.tenant, tenant.registries).apply(lambda facts: allowed_image(*facts))


def _demand(name: str, args: WorkloadArgs, max_replicas: int, surge: int) -> Demand:
    return Demand(
        max_replicas=max_replicas,
        surge=surge,
        containers=[Container(name=name, requests=args.requests, limits=args.limits)],
        init_containers=[
            Container(name=one, requests=init.requests or args.requests, limits=init.limits or args.limits)
            for one, init in args.init_containers.items()
        ],
        claims=[volume.size for volume in args.volumes.values() if isinstance(volume, ClaimedVolume)],
    )


def _namespace(
    members: Sequence[Member],
    namespaces: Sequence[str],
    tenant: str,
    quota: Mapping[str, str],
    containers: Mapping[str, Mapping[str, str]],
) -> str:
    namespace = chosen_namespace(members[-1].namespace, tenant, namespaces)
    require_room(members, namespaces, Allowance(tenant=tenant, quota=quota, containers=containers))
    return namespace


def chosen_namespace(namespace: str, tenant: str, namespaces: Sequence[str]) -> str:
    """`namespace`, or the tenant's first one if empty.

    Raises:
        ProgramInputError: `namespace-not-the-tenants`.
    """
    if namespace and namespace not in namespaces:
        catalog = f"tenants/catalog/{tenant}.yaml, namespaces"
        raise ProgramInputError(
            "namespace-not-the-tenants",
            f"namespace {namespace!r} is not a namespace of {tenant}: {', '.join(namespaces)}",
            at=catalog,
            hint=f"choose one of them, or add {namespace} to {catalog}, and deploy the tenant",
        )
    return namespace or namespaces[0]


def _variable(name: str, source: SecretKey) -> core.EnvVarArgs:
    selector = core.SecretKeySelectorArgs(name=source.secret, key=source.key)
    return core.EnvVarArgs(name=name, value_from=core.EnvVarSourceArgs(secret_key_ref=selector))


def _sleep(seconds: int) -> core.LifecycleArgs:
    return core.LifecycleArgs(pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=seconds)))

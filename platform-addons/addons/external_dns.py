"""external-dns: records in Route 53 for the host names of Ingresses.

It acts on what tenants write, so what it takes from them is narrow: hosts in `rules` of Ingresses of our class, below
the domains of the settings. Services are no source: their names would come from annotations alone. Whose Ingress may
bear which host the admission policies see to, since external-dns itself believes whoever comes first.
"""

from __future__ import annotations

import re
from typing import Literal

import pulumi
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from addon_namespace import addon_namespace
from cluster_access import bind_in_cluster
from controller import single_controller
from identity import Policies, ServiceAccountName, WorkloadRole
from network_rules import aws_credentials, dns, https, network_policy
from permissions.external_dns import NAME, NAMESPACE, RECORD_TYPES, cluster_rules, records_policy
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field, field_validator, model_validator

from shared.kubernetes_labels import INGRESS_CLASS, MANAGED_BY_LABEL, NAME_LABEL, PLATFORM, SERVICE_PRIORITY
from shared.naming import is_dns_label
from shared.settings import Settings
from shared.versions import EXTERNAL_DNS_IMAGE
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 7979

_ANNOTATION_PREFIX = "external-dns.alpha.kubernetes.io/"
"""Fixed, since version 0.22 changed the default."""
NAMING_ANNOTATIONS = tuple(
    f"{prefix}{key}" for prefix in (_ANNOTATION_PREFIX, "external-dns.kubernetes.io/") for key in ("hostname", "target")
)
"""Would name records, and where they point, beside the Ingress' rules. An Ingress that bears one is passed over.
Source: external-dns, docs/annotations/annotations.md."""


class ExternalDnsSettings(Settings):
    external_dns_zone_ids: tuple[str, ...] = Field(
        default=(),
        description="Hosted zones of Route 53 that external-dns writes to, by id; at least one where it is on.",
    )
    external_dns_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains that its records are at or below, e.g. [apps.example.com]; at least one where it is on.",
    )
    external_dns_policy: Literal["upsert-only", "sync"] = Field(
        default="upsert-only",
        description="Whether records outlive their Ingress: `upsert-only` never deletes one, `sync` does.",
    )

    @field_validator("external_dns_zone_ids")
    @classmethod
    def _ids_of_zones(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        for each in ids:
            # Source: Route 53 API reference, HostedZone, Id; every id that AWS hands out begins with Z.
            if not re.fullmatch(r"Z[A-Z0-9]{1,31}", each):
                raise ValueError(f"{each!r} is not the id of a hosted zone such as Z0123456789ABCDEFGHIJ")
        return ids

    @field_validator("external_dns_domains")
    @classmethod
    def _whole_domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for each in domains:
            labels = each.split(".")
            if len(each) > 253 or len(labels) < 2 or not all(is_dns_label(label) for label in labels):
                raise ValueError(f"{each!r} is not a domain such as apps.example.com")
        return domains

    @model_validator(mode="after")
    def _limited_where_it_is_on(self) -> ExternalDnsSettings:
        # The switch is a field of the tier's model, which has this class as a base.
        if getattr(self, ADDON.switch, False):
            for key in ("external_dns_zone_ids", "external_dns_domains"):
                if not getattr(self, key):
                    raise ValueError(
                        f"{key}: name at least one with {ADDON.switch}: true; external-dns would write to every zone "
                        "that it finds"
                    )
        return self


def arguments(settings: ExternalDnsSettings, cluster_name: str) -> list[str]:
    """Source: external-dns, docs/flags.md and docs/registry/txt.md."""
    return [
        "--provider=aws",
        "--source=ingress",
        f"--ingress-class={INGRESS_CLASS}",
        f"--annotation-prefix={_ANNOTATION_PREFIX}",
        f"--annotation-filter={','.join(f'!{annotation}' for annotation in NAMING_ANNOTATIONS)}",
        *(f"--domain-filter={domain}" for domain in settings.external_dns_domains),
        *(f"--zone-id-filter={zone}" for zone in settings.external_dns_zone_ids),
        *(f"--managed-record-types={kind}" for kind in RECORD_TYPES if kind != "TXT"),
        f"--policy={settings.external_dns_policy}",
        "--registry=txt",
        f"--txt-owner-id={cluster_name}",
        # A label of its own, below the name it is about: inside the domain even for the domain itself, and, as no host
        # name has an underscore, never a name that an Ingress could ask for.
        "--txt-prefix=_external-dns-%{record_type}.",
        "--interval=1m",
        # Zones come and go seldom; Route 53 answers five questions a second, for the whole account.
        "--aws-zones-cache-duration=1h",
        "--log-format=json",
    ]


class ExternalDns(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[ExternalDnsSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        self._args = args
        settings = args.settings
        namespace = addon_namespace(NAMESPACE, self.child)
        inside = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[namespace]))
        role = WorkloadRole(
            NAME,
            args,
            ServiceAccountName(namespace=NAMESPACE, name=NAME),
            Policies(
                inline={
                    "dns-records": args.infrastructure.partition.apply(
                        lambda partition: records_policy(
                            partition=partition,
                            zone_ids=settings.external_dns_zone_ids,
                            domains=settings.external_dns_domains,
                            deletes=settings.external_dns_policy == "sync",
                        )
                    )
                }
            ),
            self.child,
        )
        self.role_arn = role.arn
        account = core.ServiceAccount(
            NAME,
            metadata=self._metadata(annotations=role.annotations),
            automount_service_account_token=False,
            opts=inside,
        )
        before = [
            *role.ready,
            bind_in_cluster(NAME, account, cluster_rules(), _LABELS, self.child),
            network_policy(f"default-deny-{NAMESPACE}", NAMESPACE, {}, inside),
            network_policy(
                NAME, NAMESPACE, _SELECTOR, inside, egress=[dns(), https(), *aws_credentials(args.identity)]
            ),
        ]
        single_controller(
            NAME,
            self._metadata(),
            self._container(),
            selector=_SELECTOR,
            labels=_LABELS,
            account=account,
            priority=SERVICE_PRIORITY,
            before=before,
            opts=inside,
        )
        self.register_outputs({"role_arn": self.role_arn})

    def _container(self) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=NAME,
            image=self._args.version,
            args=self._args.infrastructure.cluster_name.apply(
                lambda cluster_name: arguments(self._args.settings, cluster_name)
            ),
            # Instance metadata, where the AWS SDK would look for it, is out of a pod's reach.
            env=[core.EnvVarArgs(name="AWS_REGION", value=self._args.context.region)],
            ports=[core.ContainerPortArgs(name="http", container_port=_HEALTH_PORT)],
            liveness_probe=http_probe("/healthz", _HEALTH_PORT, period_seconds=30),
            readiness_probe=http_probe("/healthz", _HEALTH_PORT),
            # A guess that fits some thousand Ingresses; it holds them and the zones' records in memory.
            resources=resources({"cpu": "20m", "memory": "128Mi"}, {"cpu": "200m", "memory": "128Mi"}),
            security_context=container_security_context(),
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=annotations or None)


ADDON = Addon(
    name=NAME,
    summary="records in Route 53 for the hosts of Ingresses",
    component=ExternalDns,
    settings=ExternalDnsSettings,
    namespace=NAMESPACE,
    enabled=False,
    # Without them any tenant could ask for any host.
    requires=("admission-policies", "ingress-class", "priority-classes"),
    pin=same_for_every_minor(EXTERNAL_DNS_IMAGE),
)

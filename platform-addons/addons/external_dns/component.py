"""external-dns: Route 53 records for the host names of Ingresses.

It acts on objects that tenants create, so its input is limited: hosts in `rules` of Ingresses with the platform's
class, below the configured domains. Services are not a source, as their names come only from annotations. The admission
policies decide which tenant may use which host, since external-dns accepts whoever comes first.
"""

from __future__ import annotations

import re
from typing import Literal

import pulumi
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from addon_namespace import addon_namespace
from controller import single_controller
from identity import ServiceAccountName, addon_role
from network_rules import aws_credentials, dns, https, network_policy
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field, field_validator, model_validator

from addons.external_dns.permissions import NAME, NAMESPACE, RECORD_TYPES, cluster_rules, records_policy
from shared.kubernetes_labels import INGRESS_CLASS, MANAGED_BY_LABEL, NAME_LABEL, PLATFORM, SERVICE_PRIORITY
from shared.naming import is_dns_label
from shared.rbac import account_subject, bind_in_cluster
from shared.settings import Settings
from shared.versions import EXTERNAL_DNS_IMAGE
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 7979

_ANNOTATION_PREFIX = "external-dns.alpha.kubernetes.io/"
"""Set explicitly, because version 0.22 changed the default."""
NAMING_ANNOTATIONS = tuple(
    f"{prefix}{key}" for prefix in (_ANNOTATION_PREFIX, "external-dns.kubernetes.io/") for key in ("hostname", "target")
)
"""Annotations that set record names or targets independently of the Ingress rules. Ingresses with one are ignored.
Source: external-dns, docs/annotations/annotations.md."""


class ExternalDnsSettings(Settings):
    external_dns_zone_ids: tuple[str, ...] = Field(
        default=(),
        description="IDs of the Route 53 hosted zones that external-dns writes to; at least one if it is enabled.",
    )
    external_dns_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains of its records, themselves or parents, e.g. [apps.example.com]; at least one if enabled.",
    )
    external_dns_policy: Literal["upsert-only", "sync"] = Field(
        default="upsert-only",
        description="Whether records are deleted with their Ingress: `upsert-only` keeps them, `sync` deletes them.",
    )

    @field_validator("external_dns_zone_ids")
    @classmethod
    def _ids_of_zones(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        for each in ids:
            # Source: Route 53 API reference, HostedZone, Id; every ID that AWS assigns begins with Z.
            if not re.fullmatch(r"Z[A-Z0-9]{1,31}", each):
                raise ValueError(f"{each!r} is not a hosted zone ID such as Z0123456789ABCDEFGHIJ")
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
        # The setting that enables the add-on is a field of the tier's model, which inherits from this class.
        if getattr(self, ADDON.switch, False):
            for key in ("external_dns_zone_ids", "external_dns_domains"):
                if not getattr(self, key):
                    raise ValueError(
                        f"{key}: at least one is required with {ADDON.switch}: true; otherwise external-dns would "
                        "write to every zone that it finds"
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
        # A separate label below the record's name: it stays inside the domain even for the domain itself, and because
        # host names contain no underscores, no Ingress can request it.
        "--txt-prefix=_external-dns-%{record_type}.",
        "--interval=1m",
        # Zones rarely change, and Route 53 allows five requests per second for the whole account.
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
        role = addon_role(
            NAME,
            args,
            ServiceAccountName(namespace=NAMESPACE, name=NAME),
            self.child,
            policy="dns-records",
            document=args.infrastructure.partition.apply(
                lambda partition: records_policy(
                    partition=partition,
                    zone_ids=settings.external_dns_zone_ids,
                    domains=settings.external_dns_domains,
                    deletes=settings.external_dns_policy == "sync",
                )
            ),
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
            bind_in_cluster(
                NAME,
                meta.ObjectMetaArgs(name=NAME, labels=_LABELS),
                account_subject(account),
                cluster_rules(),
                self.child,
            ),
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
            # Set explicitly, because pods cannot reach instance metadata, where the AWS SDK looks for the region.
            env=[core.EnvVarArgs(name="AWS_REGION", value=self._args.context.region)],
            ports=[core.ContainerPortArgs(name="http", container_port=_HEALTH_PORT)],
            liveness_probe=http_probe("/healthz", _HEALTH_PORT, period_seconds=30),
            readiness_probe=http_probe("/healthz", _HEALTH_PORT),
            # An estimate for a few thousand Ingresses; it keeps them and the zones' records in memory.
            resources=resources({"cpu": "20m", "memory": "128Mi"}, {"cpu": "200m", "memory": "128Mi"}),
            security_context=container_security_context(),
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=annotations or None)


ADDON = Addon(
    name=NAME,
    summary="Route 53 records for the hosts of Ingresses",
    component=ExternalDns,
    settings=ExternalDnsSettings,
    namespace=NAMESPACE,
    enabled=False,
    # Without the policies any tenant could claim any host.
    requires=("admission-policies", "ingress-class", "priority-classes"),
    pin=same_for_every_minor(EXTERNAL_DNS_IMAGE),
)

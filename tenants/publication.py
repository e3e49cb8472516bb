"""Fills the tier's contract from its components."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from aws_roles import AwsRoles
from deployers import Deployers
from namespaces import TenantNamespace
from people import People
from repositories import Repositories
from stack_context import StackContext

from shared.contracts import Infrastructure, PlatformAddons, Tenant
from shared.kubeconfig import kubeconfig


def tenant_contract(
    *,
    context: StackContext,
    infrastructure: Infrastructure,
    addons: PlatformAddons,
    namespaces: Sequence[TenantNamespace],
    roles: AwsRoles,
    deployers: Deployers,
    people: People,
    repositories: Repositories,
) -> Tenant:
    plain, tenant = pulumi.Output.from_input, context.tenant
    return Tenant(
        tenant=plain(tenant.name),
        state=plain(tenant.state),
        namespaces=pulumi.Output.all(*(namespace.name for namespace in namespaces)),
        service_account_name=namespaces[0].service_account_name,
        workload_role_arn=roles.workload.arn,
        deployer_role_arn=deployers.role_arn,
        ci_role_arn=roles.ci.role.arn,
        people_role_arns=pulumi.Output.all(developers=deployers.role_arn, **people.role_arns),
        kubeconfig=pulumi.Output.all(
            cluster_name=infrastructure.cluster_name,
            endpoint=infrastructure.cluster_endpoint,
            certificate_authority=infrastructure.cluster_certificate_authority,
            region=infrastructure.region,
            role_arn=deployers.role_arn,
            namespaces=pulumi.Output.all(*(namespace.name for namespace in namespaces)),
        ).apply(lambda known: kubeconfig(**known)),
        cluster_arn=infrastructure.cluster_arn,
        cluster_name=infrastructure.cluster_name,
        bucket_name=infrastructure.tenant_bucket_name,
        bucket_prefix=plain(tenant.bucket_prefix),
        bucket_uri=infrastructure.tenant_bucket_name.apply(lambda name: f"s3://{name}/{tenant.bucket_prefix}"),
        repositories=repositories.urls,
        registries=plain(context.registries),
        quota=plain(tenant.hard(external_secrets=context.external_secrets)),
        containers=plain(tenant.containers.amounts()),
        hosts=plain(list(tenant.hosts)),
        web_ports=plain(list(tenant.web_ports)),
        load_balancer_scheme=plain(tenant.load_balancer_scheme),
        ingress_class_name=addons.ingress_class_name,
        region=infrastructure.region,
    )

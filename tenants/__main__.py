"""Tier 3: one tenant of one environment. The stack is named `<environment>.<tenant>`."""

import pulumi
from aws_roles import AwsRoles, AwsRolesArgs
from deployers import AccessArgs, Deployers
from namespaces import TenantNamespace, TenantNamespaceArgs
from people import People
from pod_logs import PodLogs, PodLogsArgs
from publication import tenant_contract
from repositories import Repositories, RepositoriesArgs
from settings import TenantsSettings
from stack_context import StackContext

from shared.contracts import Infrastructure, PlatformAddons, consume, publish
from shared.providers import aws_provider, kubernetes_provider
from shared.settings import load_settings, stack_environment

load_settings(TenantsSettings)
environment = stack_environment()
context = StackContext.of(environment)
infrastructure = consume(Infrastructure, stack=environment.name)
addons = consume(PlatformAddons, stack=environment.name)
cluster = kubernetes_provider(
    kubeconfig=infrastructure.kubeconfig,
    cluster_arn=infrastructure.cluster_arn,
    context=infrastructure.cluster_name,
)
opts = pulumi.ResourceOptions(providers=[aws_provider(environment), cluster])

roles = AwsRoles("roles", AwsRolesArgs(context=context, infrastructure=infrastructure), opts)
logs = PodLogs("pod-logs", PodLogsArgs(context=context, infrastructure=infrastructure), opts)
# Created before the first pod writes logs, deleted after the last one.
logged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[logs]))
namespaces = [
    TenantNamespace(
        name,
        TenantNamespaceArgs(context=context, infrastructure=infrastructure, workload_role_arn=roles.workload.arn),
        logged,
    )
    for name in context.tenant.namespaces
]
repositories = Repositories("repositories", RepositoriesArgs(context=context, infrastructure=infrastructure), opts)
access = AccessArgs(context=context, cluster_name=infrastructure.cluster_name, roles=roles, namespaces=namespaces)
deployers, people = Deployers("deployers", access, opts), People("people", access, opts)

contract = tenant_contract(
    context=context,
    infrastructure=infrastructure,
    addons=addons,
    namespaces=namespaces,
    roles=roles,
    deployers=deployers,
    people=people,
    repositories=repositories,
)
publish(contract)

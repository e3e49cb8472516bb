"""Rules for IAM documents: no wildcard grants, and trust in exact subjects only."""

from __future__ import annotations

import re

from shared.policies.document import ReadStatement
from shared.policies.rule import Rule
from shared.policies.view import ResourceView

IDENTITY_POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ROLE = "aws:iam/role:Role"

_DATA_SERVICES = frozenset({"dynamodb", "ecr", "kms", "kinesis", "logs", "s3", "secretsmanager", "sqs", "ssm"})
"""Services whose `Get…` actions read stored data rather than configuration."""

_ADMINISTRATORS = frozenset({"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"})

_WEB_IDENTITY = "sts:assumerolewithwebidentity"
_PROVIDER = re.compile(r"arn:[a-z-]+:iam::\d{12}:oidc-provider/(?P<issuer>[^*?]+)")


def names_its_actions(view: ResourceView) -> str | None:
    document = view.document("policy")
    for statement in document.allowing if document else ():
        if "NotAction" in statement.content:
            return f"statement {statement.sid} uses NotAction, which allows all other actions"
        wild = [action for action in statement.actions if action == "*" or action.endswith(":*")]
        if wild:
            return f"statement {statement.sid} allows {', '.join(wild)}"
    return None


def names_its_resources(view: ResourceView) -> str | None:
    document = view.document("policy")
    for statement in document.allowing if document else ():
        if "NotResource" in statement.content:
            return f"statement {statement.sid} uses NotResource, which covers all other resources"
        if "*" not in statement.resources or statement.conditions:
            continue
        acting = [action for action in statement.actions if not reads_settings(action)]
        if acting:
            return f"statement {statement.sid} allows {', '.join(acting[:3])} on every resource, without a condition"
    return None


def reads_settings(action: str) -> bool:
    """Whether the action only reads configuration; most such actions support no resource other than `*`.

    Source: Service authorization reference, "Actions, resources, and condition keys", column "Access level".
    """
    service, _, name = action.partition(":")
    if name.startswith(("Describe", "List")):
        return True
    if (service, name) == ("ecr", "GetAuthorizationToken"):
        return True
    return name.startswith("Get") and service not in _DATA_SERVICES


def trusts_exactly(view: ResourceView) -> str | None:
    document = view.document("assumeRolePolicy")
    for statement in document.allowing if document else ():
        for kind, names in statement.principals.items():
            if kind != "Service" and any("*" in name for name in names):
                return f"statement {statement.sid} trusts {kind} {', '.join(names)}"
        if "NotPrincipal" in statement.content:
            return f"statement {statement.sid} uses NotPrincipal, which trusts all other principals"
        if _WEB_IDENTITY in (action.lower() for action in statement.actions):
            wrong = web_identity(statement)
            if wrong:
                return f"statement {statement.sid} {wrong}"
    return None


def web_identity(statement: ReadStatement) -> str | None:
    """Trust in OIDC tokens must name the provider, audience and subject exactly."""
    providers = statement.principals.get("Federated", [])
    found = _PROVIDER.fullmatch(providers[0]) if len(providers) == 1 else None
    if found is None:
        return "does not name a single OIDC provider by its full ARN"
    issuer = found["issuer"].lower()
    whole = statement.compared("StringEquals")
    for claim in ("aud", "sub"):
        values = whole.get(f"{issuer}:{claim}", [])
        if not values:
            return f"does not compare {claim} of that provider's tokens with StringEquals"
        if any("*" in value or "?" in value for value in values):
            return f"compares {claim} with a wildcard, which StringEquals takes literally"
    return None


def is_no_administrator(view: ResourceView) -> str | None:
    arns = [str(arn) for arn in (*view.items("policyArn"), *view.items("managedPolicyArns"))]
    names = [arn.rsplit("/", 1)[-1] for arn in arns]
    wide = [name for name in names if name in _ADMINISTRATORS or name.endswith("FullAccess")]
    return f"the managed policy {wide[0]} grants full access" if wide else None


def tenants_are_bounded(view: ResourceView) -> str | None:
    if view.tier == 3 and not view.get("permissionsBoundary"):
        return "the tenant role has no permissions boundary"
    return None


RULES = (
    Rule(
        id="iam-no-wildcard-action",
        description="An IAM policy lists its actions without wildcards",
        source='CIS AWS Foundations 1.16; IAM user guide, "Apply least-privilege permissions"',
        hint="list the required actions",
        types=IDENTITY_POLICIES,
        check=names_its_actions,
    ),
    Rule(
        id="iam-no-wildcard-resource",
        description="An IAM policy that allows changes or reading data names resources or a condition",
        source='IAM user guide, "Apply least-privilege permissions"',
        hint="list the ARNs, or compare a resource tag in a condition",
        types=IDENTITY_POLICIES,
        check=names_its_resources,
    ),
    Rule(
        id="iam-trust-exact",
        description="A role trusts named principals; for an OIDC provider, one audience and exact subjects",
        source='IAM user guide, "Create a role for OpenID Connect federation"; EKS user guide, '
        '"Assign IAM roles to Kubernetes service accounts"',
        hint="write the trust policy with the functions of shared.iam",
        types=(ROLE,),
        check=trusts_exactly,
    ),
    Rule(
        id="iam-no-administrator",
        description="No role has AdministratorAccess or a …FullAccess policy attached",
        source="CIS AWS Foundations 1.16",
        hint="write a policy with only the actions that are needed",
        types=("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment", ROLE),
        check=is_no_administrator,
    ),
    Rule(
        id="tenant-role-bounded",
        description="Every tenant role has the permissions boundary of tier 1",
        source='IAM user guide, "Permissions boundaries for IAM entities"',
        hint="set permissions_boundary to tenant_boundary_arn of the infrastructure contract",
        types=(ROLE,),
        check=tenants_are_bounded,
    ),
)

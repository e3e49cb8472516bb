"""Roles of a tenant ask AWS for what is not theirs, and others ask for its roles, as AWS evaluates their policies.

Nothing here is taken from the roles' own rules: documents are those that the programs register.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from shared import environment as environments
from shared.iam import GITHUB_ISSUER
from shared.testing import run_program
from tests.attack.attempts import Attempt, Ledger
from tests.attack.aws_requests import BUCKET, DEPLOYERS, IMAGES, REQUESTS, ROLES, SECRETS, STATE_KEY, AwsRequest
from tests.attack.iam import EVERYTHING, Role, provider, roles_of
from tests.everything_on import SETTINGS, upstream
from tooling.iam.documents import PolicyType, policy
from tooling.iam.evaluation import Policies, Request, evaluate
from tooling.iam.principals import Principal, root_of, session_of, user
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.xdist_group("attacks on AWS")

PLATFORM = "example/platform"
AREA, TRUST_AREA = "AWS", "AWS roles"


@dataclass(frozen=True)
class Aws:
    roles: Mapping[str, Role]
    """Of tenant-a, by logical name."""
    issuer: str
    """Of service accounts' tokens, without its scheme."""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Aws:
    """Tier 1 and tenant-a with all that is optional: pipelines, states in S3, external secrets, an encrypted bucket."""
    directory = tmp_path_factory.mktemp("environments")
    shutil.copytree(environments.DIRECTORY, directory, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "DIRECTORY", directory)
        dev = {"backend_url": "s3://states/platform?region=us-east-1", "secrets_provider": "awskms://alias/states"}
        (directory / "dev.yaml").write_text(yaml.safe_dump(dev))
        github = {"repository": PLATFORM, "state_bucket_arn": "arn:aws:s3:::states", "state_key_arn": STATE_KEY}
        platform = run_program(
            REPOSITORY / "infrastructure", stack="dev", config={**SETTINGS["infrastructure"], "github": github}
        )

        def stacks(reference: str) -> Any:
            published = upstream(reference)
            return {**published, "pipelines": platform.outputs["pipelines"]} if published else None

        run = run_program(REPOSITORY / "tenants", stack="dev.tenant-a", upstream=stacks)
    boundary = json.loads(platform.one("aws:iam/policy:Policy", "tenant-boundary").inputs["policy"])
    found = {role.name: role for role in roles_of(run, boundary).values()}
    roles = {name: found[f"eks-tenant-a-{name}-dev"] for name in ROLES}
    (statement,) = roles["workload"].trust["Statement"]
    federated = statement["Principal"]["Federated"]
    issuer = (federated if isinstance(federated, str) else federated[0]).partition("oidc-provider/")[2]
    return Aws(roles, issuer)


def each() -> list[tuple[str, AwsRequest]]:
    return [(name, request) for request in REQUESTS for name in request.roles]


def _may(role: Role, request: AwsRequest) -> bool:
    return role.may(request.action, request.resource, request.context)


def _named(request: AwsRequest) -> str:
    return f"{request.name} on {request.resource.rpartition(':')[2]}" if request.resource != "*" else request.name


def test_every_role_of_the_tenant_is_refused_what_is_not_its_own(aws: Aws, ledger: Ledger) -> None:
    outcomes = []
    for name, request in each():
        role = aws.roles[name]
        assert _may(replace(role.with_everything(), boundary=None), request), request
        # Without the boundary, which refuses some of it as well.
        decision = replace(role, boundary=None).decision(request.action, request.resource, request.context)
        refused_by = "" if decision.allowed else f"IAM {decision.type}"
        attempt = Attempt(
            area=AREA,
            name=_named(request),
            source=request.source,
            actor=f"tenant-a's role {name}",
            proof="an administrator of the account may do it",
            mechanism=f"IAM {PolicyType.IDENTITY}",
            control="its own objects, secrets and images",
        )
        answer = "" if decision.allowed else decision.reason(request.action)
        outcomes.append(ledger.record(attempt, refused_by, answer))
    assert len(outcomes) > 300
    assert [one for one in outcomes if not one.expected] == []


CONTROLS = (
    ("workload", "s3:GetObject", f"{BUCKET}/tenant-a/x", {}),
    ("workload", "s3:PutObject", f"{BUCKET}/tenant-a/x", {}),
    ("workload", "s3:ListBucket", BUCKET, {"s3:prefix": "tenant-a/x"}),
    ("workload", "secretsmanager:GetSecretValue", f"{SECRETS}/tenant-a/db-x", {}),
    ("deployer", "secretsmanager:PutSecretValue", f"{SECRETS}/tenant-a/db-x", {}),
    ("deployer", "eks:DescribeCluster", "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev", {}),
    ("ci", "ecr:PutImage", f"{IMAGES}/tenant-a/demo-dev", {}),
    ("ci", "ecr:BatchGetImage", f"{IMAGES}/tenant-a/demo-prod", {}),
    ("ci", "sts:AssumeRole", f"{DEPLOYERS}/eks-tenant-a-deployer-dev", {}),
    ("ci", "kms:Decrypt", STATE_KEY, {"kms:EncryptionContext:stack": "tenants/dev.tenant-a"}),
)


@pytest.mark.parametrize(("name", "action", "resource", "context"), CONTROLS, ids=lambda value: str(value)[:60])
def test_what_is_its_own_is_allowed(aws: Aws, name: str, action: str, resource: str, context: dict[str, str]) -> None:
    assert aws.roles[name].may(action, resource, context)


def test_the_boundary_limits_a_role_to_which_somebody_attached_everything(aws: Aws, ledger: Ledger) -> None:
    """But for what it must allow because some tenant has it: all tenants share the boundary."""
    outcomes = []
    for name, request in each():
        role = aws.roles[name].with_everything()
        if request.within_boundary:
            assert _may(role, request), request
            continue
        decision = role.decision(request.action, request.resource, request.context)
        attempt = Attempt(
            area=AREA,
            name=_named(request),
            source=request.source,
            actor=f"tenant-a's role {name}, with a policy that allows everything",
            proof="allowed without the boundary",
            mechanism=f"IAM {PolicyType.BOUNDARY}",
            control="its own objects, secrets and images",
        )
        answer = "" if decision.allowed else decision.reason(request.action)
        outcomes.append(ledger.record(attempt, "" if decision.allowed else f"IAM {decision.type}", answer))
    assert [one for one in outcomes if not one.expected] == []


def _widened(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one statement that says less: any resource or action, no condition, no denial."""
    for index, statement in enumerate(document["Statement"]):
        if statement["Effect"] == "Deny":
            rest = [one for one in document["Statement"] if one is not statement]
            yield f"{statement['Sid']}, gone", {**document, "Statement": rest}
            continue
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        services = sorted({action.partition(":")[0] for action in actions})
        changes: dict[str, dict[str, Any]] = {
            "any action": {"Action": [f"{service}:*" for service in services]},
            **({"any resource": {"Resource": "*"}} if statement["Resource"] != "*" else {}),
            **({"no condition": {"Condition": {}}} if "Condition" in statement else {}),
        }
        for name, change in changes.items():
            copy = json.loads(json.dumps(document))
            copy["Statement"][index] |= change
            if not copy["Statement"][index].get("Condition", True):
                del copy["Statement"][index]["Condition"]
            yield f"{statement['Sid']}, {name}", copy


def test_with_any_statement_of_an_identity_policy_widened_an_attack_gets_through(aws: Aws, ledger: Ledger) -> None:
    unnoticed = []
    for name, role in aws.roles.items():
        requests = [request for request in REQUESTS if name in request.roles]
        # Alone: an action that the boundary refuses anyway is looked at there.
        bare = replace(role, boundary=None)
        for index, document in enumerate(role.identity):
            for change, wider in _widened(document):
                identity = (*role.identity[:index], wider, *role.identity[index + 1 :])
                through = [_named(one) for one in requests if _may(replace(bare, identity=identity), one)]
                ledger.mutated(f"policy of tenant-a's role {name}: {change}", through)
                unnoticed += [] if through else [(name, change)]
    assert unnoticed == []


ANY_IMAGE = "TenantImages, any resource"
"""The boundary allows images of every repository already: tenants promote them across accounts."""


def test_with_any_statement_of_the_boundary_widened_an_attack_gets_through(aws: Aws, ledger: Ledger) -> None:
    role = aws.roles["workload"].with_everything()
    assert role.boundary is not None
    kept = [one for one in REQUESTS if not one.within_boundary]
    unnoticed = []
    for change, wider in _widened(role.boundary):
        if change == ANY_IMAGE:
            continue
        through = [_named(one) for one in kept if _may(replace(role, boundary=wider), one)]
        ledger.mutated(f"permissions boundary: {change}", through)
        unnoticed += [] if through else [change]
    assert unnoticed == []


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Who asks for a role that is not for them."""

    name: str
    role: str
    caller: Principal
    claims: Mapping[str, str]
    action: str = "sts:AssumeRoleWithWebIdentity"


def strangers(issuer: str) -> list[Stranger]:
    def pod(name: str, subject: str, audience: str = "sts.amazonaws.com", **more: Any) -> Stranger:
        who = more.get("caller", provider(issuer))
        said = more.get("issuer", issuer)
        return Stranger(
            name=name, role="workload", caller=who, claims={f"{said}:sub": subject, f"{said}:aud": audience}
        )

    def job(name: str, subject: str, audience: str = "sts.amazonaws.com") -> Stranger:
        claims = {f"{GITHUB_ISSUER}:sub": subject, f"{GITHUB_ISSUER}:aud": audience}
        return Stranger(name=name, role="ci", caller=provider(GITHUB_ISSUER), claims=claims)

    own, account = "system:serviceaccount:tenant-a:tenant", "arn:aws:iam::999999999999"
    elsewhere = "oidc.eks.us-east-1.amazonaws.com/id/ELSEWHERE"
    ours = f"repo:{PLATFORM}:environment:dev.tenant-a"
    return [
        pod("a pod of another tenant", "system:serviceaccount:tenant-b:tenant"),
        pod("a pod of a namespace that begins alike", "system:serviceaccount:tenant-a2:tenant"),
        pod("another account of the namespace", "system:serviceaccount:tenant-a:default"),
        pod("an account whose name begins alike", "system:serviceaccount:tenant-a:tenant2"),
        pod("an account called like a pattern", "system:serviceaccount:tenant-a:*"),
        pod("a pod with a token for the API server", own, "https://kubernetes.default.svc"),
        pod("a pod with a token for another service", own, "vault"),
        pod("a pod of another cluster", own, caller=provider(elsewhere), issuer=elsewhere),
        pod("a pod of another cluster under this one's name", own, caller=provider(elsewhere)),
        pod("a provider of another account", own, caller=provider(issuer, "999999999999")),
        Stranger(
            name="GitHub, for a pod", role="workload", caller=provider(GITHUB_ISSUER),
            claims={f"{issuer}:sub": own, f"{issuer}:aud": "sts.amazonaws.com"},
        ),
        job("a job of another tenant", f"repo:{PLATFORM}:environment:dev.tenant-b"),
        job("a job of another environment", f"repo:{PLATFORM}:environment:prod.tenant-a"),
        job("a pull request", f"repo:{PLATFORM}:pull_request"),
        job("a branch", f"repo:{PLATFORM}:ref:refs/heads/main"),
        job("a repository whose name begins alike", f"repo:{PLATFORM}2:environment:dev.tenant-a"),
        job("another owner", "repo:evil/platform:environment:dev.tenant-a"),
        job("a job whose environment begins alike", f"{ours}2"),
        job("a job with a token for another service", ours, "https://github.com/example"),
        Stranger(
            name="a pod of the cluster, for the pipeline", role="ci", caller=provider(issuer),
            claims={f"{GITHUB_ISSUER}:sub": ours, f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com"},
        ),
        *(
            Stranger(name=name, role="deployer", caller=caller, claims={}, action="sts:AssumeRole")
            for name, caller in {
                "a role of another account": session_of(f"{account}:role/admin", "x"),
                "a user of another account": user(f"{account}:user/eve"),
                "the root of another account": root_of("999999999999"),
            }.items()
        ),
        Stranger(
            name="a pod of the cluster, for the deployer", role="deployer", caller=provider(issuer),
            claims={f"{issuer}:sub": own, f"{issuer}:aud": "sts.amazonaws.com"},
        ),
    ]  # fmt: skip


def _let_in(role: Role, stranger: Stranger) -> bool:
    """A stranger whose own account allows everything."""
    request = Request(
        principal=stranger.caller,
        action=stranger.action,
        resource=role.arn,
        context=dict(stranger.claims),
        known=lambda _key: True,
    )
    trust = policy(role.trust, PolicyType.RESOURCE, "trust")
    own = (policy(EVERYTHING, PolicyType.IDENTITY, "own"),)
    return evaluate(request, Policies(identity=own, resource=(trust,), resource_decides=True)).allowed


def test_no_stranger_is_let_into_a_role(aws: Aws, ledger: Ledger) -> None:
    outcomes = []
    for stranger in strangers(aws.issuer):
        role = aws.roles[stranger.role]
        attempt = Attempt(
            area=TRUST_AREA,
            name=f"the role {stranger.role}",
            source="EKS Best Practices, identity; GitHub Docs, OpenID Connect; Datadog, trust policies",
            actor=stranger.name,
            proof="let in where the trust policy asks for less",
            mechanism="IAM trust policy",
            control="the tenant's own pods, jobs and account",
        )
        outcomes.append(ledger.record(attempt, "" if _let_in(role, stranger) else "IAM trust policy"))
    assert [one for one in outcomes if not one.expected] == []


def test_those_for_whom_the_roles_are_made_are_let_in(aws: Aws) -> None:
    github = {
        f"{GITHUB_ISSUER}:sub": f"repo:{PLATFORM}:environment:dev.tenant-a",
        f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com",
    }
    pod = {
        f"{aws.issuer}:sub": "system:serviceaccount:tenant-a:tenant",
        f"{aws.issuer}:aud": "sts.amazonaws.com",
    }
    for role, caller, claims in (
        ("workload", provider(aws.issuer), pod),
        ("ci", provider(GITHUB_ISSUER), github),
    ):
        assert _let_in(aws.roles[role], Stranger(name="own", role=role, caller=caller, claims=claims))
    people = Stranger(
        name="own",
        role="deployer",
        caller=session_of("arn:aws:iam::123456789012:role/people", "x"),
        claims={},
        action="sts:AssumeRole",
    )
    assert _let_in(aws.roles["deployer"], people)


def _weaker(trust: dict[str, Any], others: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The trust policy without one of its conditions, or with `others` for its provider."""
    for index, statement in enumerate(trust["Statement"]):
        for key in statement.get("Condition", {}).get("StringEquals", {}):
            copy = json.loads(json.dumps(trust))
            del copy["Statement"][index]["Condition"]["StringEquals"][key]
            yield f"condition {key.rpartition(':')[2]}", copy
        for kind in statement["Principal"]:
            copy = json.loads(json.dumps(trust))
            copy["Statement"][index]["Principal"][kind] = "*" if kind == "AWS" else others
            yield f"principal {kind}", copy


def test_with_any_condition_of_a_trust_policy_gone_a_stranger_gets_in(aws: Aws, ledger: Ledger) -> None:
    unnoticed = []
    for name, role in aws.roles.items():
        asking = [one for one in strangers(aws.issuer) if one.role == name]
        for change, weaker in _weaker(role.trust, [one.caller.arn for one in asking]):
            through = [one.name for one in asking if _let_in(replace(role, trust=weaker), one)]
            ledger.mutated(f"trust policy of tenant-a's role {name}: {change}", through)
            unnoticed += [] if through else [(name, change)]
    assert unnoticed == []

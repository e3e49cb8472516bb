"""Decides a request as AWS does, and says which statements decided.

1. A statement that denies outweighs everything.
2. Within one account, the caller's identity policies or the resource's own policy must allow it. Keys and roles ask
   their own policy in any case; where that names the account alone, the identity policies decide.
3. A permissions boundary and session policies must allow it too, unless the resource's policy names the very user or
   session: naming its role is not enough.
4. Across accounts both sides must allow it: identity, boundary and session policies of the caller, and the resource's.

Every applicable statement is looked at, so a policy that cannot be evaluated is an error whatever the others say, and
the order of policies and statements changes nothing.

Source: IAM user guide, "Policy evaluation logic", "Evaluating identity-based policies with resource-based policies",
"Cross-account policy evaluation logic", "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tooling.iam.documents import Policy, PolicyType, Statement
from tooling.iam.errors import NotEvaluable
from tooling.iam.keys import known_key
from tooling.iam.patterns import Values, arn_matches, matches, variables_in
from tooling.iam.principals import Closeness, Kind, Principal

ContextValue = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to IAM."""

    principal: Principal
    action: str
    resource: str = "*"
    """The ARN; `*` for actions that AWS takes no narrower resource for."""
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """Condition keys beside those of the principal; an empty tuple is a key that is absent."""
    resource_account: str = ""
    """Owner of the resource; empty: the account in the ARN, else the caller's."""
    known: Callable[[str], bool] = known_key
    """Whether a condition key, in lower case, that is not in `context` is absent for certain. A statement with another
    one cannot be evaluated."""

    @property
    def owner(self) -> str:
        fields = self.resource.split(":")
        return self.resource_account or (fields[4] if len(fields) > 5 else "") or self.principal.account

    def values(self) -> Values:
        given = {**self.principal.context(), "aws:ResourceAccount": self.owner, **self.context}
        return {
            key.lower(): values
            for key, value in given.items()
            if (values := (value,) if isinstance(value, str) else value)
        }


@dataclass(frozen=True, kw_only=True)
class Policies:
    """All policies that apply to a request."""

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    """Together one limit. Empty: the session has no session policy."""
    resource: tuple[Policy, ...] = ()
    resource_decides: bool = False
    """Whether identity policies count only if the resource's own policy says so: keys, and roles to assume."""

    def all(self) -> tuple[Policy, ...]:
        return (*self.resource, *self.identity, *((self.boundary,) if self.boundary else ()), *self.session)


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """A statement that decided, and its policy."""

    policy: str
    type: PolicyType
    statement: str

    def __str__(self) -> str:
        return f"{self.statement} of {self.policy}"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`type` is the kind of policy that denies, or in which nothing allows; None if the request is allowed."""

    allowed: bool
    explicit: bool = False
    """Whether a statement denies."""
    type: PolicyType | None = None
    statements: tuple[Deciding, ...] = ()
    """Those that deny, or those that allow; empty where no statement allows."""
    absent_keys: tuple[str, ...] = ()
    """Condition keys that applicable statements ask for and the request does not have."""

    def reason(self, action: str) -> str:
        """Why a request is refused, as AWS' own messages end.

        Source: IAM user guide, "Troubleshoot access denied error messages".
        """
        if self.explicit:
            return f"with an explicit deny in a{'n' if self.type is PolicyType.IDENTITY else ''} {self.type}"
        return f"because no {self.type} allows the {action} action"


def evaluate(request: Request, policies: Policies) -> Decision:
    """Raises NotEvaluable."""
    matching, absent = _Matching(request), set[str]()
    found = {id(one): list(matching.of(one, absent)) for one in policies.all()}
    keys = tuple(sorted(absent))

    def deciding(*groups: Iterable[Policy], allowing: bool, least: Closeness = Closeness.NOT) -> tuple[Deciding, ...]:
        return tuple(
            Deciding(policy=one.name, type=one.type, statement=statement.name)
            for group in groups
            for one in group
            for statement, closeness in found[id(one)]
            if statement.allows == allowing and closeness >= least
        )

    for group in (policies.resource, policies.identity, policies.all()):
        if denying := deciding(group, allowing=False):
            everything = deciding(policies.all(), allowing=False)
            return Decision(allowed=False, explicit=True, type=denying[0].type, statements=everything, absent_keys=keys)

    principal = request.principal
    direct = deciding(policies.resource, allowing=True, least=Closeness.ITSELF)
    granted = deciding(policies.resource, allowing=True, least=Closeness.ROLE)
    named = deciding(policies.resource, allowing=True, least=Closeness.ACCOUNT)
    own = deciding(policies.identity, allowing=True)
    is_root = principal.kind is Kind.ROOT

    def refused(policy_type: PolicyType) -> Decision:
        return Decision(allowed=False, type=policy_type, absent_keys=keys)

    if not principal.account:
        if not granted:
            return refused(PolicyType.RESOURCE)
        return Decision(allowed=True, statements=granted, absent_keys=keys)

    allowing: tuple[Deciding, ...]
    if principal.account == request.owner:
        if direct:
            return Decision(allowed=True, statements=direct, absent_keys=keys)
        if granted:
            allowing = granted
        else:
            if not own and not is_root:
                return refused(PolicyType.IDENTITY)
            if policies.resource_decides and not named:
                return refused(PolicyType.RESOURCE)
            allowing = (*own, *(named if policies.resource_decides else ()))
    else:
        if not own and not is_root:
            return refused(PolicyType.IDENTITY)
        if not named:
            return refused(PolicyType.RESOURCE)
        allowing = (*own, *named)
    for limit in ((policies.boundary,) if policies.boundary else (), policies.session):
        if limit:
            within = deciding(limit, allowing=True)
            if not within:
                return refused(limit[0].type)
            allowing = (*allowing, *within)
    return Decision(allowed=True, statements=allowing, absent_keys=keys)


def mentioned(request: Request, policies: Policies, *, allowing: bool) -> bool:
    """Whether a statement allows, or denies, the action on some resource under some condition."""
    matching = _Matching(request)
    return any(
        statement.allows == allowing and matching.is_about(statement)
        for one in policies.all()
        for statement in one.statements
    )


class _Matching:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._values = request.values()

    def of(self, policy: Policy, absent: set[str]) -> Iterable[tuple[Statement, Closeness]]:
        """Statements that apply, with how closely each names the caller."""
        for statement in policy.statements:
            closeness = self._closeness(statement)
            if closeness is None or not self._asks(statement):
                continue
            at = f"{policy.name}, statement {statement.name}"
            self._check({key for text in statement.resources or () for key in _keys(text, statement)}, absent, at)
            if not self._reaches(statement):
                continue
            tested = {one.key for one in statement.conditions}
            written = {key for one in statement.conditions for text in one.values for key in _keys(text, statement)}
            self._check(tested | written, absent, at)
            # All of them are looked at, since one that cannot be evaluated is an error.
            holding = [one.holds(self._values, variables=statement.variables) for one in statement.conditions]
            if all(holding):
                yield statement, closeness

    def is_about(self, statement: Statement) -> bool:
        return self._closeness(statement) is not None and self._asks(statement)

    def _asks(self, statement: Statement) -> bool:
        named = any(matches(self._request.action, one, {}, variables=False, fold=True) for one in statement.actions)
        return named != statement.all_but_actions

    def _reaches(self, statement: Statement) -> bool:
        if statement.resources is None:
            return True
        named = any(
            arn_matches(self._request.resource, one, self._values, variables=statement.variables)
            for one in statement.resources
        )
        return named != statement.all_but_resources

    def _closeness(self, statement: Statement) -> Closeness | None:
        """None if the statement is not about this caller."""
        principal = self._request.principal
        if statement.principals is None:
            return Closeness.ITSELF
        if not statement.all_but_principals:
            return principal.named_by(statement.principals) or None
        if statement.allows:
            # Everybody but those named: as close as `*` is.
            return None if principal.named_by(statement.principals) else Closeness.ROLE
        return None if principal.exempt_from(statement.principals) else Closeness.ROLE

    def _check(self, keys: set[str], absent: set[str], at: str) -> None:
        for key in sorted(keys - self._values.keys()):
            if not self._request.known(key):
                raise NotEvaluable(f"the condition key {key} is unknown here", at=at)
            absent.add(key)


def _keys(text: str, statement: Statement) -> list[str]:
    """Keys of the policy variables in a text."""
    return variables_in(text) if statement.variables else []

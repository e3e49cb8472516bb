"""A tenant's people, pipeline and pods, signed in with what they really hold, ask for what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.admission.controls import BY_DEPLOYER, CONTROLS
from tests.admission.world import OWNER, TENANT, altered, path
from tests.attack.admission import OWNER_NAME
from tests.attack.attempts import Attempt, Ledger, Outcome, mechanism_of
from tests.attack.requests import IMPERSONATIONS, REQUESTS, Request
from tests.attack.sign_in import ANONYMOUS, CI, DEPLOYERS, OWNERS, POD, VIEWERS, SignedIn, caller_of
from tests.conftest import GuardedCluster
from tooling.lane.api_server import Answer

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

AREA = "Kubernetes API"
OF_OWNERS = (f"{TENANT}/roles", f"{TENANT}/rolebindings", f"{TENANT}/networkpolicies")
_PROOF = "an administrator is let through"


def said(answer: Answer) -> str:
    return answer.json().get("message", "") if answer.body.startswith(b"{") else answer.body.decode()


@pytest.fixture
def unchanged(guarded_cluster: GuardedCluster) -> Iterator[None]:
    """Nothing in the cluster is other than before, but for what controllers keep writing."""
    before = _everything(guarded_cluster)
    # Namespaces of other tests are still being emptied.
    ending = {key[3] for key, (*_, deleted, _) in before.items() if key[:2] == ("", "Namespace") and deleted}
    yield
    after = _everything(guarded_cluster)
    assert _outside(after, ending) == _outside(before, ending)


def _outside(found: dict[tuple[str, ...], Any], namespaces: set[str]) -> dict[tuple[str, ...], Any]:
    return {key: value for key, value in found.items() if not namespaces & {key[2], key[3]}}


def _everything(guarded: GuardedCluster) -> dict[tuple[str, ...], Any]:
    with guarded.cluster.api() as api:
        return {
            (group, kind, metadata.get("namespace", ""), metadata["name"]): (
                metadata.get("uid"),
                metadata.get("labels"),
                metadata.get("annotations"),
                metadata.get("finalizers"),
                metadata.get("deletionTimestamp"),
                # Changes with the specification; a Deployment's controller writes to the rest.
                metadata.get("generation"),
            )
            for group, kind, metadata in api.object_metadata()
            if kind not in ("Event", "Lease")
        }


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: one.name)
def test_an_administrator_is_let_through_where_tenants_are_refused(
    guarded_cluster: GuardedCluster, attackers: SignedIn, request_: Request
) -> None:
    """Else a request would be refused because it is wrong, and nobody would see a guardrail that is gone."""
    with guarded_cluster.cluster.api() as api:
        headers = {"Content-Type": request_.content_type}
        answer = api.request(request_.method, request_.dry(), request_.body, headers=headers)
    assert answer.status in request_.reached, (answer.status, said(answer))
    assert mechanism_of(answer.status, said(answer)) != "RBAC"


@pytest.mark.usefixtures("unchanged")
def test_everybody_who_is_signed_in_for_a_tenant_is_refused(attackers: SignedIn, ledger: Ledger) -> None:
    """Owners may write Roles, bindings and network policies; what is hostile in these, other guards refuse."""
    outcomes = []
    for caller in attackers.callers.values():
        for request in REQUESTS:
            mechanism = "RBAC"
            if caller.name == OWNERS and any(kind in request.path for kind in OF_OWNERS):
                mechanism = " or ".join(("RBAC", "RBAC escalation", *_behind(request)))
            answer = caller.request(request.method, request.path, request.body, content_type=request.content_type)
            outcomes.append(_tried(ledger, request, caller.name, answer, mechanism))
    assert {CI, POD, ANONYMOUS, DEPLOYERS, OWNERS, VIEWERS} == attackers.callers.keys()
    assert len(outcomes) == len(REQUESTS) * len(attackers.callers)
    assert [one for one in outcomes if not one.expected] == []


@pytest.mark.usefixtures("unchanged")
def test_whoever_may_do_everything_in_the_namespace_is_refused_by_the_guard_behind_rbac(
    guarded_cluster: GuardedCluster, attackers: SignedIn, ledger: Ledger
) -> None:
    guarded = [request for request in REQUESTS if request.second]
    with guarded_cluster.cluster.api() as api:
        outcomes = [
            _tried(
                ledger,
                request,
                OWNER_NAME,
                api.request(
                    request.method,
                    request.path,
                    request.body,
                    headers={**OWNER.headers, "Content-Type": request.content_type},
                ),
                " or ".join(_behind(request)),
            )
            for request in guarded
        ]
    assert len(outcomes) > 15
    assert [one for one in outcomes if not one.expected] == []


def _behind(request: Request) -> list[str]:
    return [f"admission policy tenant-{name}" for name in request.second.split()]


def _tried(ledger: Ledger, request: Request, actor: str, answer: Answer, mechanism: str) -> Outcome:
    attempt = Attempt(
        area=AREA,
        name=request.name,
        source=request.source,
        actor=actor,
        proof=_PROOF,
        mechanism=mechanism,
        control="its own Deployments, Services and Secrets" if actor not in (POD, ANONYMOUS) else "",
    )
    return ledger.record(attempt, mechanism_of(answer.status, said(answer)), said(answer))


@pytest.mark.parametrize("kind", ["deployment", "service", "secret", "configmap", "ingress"])
def test_those_who_deploy_write_their_own(attackers: SignedIn, kind: str) -> None:
    body = altered(CONTROLS[kind], {"metadata.name": "of-the-attacker"})
    for name in (CI, DEPLOYERS):
        answer = attackers.callers[name].request("POST", f"{path(body).rpartition('/')[0]}?dryRun=All", body)
        assert answer.status == 201, (name, said(answer))


def test_owners_write_network_policies_and_bindings_inside_their_namespace(attackers: SignedIn) -> None:
    binding = altered(
        CONTROLS["rolebinding"], {"roleRef.kind": "Role", "roleRef.name": "viewers", "metadata.name": "of-owners"}
    )
    for body in (CONTROLS["networkpolicy"], binding):
        where = f"{path(body).rpartition('/')[0]}?dryRun=All"
        answer = attackers.callers[OWNERS].request("POST", where, body)
        assert answer.status == 201, said(answer)
        assert attackers.callers[DEPLOYERS].request("POST", where, body).status == 403


def test_viewers_read_no_secret_and_write_nothing(attackers: SignedIn, ledger: Ledger) -> None:
    viewers = attackers.callers[VIEWERS]
    assert viewers.request("GET", f"/apis/apps/v1/namespaces/{TENANT}/deployments").status == 200
    outcomes = []
    for kind in ("secret", *BY_DEPLOYER):
        body = CONTROLS[kind]
        where = path(body).rpartition("/")[0]
        tried = {
            **({"read": ("GET", where, None)} if kind == "secret" else {}),
            "write": ("POST", where, body),
        }
        for verb, (method, place, content) in tried.items():
            assert attackers.callers[DEPLOYERS].request(method, f"{place}?dryRun=All", content).status in (200, 201)
            answer = viewers.request(method, place, content)
            request = Request(name=f"{verb} a {kind}", source="MTB CPI-2", method=method, path=place, body=content)
            outcomes.append(_tried(ledger, request, VIEWERS, answer, "RBAC"))
    assert [one for one in outcomes if not one.expected] == []


def test_what_lets_nobody_in_is_refused_before_any_right_is_asked_for(
    guarded_cluster: GuardedCluster, attackers: SignedIn, ledger: Ledger
) -> None:
    where = f"/api/v1/namespaces/{TENANT}/configmaps"
    assert attackers.callers[DEPLOYERS].request("GET", where).status == 200
    outcomes = []
    for wrong, held in attackers.tokens.items():
        answer = caller_of(guarded_cluster, wrong, held).request("GET", where)
        attempt = Attempt(
            area="Tokens",
            name=f"a token {wrong}",
            source="aws-iam-authenticator; Kubernetes, Authenticating",
            actor="whoever holds it",
            proof="the tenant's deployer is let in with the right one",
            mechanism="authentication",
            control="the deployer's own token",
        )
        outcomes.append(ledger.record(attempt, mechanism_of(answer.status, said(answer)), said(answer)))
    assert [one for one in outcomes if not one.expected] == []


def test_nobody_of_a_tenant_acts_as_somebody_else(
    guarded_cluster: GuardedCluster, attackers: SignedIn, ledger: Ledger
) -> None:
    outcomes = []
    for name, headers in IMPERSONATIONS.items():
        with guarded_cluster.cluster.api() as api:
            assert api.request("GET", f"/api/v1/namespaces/{TENANT}", headers=headers).status in (200, 403)
        for caller in attackers.callers.values():
            answer = caller.request("GET", f"/api/v1/namespaces/{TENANT}/secrets", headers=headers)
            attempt = Attempt(
                area=AREA,
                name=f"act as {name}",
                source="CIS 4.1.8",
                actor=caller.name,
                proof="an administrator may act as anybody",
                mechanism="RBAC",
            )
            outcomes.append(ledger.record(attempt, mechanism_of(answer.status, said(answer)), said(answer)))
            assert "cannot impersonate" in said(answer)
    assert [one for one in outcomes if not one.expected] == []

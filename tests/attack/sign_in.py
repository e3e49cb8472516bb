"""Real sign-in: as a role of a tenant, by an EKS token of its AWS session; as a pod, by its service account's token.

The API server asks the emulated AWS for the holder of an EKS token, and checks tokens of service accounts itself. The
roles, their trust and their access entries are those that the tenant's program registers.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from shared import catalog
from shared.contracts import Infrastructure
from shared.testing import Run, every_contract, run_program
from tests.admission.controls import CONTROLS
from tests.admission.world import NEIGHBOUR, REPLICA_SETS, TENANT, Object, altered, rendered
from tests.conftest import GuardedCluster
from tooling.aws_emulator.testing import running_emulator
from tooling.aws_emulator.tests.conftest import Account
from tooling.aws_emulator.tests.tokens import token
from tooling.lane.api_server import Answer
from tooling.lane.ports import free_ports
from tooling.paths import REPOSITORY

ROLE, POLICY, ENTRY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:eks/accessEntry:AccessEntry"
ANONYMOUS = "anybody, without a token"
POD = "a pod of tenant-a"
CI = "tenant-a's CI"
OWNERS, VIEWERS, DEPLOYERS = (f"tenant-a's role {name}" for name in ("owner", "viewer", "deployer"))
PEOPLE_ARN = "arn:aws:iam::123456789012:role/people"
_SECONDS = 30.0


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "SignIn", "Effect": "Allow", **statement}]})


_OF_THE_ACCOUNT = _document(Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::123456789012:root"})
_ANY_ROLE = _document(Action="sts:AssumeRole", Resource="*")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Someone who asks the API server; without a token, nobody in particular."""

    name: str
    server: str
    certificate_authority: Path
    token: str = ""

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        address = urlsplit(self.server)
        context = ssl.create_default_context(cafile=str(self.certificate_authority))
        sent = {"Accept": "application/json", "Content-Type": content_type, **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=_SECONDS
        )
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    callers: Mapping[str, Caller]
    """By name: each role of tenant-a's people, its CI, its pods, and who has no token."""
    sessions: Mapping[str, dict[str, str]]
    """Credentials of the AWS sessions of tenant-a, as boto3 takes them, by the role's logical name."""
    account: Account
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Tokens that must not let anybody in, by what is wrong with them."""


def tenant_run(tenant: str, catalog_directory: Path) -> Run:
    """The program of a tenant without GitHub, so that its pipeline's role is assumed by its account.

    tenant-a has people of every kind, beside those who deploy.
    """

    def upstream(reference: str) -> Any:
        published = every_contract(reference)
        if published is not None and reference.split("/")[1] == Infrastructure.project:
            return {**published, "pipelines": {}}
        return published

    shutil.copytree(catalog.DIRECTORY, catalog_directory, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "DIRECTORY", catalog_directory)
        file = catalog_directory / f"{TENANT}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        people = {role: {"principals": [PEOPLE_ARN]} for role in ("owners", "viewers")}
        file.write_text(yaml.safe_dump({**content, "people": people}))
        return run_program(REPOSITORY / "tenants", stack=f"dev.{tenant}", upstream=upstream)


def access_of_people(run: Run) -> list[Object]:
    """Roles and bindings of those who are not in the committed file of the tenant."""
    return [
        body
        for body in rendered(run, frozenset({"Role", "RoleBinding"}))
        if body["metadata"]["name"] in ("owners", "viewers")
    ]


def people_session(account: Account) -> Any:
    """STS as the person whom the tenant's file names."""
    account.iam.create_role(RoleName="people", AssumeRolePolicyDocument=_OF_THE_ACCOUNT)
    account.iam.put_role_policy(RoleName="people", PolicyName="sign-in", PolicyDocument=_ANY_ROLE)
    return account.emulator.client("sts", **session_of(account.sts, PEOPLE_ARN, "eve"))


def make_roles(account: Account, run: Run) -> None:
    for role in run.registered(ROLE):
        account.iam.create_role(
            RoleName=role.inputs["name"],
            Path=role.inputs.get("path", "/"),
            AssumeRolePolicyDocument=role.inputs["assumeRolePolicy"],
        )
    for policy in run.registered(POLICY):
        account.iam.put_role_policy(
            RoleName=policy.inputs["role"], PolicyName=policy.inputs["name"], PolicyDocument=policy.inputs["policy"]
        )
    for entry in run.registered(ENTRY):
        account.eks.create_access_entry(
            clusterName=entry.inputs["clusterName"],
            principalArn=entry.inputs["principalArn"],
            kubernetesGroups=entry.inputs["kubernetesGroups"],
        )


def arn_of(run: Run, logical: str) -> str:
    (role,) = [one for one in run.registered(ROLE) if one.name == logical]
    return f"arn:aws:iam::123456789012:role{role.inputs.get('path', '/')}{role.inputs['name']}"


def session_of(sts: Any, arn: str, name: str) -> dict[str, str]:
    given = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


@contextlib.contextmanager
def signed_in(directory: Path, guarded: GuardedCluster) -> Iterator[SignedIn]:
    """Needs the guarded cluster for itself while it lasts: the emulated AWS listens on its webhook port."""
    (port,) = free_ports(1)
    with running_emulator(directory, ports=(port, guarded.webhook_port)) as emulator:
        account = Account(emulator)
        runs = {name: tenant_run(name, directory / "catalog") for name in (TENANT, NEIGHBOUR)}
        cluster = runs[TENANT].registered(ENTRY)[0].inputs["clusterName"]
        account.cluster(cluster)
        for run in runs.values():
            make_roles(account, run)
        run = runs[TENANT]
        principals = {entry.inputs["principalArn"] for entry in run.registered(ENTRY)}
        sts = people_session(account)
        people = {
            role.name: session_of(sts, arn, f"somebody-{role.name}")
            for role in run.registered(ROLE)
            if (arn := arn_of(run, role.name)) in principals
        }
        ci = session_of(account.sts, arn_of(run, "ci"), "job")
        entered = session_of(emulator.client("sts", **ci), arn_of(run, "deployer"), "job")
        tokens = {
            **{f"tenant-a's role {name}": token(session, cluster=cluster) for name, session in people.items()},
            CI: token(entered, cluster=cluster),
            POD: _pod_token(guarded),
            ANONYMOUS: "",
        }
        ours = people["deployer"]
        guarded.world.make(*access_of_people(run))
        yield SignedIn(
            callers={name: _caller(guarded, name, held) for name, held in tokens.items()},
            sessions={**people, "ci": ci},
            account=account,
            tokens={
                "of a role without an access entry: the CI's own": token(ci, cluster=cluster),
                "for another cluster": token(ours, cluster="elsewhere"),
                "of a key without its secret": token({**ours, "aws_secret_access_key": "guessed"}, cluster=cluster),
                "of another's session": token({**ours, "aws_session_token": ci["aws_session_token"]}, cluster=cluster),
                "of an hour": token(ours, cluster=cluster, expires_in=3600),
                "with the cluster's name in another header": token(ours, cluster=cluster, header="x-other"),
                "presigned for another host": token(
                    ours, cluster=cluster, url="https://sts.evil.example/?Action=GetCallerIdentity&Version=2011-06-15"
                ),
                "of a pod, for AWS": _pod_token(guarded, audience="sts.amazonaws.com"),
                "of a pod, with another signature": _other_signature(_pod_token(guarded)),
                "no token at all": "k8s-aws-v1.",
            },
        )


def caller_of(guarded: GuardedCluster, name: str, held: str) -> Caller:
    return _caller(guarded, name, held)


def _caller(guarded: GuardedCluster, name: str, held: str) -> Caller:
    cluster = guarded.cluster
    return Caller(name=name, server=cluster.server, certificate_authority=cluster.certificate_authority, token=held)


def _pod_token(guarded: GuardedCluster, audience: str = "") -> str:
    """The token that the kubelet would put into a pod of the tenant: bound to the pod and its account."""
    pod = altered(CONTROLS["pod"], {"metadata.name": "attacker"})
    if guarded.world.get(pod) is None:
        assert guarded.world.create(pod, REPLICA_SETS).admitted
    found = guarded.world.get(pod)
    assert found is not None
    spec: dict[str, Any] = {
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "attacker", "uid": found["metadata"]["uid"]},
        **({"audiences": [audience]} if audience else {}),
    }
    with guarded.cluster.api() as api:
        answer = api.request(
            "POST",
            f"/api/v1/namespaces/{TENANT}/serviceaccounts/tenant/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec},
        )
    assert answer.status == 201, answer.body
    return answer.json()["status"]["token"]


def _other_signature(text: str) -> str:
    signed, _, signature = text.rpartition(".")
    return f"{signed}.{signature[::-1]}"

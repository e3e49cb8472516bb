"""A real API server with the admission policies and a tenant, as the programs render them; and who asks it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kubernetes_labels import (
    HOSTS_ANNOTATION,
    LOAD_BALANCER_SCHEME_ANNOTATION,
    REGISTRIES_ANNOTATION,
    TENANT_LABEL,
    TOLERATIONS_ANNOTATION,
    deployers_group,
)
from shared.testing import Run, run_program
from tooling.aws_emulator.controllers.crds import PREINSTALLED
from tooling.lane.api_server import Answer, ApiServer
from tooling.paths import REPOSITORY
from tooling.plugins.kubernetes.manifest import to_api

TENANT = "tenant-a"
NEIGHBOUR = "tenant-b"
UNGUARDED = "unguarded"
"""A namespace of no tenant, to which no guardrail is bound: an attack that is admitted there is one."""
TOLERATED = "dedicated"
"""Key of a taint that the tenant's file lets its pods tolerate."""
SECONDS = 60.0
Object = dict[str, Any]

_CLUSTER_WIDE = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks: the administrator, or whom the administrator impersonates."""

    user: str = ""
    group: str = ""

    @property
    def headers(self) -> dict[str, str]:
        named = {"Impersonate-User": self.user, "Impersonate-Group": self.group}
        return {name: value for name, value in named.items() if value}


PLATFORM = Actor()
DEPLOYER = Actor(user="somebody", group=deployers_group(TENANT))
"""Has the rights of the tenant's Role."""
OWNER = Actor(user="owner")
"""May do everything in the tenant's namespace, so that what stops it is never RBAC."""
NAMESPACE_MAKER = Actor(user="maker")
"""May do everything with namespaces, and is not the platform."""
LOAD_BALANCER_CONTROLLER = Actor(
    user="system:serviceaccount:kube-system:aws-load-balancer-controller", group="system:masters"
)
VOLUME_PROVISIONER = Actor(user="system:serviceaccount:kube-system:ebs-csi-controller-sa", group="system:masters")
STATEFUL_SETS = Actor(user="system:serviceaccount:kube-system:statefulset-controller", group="system:masters")
REPLICA_SETS = Actor(user="system:serviceaccount:kube-system:replicaset-controller")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    status: int
    message: str

    @property
    def admitted(self) -> bool:
        return self.status in (200, 201)


class World:
    def __init__(self, api: ApiServer) -> None:
        self._api = api

    def create(self, body: Object, actor: Actor = PLATFORM, *, dry_run: bool = False) -> Verdict:
        return self._ask("POST", collection(body), body, actor, dry_run=dry_run)

    def replace(self, body: Object, actor: Actor, *, subresource: str = "", dry_run: bool = False) -> Verdict:
        return self._ask("PUT", f"{path(body)}{subresource}", body, actor, dry_run=dry_run)

    def patch(self, body: Object, change: Object, actor: Actor) -> Verdict:
        """`change`: a merge patch. Source: RFC 7386."""
        answer = self._api.request(
            "PATCH", path(body), change, headers={**actor.headers, "Content-Type": "application/merge-patch+json"}
        )
        return _verdict(answer)

    def token(self, request: Object, actor: Actor) -> Verdict:
        """`request`: a TokenRequest named after the account."""
        account = {**request, "apiVersion": "v1", "kind": "ServiceAccount"}
        return self._ask("POST", f"{path(account)}/token", request, actor)

    def delete(self, body: Object, actor: Actor = PLATFORM, *, dry_run: bool = False) -> Verdict:
        return self._ask("DELETE", path(body), None, actor, dry_run=dry_run)

    def delete_all(self, body: Object, actor: Actor) -> Verdict:
        """Every object of its kind in its namespace, in one request."""
        return self._ask("DELETE", collection(body), None, actor)

    def get(self, body: Object) -> Object | None:
        answer = self._api.request("GET", path(body))
        return answer.json() if answer.status == 200 else None

    def list(self, body: Object) -> list[Object]:
        return self._api.request("GET", collection(body)).json()["items"]

    def read(self, path: str) -> Any:
        return self._api.request("GET", path).json()

    def stored(self, body: Object) -> Object:
        """What the API server would keep of it, defaults and all."""
        answer = self._api.request("POST", f"{collection(body)}?dryRun=All", body)
        assert answer.status == 201, answer.body
        return answer.json()

    def make(self, *bodies: Object) -> None:
        for body in bodies:
            verdict = self.create(body)
            assert verdict.admitted, (body["kind"], body["metadata"], verdict)

    def wait(self, what: str, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
            time.sleep(0.1)

    def _ask(self, method: str, where: str, body: Object | None, actor: Actor, *, dry_run: bool = False) -> Verdict:
        asked = f"{where}?dryRun=All" if dry_run else where
        answer = self._api.request(method, asked, body, headers=actor.headers)
        return _verdict(answer)


def _verdict(answer: Answer) -> Verdict:
    # A kind that is not served yet is answered in plain text.
    said = answer.json() if answer.body.startswith(b"{") else {"kind": "Status", "message": answer.body.decode()}
    return Verdict(status=answer.status, message=said.get("message", "") if said.get("kind") == "Status" else "")


def path(body: Object) -> str:
    return f"{collection(body)}/{body['metadata']['name']}"


def collection(body: Object) -> str:
    version, kind = body["apiVersion"], body["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    inside = "" if kind in _CLUSTER_WIDE else f"/namespaces/{body['metadata']['namespace']}"
    return f"{root}{inside}/{_plural(kind)}"


def _plural(kind: str) -> str:
    word = kind.lower()
    if word == "endpoints":
        return word
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def rendered(run: Run, kinds: frozenset[str] | None = None) -> list[Object]:
    """The Kubernetes objects that a program registers, in order; patches of what Kubernetes makes are left out."""
    bodies = [
        to_api(resource.inputs)
        for resource in run.resources
        if resource.type.startswith("kubernetes:") and not resource.type.endswith("Patch")
    ]
    # What a Helm release makes is Helm's to say.
    return [body for body in bodies if "kind" in body and (kinds is None or body["kind"] in kinds)]


def policies(**config: Any) -> list[Object]:
    kinds = frozenset(
        {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "PriorityClass", "StorageClass"}
    )
    return rendered(run_program(REPOSITORY / "platform-addons", stack="dev", config=config), kinds)


def without(policy: str) -> str:
    """The namespace of a tenant in which this one policy is taken out."""
    return f"without-{policy}"


def taken_out(bodies: Iterable[Object], names: Iterable[str]) -> list[Object]:
    """The policies as `policies` has them, each of those named unbound from the namespace that is called after it."""
    bodies, names = list(bodies), set(names)
    for body in bodies:
        name = body["metadata"]["name"].removeprefix("tenant-")
        if body["kind"] == "ValidatingAdmissionPolicyBinding" and name in names:
            excepted = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [without(name)]}
            matched = body["spec"].setdefault("matchResources", {}).setdefault("namespaceSelector", {})
            matched.setdefault("matchExpressions", []).append(excepted)
    return bodies


def tenant() -> list[Object]:
    bodies = rendered(run_program(REPOSITORY / "tenants", stack=f"dev.{TENANT}"))
    annotations = {
        REGISTRIES_ANNOTATION: "registry.k8s.io,public.ecr.aws,public.ecr.aws/team-a,"
        "123456789012.dkr.ecr.us-east-1.amazonaws.com,"
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a",
        TOLERATIONS_ANNOTATION: TOLERATED,
    }
    for body in bodies:
        if body["kind"] == "Namespace":
            body["metadata"]["annotations"] |= annotations
    return bodies


def altered(body: Object, changes: Mapping[str, Any]) -> Object:
    """A copy in which the values at these dotted paths differ; a number is a place in a list, `None` takes away."""
    # Not `deepcopy`, which keeps parts that two places share shared.
    changed = json.loads(json.dumps(body))
    for dotted, value in changes.items():
        *parents, last = [int(word) if word.isdigit() else word for word in dotted.replace("\\.", "\0").split(".")]
        at: Any = changed
        for word in parents:
            at = at.setdefault(word.replace("\0", "."), {}) if isinstance(word, str) else at[word]
        key = last.replace("\0", ".") if isinstance(last, str) else last
        if value is None:
            del at[key]
        else:
            at[key] = value
    return changed


def populate(world: World) -> None:
    """Policies and tenant, what attacks need to exist, and the actors' rights."""
    from tests.admission.attacks import ATTACKS, attacked

    attacked_policies = sorted({attack.policy for attack in ATTACKS})
    world.make(
        namespace("bare", labelled=True),
        binding("owner", "bare", "cluster-admin", [{"kind": "User", "name": OWNER.user}]),
        *taken_out(policies(), attacked_policies),
        *foreign_kinds(),
        *place_of_attacks(namespace(UNGUARDED, labelled=False)),
        *place_of_attacks(namespace(without("namespaces-of-tenants"), labelled=False)),
        *(body for name in attacked_policies for body in place_of_attacks(namespace(without(name), labelled=True))),
    )
    make_tenant(world)
    world.make(*rendered(run_program(REPOSITORY / "tenants", stack=f"dev.{NEIGHBOUR}")))
    world.make(
        {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": "sandbox"},
            "handler": "sandbox",
        },
    )
    for kind in ("TargetGroupBinding", "SecurityGroupPolicy", "PolicyEndpoint"):
        body = next(attacked(attack) for attack in ATTACKS if attack.name == kind)
        world.wait(f"{kind} is served", lambda body=body: world.create(body, dry_run=True).admitted)
    wait_until_enforced(world)


def make_tenant(world: World) -> None:
    world.make(
        *tenant(),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": TENANT}},
        binding("owner", TENANT, "cluster-admin", [{"kind": "User", "name": OWNER.user}]),
    )


def place_of_attacks(space: Object) -> list[Object]:
    """A namespace in which attacks fail for nothing but a policy: its accounts exist, and `OWNER` owns everything.

    As a tenant's it has the load balancer of the controls.
    """
    name, metadata = space["metadata"]["name"], space["metadata"]
    if "annotations" in metadata:
        metadata["annotations"] |= {LOAD_BALANCER_SCHEME_ANNOTATION: "internet-facing"}
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": name}}
        for account in ("tenant", "robot")
    ]
    return [space, *accounts, binding("owner", name, "cluster-admin", [{"kind": "User", "name": OWNER.user}])]


def foreign_kinds() -> list[Object]:
    """Kinds that EKS and the load balancer controller bring."""
    preinstalled = [kind.manifest() for kind in PREINSTALLED if kind.scope == "Namespaced"]
    run = run_program(REPOSITORY / "platform-addons", stack="dev")
    definitions = rendered(run, frozenset({"CustomResourceDefinition"}))
    return [*preinstalled, *(body for body in definitions if body["spec"]["names"]["kind"] == "TargetGroupBinding")]


def binding(name: str, namespace: str, role: str, subjects: list[Object]) -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [subject if "namespace" in subject else {"apiGroup": group, **subject} for subject in subjects],
    }


def cluster_binding(resource: str, name: str, user: str) -> list[Object]:
    """A right to do everything with one kind, everywhere."""
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": [resource], "verbs": ["*"]}
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


def wait_until_enforced(world: World) -> None:
    """The API server takes up new policies a moment after they are stored, and in no order."""
    from tests.admission.attacks import ATTACKS, attacked

    for attack in {attack.policy: attack for attack in ATTACKS}.values():
        # By its own name: in a new namespace a pod is refused for want of an account, too.
        world.wait(
            f"{attack.policy} is enforced",
            lambda attack=attack: (
                f"'tenant-{attack.policy}'" in world.create(attacked(attack), attack.actor, dry_run=True).message
            ),
        )


def namespace(name: str, *, labelled: bool) -> Object:
    """`labelled` as a tenant's, whose images and hosts are the controls', and whose load balancer is internal."""
    metadata: Object = {"name": name}
    if labelled:
        annotations = {
            REGISTRIES_ANNOTATION: "registry.k8s.io",
            HOSTS_ANNOTATION: "tenant-a.example.com",
            LOAD_BALANCER_SCHEME_ANNOTATION: "internal",
        }
        metadata |= {"labels": {TENANT_LABEL: name}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

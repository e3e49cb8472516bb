"""Every field of the API that tenants write is accounted for: guarded by what, or why it does no harm.

The list is the API server's own OpenAPI document; the accounts are in `api_fields.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.testing import load_module
from tests.admission.attacks import ATTACKS, Attack, attacked
from tests.admission.controls import CONTROLS
from tests.admission.world import REPLICA_SETS, World, altered
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

ACCOUNTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("api_fields.yaml").read_text())
REASONS: set[str] = set(ACCOUNTS["reasons"])
POLICIES = set(load_module(REPOSITORY / "platform-addons", "addons.admission_policies").NAMES)
ROOTS = (
    "core.v1.ConfigMap",
    "core.v1.PersistentVolumeClaim",
    "core.v1.Pod",
    "core.v1.Secret",
    "core.v1.Service",
    "apps.v1.Deployment",
    "apps.v1.StatefulSet",
    "autoscaling.v2.HorizontalPodAutoscaler",
    "batch.v1.CronJob",
    "batch.v1.Job",
    "networking.v1.Ingress",
    "policy.v1.PodDisruptionBudget",
)
"""What tenants write, and pods, which controllers make of it. ExternalSecrets have a schema of the platform's own:
`test_external_secrets.py`."""


@dataclass(frozen=True)
class Place:
    kind: str
    path: str
    """`spec.template.spec.containers[].image`"""
    type: str
    field: str


class Api:
    """The types of an OpenAPI document, by name without the prefixes that all share."""

    def __init__(self, documents: list[Mapping[str, Any]]) -> None:
        self.paths = {path for document in documents for path in document["paths"]}
        self._schemas = {
            _short(name): schema
            for document in documents
            for name, schema in document.get("components", {}).get("schemas", {}).items()
        }

    def fields(self, name: str) -> dict[str, tuple[str, bool]]:
        """Of each field the type that it leads to, if it has fields, and whether there are several of it."""
        found = {}
        for field, schema in self._schemas[name].get("properties", {}).items():
            target, several = _leads_to(schema)
            found[field] = (target if self._schemas.get(target, {}).get("properties") else "", several)
        return found

    def places(self, root: str) -> Iterator[Place]:
        """Every field from there on that is not `below`."""
        yield from self._places(root.rsplit(".", 1)[1], root, "")

    def _places(self, kind: str, name: str, before: str) -> Iterator[Place]:
        for field, (target, several) in self.fields(name).items():
            path = f"{before}{field}"
            if decisions(name, field) == {"below"}:
                yield from self._places(kind, target, f"{path}{'[]' if several else ''}.")
            else:
                yield Place(kind, path, name, field)

    def types(self) -> set[str]:
        """Every type that has fields which somebody has to account for."""
        found: set[str] = set()
        todo = list(ROOTS)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [
                    target for field, (target, _) in self.fields(name).items() if "below" in decisions(name, field)
                ]
        return found


def _short(name: str) -> str:
    return name.removeprefix("io.k8s.api.").removeprefix("io.k8s.apimachinery.pkg.apis.")


def _leads_to(schema: Mapping[str, Any], *, several: bool = False) -> tuple[str, bool]:
    for part in (schema, *schema.get("allOf", [])):
        if "$ref" in part:
            return _short(part["$ref"].rsplit("/", 1)[1]), several
    return _leads_to(schema["items"], several=True) if "items" in schema else ("", several)


def rows(name: str) -> dict[str, set[str]]:
    """Fields by decision."""
    return {decision: set(fields.split()) for decision, fields in ACCOUNTS["types"].get(name, {}).items()}


def decisions(name: str, field: str) -> set[str]:
    return {decision for decision, fields in rows(name).items() if field in fields}


@pytest.fixture(scope="module")
def api(world: World) -> Api:
    versions = world.read("/openapi/v3")["paths"]
    # Kubernetes' own groups; those of custom resources have other endings.
    wanted = [name for name in versions if re.fullmatch(r"api/v1|apis/([a-z]+|[a-z.]+\.k8s\.io)/v[0-9a-z]+", name)]
    assert len(wanted) > 15
    return Api([world.read(f"/openapi/v3/{name}") for name in wanted])


def test_every_type_is_accounted_for_and_no_other(api: Api) -> None:
    assert api.types() == set(ACCOUNTS["types"])


def test_every_field_is_accounted_for_and_no_other(api: Api) -> None:
    unaccounted = {
        name: sorted(set(api.fields(name)) ^ set().union(*rows(name).values())) for name in ACCOUNTS["types"]
    }
    assert {name: fields for name, fields in unaccounted.items() if fields} == {}


def test_every_decision_is_a_policy_or_a_reason_and_a_reason_is_the_only_one() -> None:
    for name in ACCOUNTS["types"]:
        for field in set().union(*rows(name).values()):
            found = decisions(name, field)
            assert found <= POLICIES or (len(found) == 1 and found <= REASONS), (name, field, found)
    assert set(ACCOUNTS["places"].values()) <= REASONS
    assert set(ACCOUNTS["kinds"]) <= POLICIES | {"tenants", "controllers", "no-role"}


def test_every_kind_of_a_namespace_is_accounted_for_and_no_other(api: Api) -> None:
    inside = re.compile(r".*/namespaces/\{namespace\}/([a-z]+)(?:/\{name\}(/[a-z]+)?)?(?:/\{path\})?")
    served = {found[1] + (found[2] or "") for path in api.paths if (found := inside.fullmatch(path))}
    listed = [kind for kinds in ACCOUNTS["kinds"].values() for kind in kinds.split()]
    assert sorted(listed) == sorted(served)


def test_what_the_tenants_role_lets_deployers_write_is_in_the_list() -> None:
    rules = load_module(REPOSITORY / "tenants", "deployers").RULES
    written = {
        resource
        for group, resources, verbs in rules
        if group != "external-secrets.io" and set(verbs) & {"create", "update", "patch"}
        for resource in resources
    }
    assert written
    assert written <= set(ACCOUNTS["kinds"]["tenants"].split())


def _leaves(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _leaves(inner, f"{path}[]")
    else:
        yield path


def reached(attack: Attack) -> Iterator[str]:
    """Paths at which an attack differs from its control."""
    for dotted, value in attack.changes.items():
        words = [word.replace("\0", ".") for word in dotted.replace("\\.", "\0").split(".")]
        yield from _leaves(value, re.sub(r"\.(\d+)(?=\.|$)", "[]", ".".join(words)))


def account(place: Place) -> set[str]:
    whole = f"{place.kind}.{place.path}"
    for pattern, reason in ACCOUNTS["places"].items():
        if fnmatchcase(whole, pattern):
            return {reason}
    return decisions(place.type, place.field)


def test_every_place_where_a_guarded_field_stands_is_attacked(api: Api) -> None:
    """Where two policies guard a field, one of them looks at it in each place."""
    attacks = [(attacked(attack)["kind"], attack.policy, path) for attack in ATTACKS for path in reached(attack)]
    guarded = [place for root in ROOTS for place in api.places(root) if account(place) & POLICIES]
    assert len(guarded) > 100
    missing = [
        (place.kind, place.path, sorted(account(place)))
        for place in guarded
        if not any(
            kind == place.kind and policy in account(place) and re.match(re.escape(place.path) + r"($|[.\[])", path)
            for kind, policy, path in attacks
        )
    ]
    assert missing == []


def test_every_row_for_a_place_is_of_one(api: Api) -> None:
    whole = [f"{place.kind}.{place.path}" for root in ROOTS for place in api.places(root)]
    for pattern in ACCOUNTS["places"]:
        assert any(fnmatchcase(path, pattern) for path in whole), pattern


def test_what_is_said_to_be_refused_by_pod_security_is(world: World) -> None:
    refused = {f"{name}.{field}" for name in ACCOUNTS["types"] for field in rows(name).get("pod-security", set())}
    assert refused == set(ACCOUNTS["pod-security"])
    for name, changes in ACCOUNTS["pod-security"].items():
        verdict = world.create(altered(CONTROLS["pod"], changes), REPLICA_SETS, dry_run=True)
        assert 'violates PodSecurity "restricted:' in verdict.message, (name, verdict)


def test_what_is_said_to_be_dropped_is_not_stored(world: World) -> None:
    dropped = {f"{name}.{field}" for name in ACCOUNTS["types"] for field in rows(name).get("dropped", set())}
    dropped |= {place for place, reason in ACCOUNTS["places"].items() if reason == "dropped"}
    assert dropped == set(ACCOUNTS["dropped"])
    for name, tried in ACCOUNTS["dropped"].items():
        ((control, changes),) = tried.items()
        body = altered(CONTROLS[control], changes)
        assert _leaf_of(name) in json.dumps(body["spec"]), name
        assert _leaf_of(name) not in json.dumps(world.stored(body)["spec"]), name


def _leaf_of(name: str) -> str:
    """As it stands in JSON."""
    return f'"{name.rsplit(".", 1)[1]}":'

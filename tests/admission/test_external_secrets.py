"""external-secrets on a real API server: what an ExternalSecret may say, and how far the controller's rights reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.testing import run_program
from tests.admission.attacks import ATTACKS, attacked
from tests.admission.world import DEPLOYER, TENANT, Actor, Object, World, altered, namespace, policies, rendered
from tests.everything_on import SETTINGS, upstream
from tooling.lane.testing import running_cluster
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("external secrets")]

ADDON = "external-secrets"
VERSION = "external-secrets.io/v1"
CONTROLLER = Actor(user=f"system:serviceaccount:{ADDON}:{ADDON}", group="system:serviceaccounts")
EXTERNAL_SECRET: Object = {
    "apiVersion": VERSION,
    "kind": "ExternalSecret",
    "metadata": {"name": "database", "namespace": TENANT},
    "spec": {"data": [{"secretKey": "password", "remoteRef": {"key": "database"}}]},
}
SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database", "namespace": TENANT}}


def addon() -> list[Object]:
    """Its kinds and its rights; not its pods."""
    run = run_program(REPOSITORY / "platform-addons", stack="dev", config=SETTINGS["platform-addons"])
    definitions = rendered(run, frozenset({"CustomResourceDefinition"}))
    rights = [
        body
        for body in rendered(run, frozenset({"ClusterRole", "ClusterRoleBinding"}))
        if body["metadata"]["name"] == ADDON
    ]
    return [*(body for body in definitions if body["spec"]["group"].endswith("external-secrets.io")), *rights]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_cluster(tmp_path_factory.mktemp("external-secrets")) as cluster, cluster.api() as api:
        made = World(api)
        made.make(*policies(), namespace(ADDON, labelled=False), namespace("bare", labelled=False), *addon())
        run = run_program(REPOSITORY / "tenants", stack=f"dev.{TENANT}", upstream=upstream)
        # The controller of quotas looks for new kinds twice a minute, and until it has found one refuses them.
        objects = [body for body in rendered(run) if body["kind"] != "ResourceQuota"]
        *before, store = sorted(objects, key=lambda body: body["kind"] == "SecretStore")
        made.make(*before)
        made.wait("the kinds are served", lambda: made.create(store, dry_run=True).admitted)
        made.make(store)
        yield made


def test_little_has_to_be_said(world: World) -> None:
    assert world.create(EXTERNAL_SECRET, DEPLOYER).admitted
    found = world.get(EXTERNAL_SECRET)
    assert found is not None
    assert found["spec"] == {
        "secretStoreRef": {"kind": "SecretStore", "name": "tenant"},
        "refreshInterval": "1h0m0s",
        "target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [
            {
                "secretKey": "password",
                "remoteRef": {
                    "key": "database",
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                },
            }
        ],
    }


WRONG = {
    "another store": ({"spec.secretStoreRef": {"name": "theirs"}}, 'supported values: "tenant"'),
    "a cluster-wide store": (
        {"spec.secretStoreRef": {"kind": "ClusterSecretStore"}},
        'supported values: "SecretStore"',
    ),
    "refreshed all the time": ({"spec.refreshInterval": "1s"}, "refreshInterval is at least 1m, or 0s for once"),
    "no interval": ({"spec.refreshInterval": "soon"}, "spec.refreshInterval"),
    "read at its end": ({"spec.target": {"deletionPolicy": "Delete"}}, 'supported values: "Retain", "Merge"'),
    "fifty-one values": (
        {"spec.data": [{"secretKey": f"key-{number}", "remoteRef": {"key": "database"}} for number in range(51)]},
        "spec.data: Too many: 51: must have at most 50 items",
    ),
    "a chain of modifiers": (
        {"spec.data.0.remoteRef.property": "a|@tostr|@tostr|@tostr"},
        "spec.data[0].remoteRef.property: Invalid value",
    ),
    **{
        f"a template with {name}": (
            {"spec.target": {"template": {"data": {"text": template}}}},
            "spec.target.template.data.text: Invalid value",
        )
        for name, template in {
            "a text of 500 MB": '{{ repeat 500000000 "x" }}',
            "a padded number": '{{ printf "%500000000d" 1 }}',
            "a loop": "{{ range until 100000000 }}x{{ end }}",
            "a template that calls itself": '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}',
            "a variable": "{{ $x := .a }}{{ $x }}",
            "a chain of functions": "{{ .a | quote | quote }}",
            "a function of two values": '{{ .a | replace "" "xxxx" }}',
            "a key that takes a minute": "{{ genRSA 16384 }}",
            "braces in braces": "{{{{ .a }}}}",
            "eleven values": "{{ .a }}" * 11,
        }.items()
    },
    "eleven templates": (
        {"spec.target": {"template": {"data": {f"key-{number}": "x" for number in range(11)}}}},
        "spec.target.template.data: Too many: 11: must have at most 10 items",
    ),
    **{
        f"a template in {field}": (
            {"spec.target": {"template": {"metadata": {field: {"text": '{{ repeat 500000000 "x" }}'}}}}},
            f"spec.target.template.metadata.{field}.text: Invalid value",
        )
        for field in ("annotations", "labels")
    },
    "no key": ({"spec.data.0.remoteRef": {}}, "spec.data[0].remoteRef.key: Required value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_external_secret_that_goes_round_the_rails_is_refused(world: World, name: str) -> None:
    changes, says = WRONG[name]
    verdict = world.create(altered(EXTERNAL_SECRET, {"metadata.name": "wrong", **changes}), DEPLOYER, dry_run=True)
    assert verdict.status == 422, verdict
    assert says in verdict.message


@pytest.mark.parametrize("interval", ["0s", "1m", "24h", "1h30m"])
def test_an_interval_that_spares_the_account_is_taken(world: World, interval: str) -> None:
    body = altered(EXTERNAL_SECRET, {"metadata.name": "paced", "spec.refreshInterval": interval})
    assert world.create(body, DEPLOYER, dry_run=True).admitted


TEMPLATES = {
    "a connection": "postgres://{{ .user }}:{{ .password | urlquery }}@{{ .host }}/app",
    "JSON": '{"user": {"name": "{{.user}}", "password": {{ .password | quote }}}}',
    "a key with a dash": '{{ index . "tls-key" | b64dec }}',
    "lines": "a\n{{- .user -}}\n{b}\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_puts_values_together_is_taken(world: World, name: str) -> None:
    template = {"data": {"text": TEMPLATES[name]}, "metadata": {"labels": {"app": "x"}}}
    body = altered(EXTERNAL_SECRET, {"metadata.name": "templated", "spec.target": {"template": template}})
    verdict = world.create(body, DEPLOYER, dry_run=True)
    assert verdict.admitted, verdict


def test_what_there_is_no_field_for_does_not_reach_the_controller(world: World) -> None:
    rewrite = [{"regexp": {"source": "", "target": "$0$0"}, "transform": {"template": '{{ repeat 500000000 "x" }}'}}]
    elsewhere = [{"literal": '{{ repeat 500000000 "x" }}'}, {"configMap": {"name": "x", "items": [{"key": "x"}]}}]
    generator = {"generatorRef": {"kind": "Password", "name": "x"}}
    body = altered(
        EXTERNAL_SECRET,
        {
            "metadata.name": "more",
            "spec.data.0.sourceRef": generator,
            "spec.dataFrom": [
                {
                    "find": {"name": {"regexp": ".*"}},
                    "extract": {"key": "a"},
                    "sourceRef": generator,
                    "rewrite": rewrite,
                }
            ],
            "spec.target": {
                "template": {"metadata": {"finalizers": ["example.com/stay"]}, "templateFrom": elsewhere},
                "manifest": {"kind": "Pod"},
            },
        },
    )
    assert world.create(body, DEPLOYER).admitted
    found = world.get(body)
    assert found is not None
    assert set(found["spec"]["data"][0]) == {"secretKey", "remoteRef"}
    assert set(found["spec"]["dataFrom"][0]) == {"extract", "rewrite"}
    assert found["spec"]["dataFrom"][0]["rewrite"] == [{}]
    assert "templateFrom" not in found["spec"]["target"]["template"]
    assert found["spec"]["target"]["template"]["metadata"] == {}
    assert "manifest" not in found["spec"]["target"]


def test_the_store_is_the_platforms(world: World) -> None:
    store = {"apiVersion": VERSION, "kind": "SecretStore", "metadata": {"name": "tenant", "namespace": TENANT}}
    found = world.get(store)
    assert found is not None
    assert found["spec"]["provider"]["aws"]["prefix"] == f"eks-cluster-dev/{TENANT}/"
    assert world.delete(store, DEPLOYER).status == 403
    assert world.create(altered(found, {"metadata.name": "mine"}), DEPLOYER).status == 403


def token_of(account: str) -> Object:
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": account, "namespace": TENANT},
        "spec": {"audiences": ["sts.amazonaws.com"]},
    }


def test_the_controller_makes_tokens_of_the_tenants_account_alone(world: World) -> None:
    assert world.token(token_of("tenant"), CONTROLLER).admitted
    assert world.token(token_of("default"), CONTROLLER).status == 403


def test_it_writes_secrets_of_tenants_and_no_others(world: World) -> None:
    assert world.create(SECRET, CONTROLLER).admitted
    assert world.replace(altered(SECRET, {"stringData": {"password": "x"}}), CONTROLLER).admitted
    for elsewhere in ("bare", ADDON, "kube-system"):
        assert world.create(altered(SECRET, {"metadata.namespace": elsewhere}), CONTROLLER).status == 403
    assert world.delete(SECRET, CONTROLLER).admitted


@pytest.mark.parametrize("policy", ["secrets-tokens", "objects-of-the-platform"])
def test_nor_what_the_policies_refuse_whoever_asks(world: World, policy: str) -> None:
    attack = next(one for one in ATTACKS if one.policy == policy and attacked(one)["kind"] == "Secret")
    world.wait("the policy is enforced", lambda: not world.create(attacked(attack), CONTROLLER, dry_run=True).admitted)
    verdict = world.create(attacked(attack), CONTROLLER, dry_run=True)
    assert f"tenant-{policy}" in verdict.message


def test_its_finalizer_comes_off_when_the_rails_are_gone(world: World) -> None:
    """At the end of a namespace its Role may go first."""
    held = altered(EXTERNAL_SECRET, {"metadata.name": "held", "metadata.namespace": "bare"})
    finalizer = "externalsecrets.external-secrets.io/externalsecret-cleanup"
    world.make(altered(held, {"metadata.finalizers": [finalizer]}))
    assert world.delete(held).admitted
    found: Any = world.get(held)
    assert found["metadata"]["deletionTimestamp"]
    assert world.patch(held, {"metadata": {"finalizers": []}}, CONTROLLER).admitted
    assert world.get(held) is None

"""Two applications of a tenant behind its one load balancer: each answers as if it were alone.

The load balancer controller merges the Ingresses of a group into one set of listeners and rules. What it would make of
them is worked out here as its documentation says, "Ingress annotations": listen-ports, ssl-redirect, actions, merge
behavior. aws-load-balancer-controller#1837 is what happens otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pytest

from shared.applications import WebApplication, WebApplicationArgs
from shared.contracts import Tenant, consume
from shared.kubernetes_labels import HTTPS_REDIRECT
from shared.providers import kubernetes_provider
from shared.testing import contract_outputs, run_program
from tooling.aws_emulator.controllers.ingresses import status_correction

ALB = "alb.ingress.kubernetes.io"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate"
EXCLUSIVE = {
    f"{ALB}/{key}"
    for key in (
        "customer-owned-ipv4-pool",
        "inbound-cidrs",
        "ip-address-type",
        "load-balancer-attributes",
        "load-balancer-name",
        "minimum-load-balancer-capacity",
        "mutual-authentication",
        "scheme",
        "security-group-prefix-lists",
        "security-groups",
        "shield-advanced-protection",
        "ssl-policy",
        "ssl-redirect",
        "subnets",
        "waf-acl-id",
        "wafv2-acl-arn",
        "wafv2-acl-name",
    )
}
"""What counts for a group as a whole, by the table of annotations; one Ingress sets it for all."""

Ingress = dict[str, Any]


def ingresses(*certificates: str, scheme: str = "internet-facing") -> list[Ingress]:
    """Of one application for each certificate (empty: plain HTTP), on the hosts `0.example.com`, `1.example.com`, …"""
    hosts = [f"{number}.example.com" for number in range(len(certificates))]

    def program() -> None:
        tenant = consume(Tenant, stack="dev.tenant-a")
        cluster = kubernetes_provider(
            kubeconfig=tenant.kubeconfig, cluster_arn=tenant.cluster_arn, context=tenant.cluster_name
        )
        for number, certificate in enumerate(certificates):
            WebApplication(
                f"app-{number}",
                WebApplicationArgs(
                    tenant=tenant, image="registry.k8s.io/web:1", host=hosts[number], certificate_arn=certificate
                ),
                pulumi.ResourceOptions(provider=cluster),
            )

    run = run_program(program, upstream=lambda _: contract_outputs(Tenant, hosts=hosts, load_balancer_scheme=scheme))
    return [one.inputs for one in run.registered("kubernetes:networking.k8s.io/v1:Ingress")]


def written(ingress: Ingress) -> dict[str, str]:
    return ingress["metadata"]["annotations"]


def answer(group: Sequence[Ingress], protocol: str, host: str) -> str:
    """What the group's load balancer does with a request for `/` of a host."""
    ports = {"HTTP": 80, "HTTPS": 443}
    listening = [
        ingress
        for ingress in sorted(group, key=lambda one: one["metadata"]["name"])
        if {protocol: ports[protocol]} in json.loads(written(ingress)[f"{ALB}/listen-ports"])
    ]
    if not listening:
        return "refused"
    if protocol == "HTTP" and any(f"{ALB}/ssl-redirect" in written(ingress) for ingress in group):
        return "redirect to HTTPS"
    for ingress in listening:
        for rule in ingress["spec"]["rules"]:
            if rule["host"] == host:
                service = rule["http"]["paths"][0]["backend"]["service"]
                if service["port"].get("name") != "use-annotation":
                    return f"forward to {service['name']}"
                action = json.loads(written(ingress)[f"{ALB}/actions.{service['name']}"])
                return f"{action['type']} to {action['redirectConfig']['protocol']}"
    return "404"


def test_one_with_a_certificate_and_one_without() -> None:
    group = ingresses(f"{CERTIFICATE}/0", "")
    assert answer(group, "HTTP", "0.example.com") == "redirect to HTTPS"
    assert answer(group, "HTTPS", "0.example.com") == "forward to app-0"
    assert answer(group, "HTTP", "1.example.com") == "forward to app-1"
    assert answer(group, "HTTPS", "1.example.com") == "404"


def test_the_groups_own_redirect_would_make_the_plain_one_unreachable() -> None:
    group = ingresses(f"{CERTIFICATE}/0", "")
    written(group[0])[f"{ALB}/ssl-redirect"] = "443"
    assert answer(group, "HTTP", "1.example.com") == "redirect to HTTPS"
    assert answer(group, "HTTPS", "1.example.com") == "404"


@pytest.mark.parametrize("certificates", [("", ""), (f"{CERTIFICATE}/0", f"{CERTIFICATE}/1")], ids=["plain", "tls"])
def test_two_alike(certificates: tuple[str, str]) -> None:
    group = ingresses(*certificates)
    for number, certificate in enumerate(certificates):
        host, forwarded = f"{number}.example.com", f"forward to app-{number}"
        assert answer(group, "HTTP", host) == ("redirect to HTTPS" if certificate else forwarded)
        assert answer(group, "HTTPS", host) == (forwarded if certificate else "refused")


@pytest.mark.parametrize("scheme", ["internet-facing", "internal"])
def test_of_what_counts_for_all_they_set_the_scheme_alone_and_all_the_same(scheme: str) -> None:
    group = ingresses(f"{CERTIFICATE}/0", "", scheme=scheme)
    assert len(group) == 3
    for ingress in group:
        assert written(ingress).keys() & EXCLUSIVE == {f"{ALB}/scheme"}
        assert written(ingress)[f"{ALB}/scheme"] == scheme
        assert written(ingress)[f"{ALB}/group.name"] == "tenant-a"


def test_the_only_action_is_the_one_that_admission_allows() -> None:
    actions = [
        value
        for ingress in ingresses(f"{CERTIFICATE}/0")
        for key, value in written(ingress).items()
        if key.startswith(f"{ALB}/actions.")
    ]
    assert actions == [HTTPS_REDIRECT]


def test_the_lane_answers_all_their_ingresses_with_one_load_balancer() -> None:
    group = ingresses(f"{CERTIFICATE}/0", "", scheme="internal")
    statuses = [status_correction({**ingress, "status": {}}, "us-east-1") for ingress in group]
    names = {one["hostname"] for status in statuses if status for one in status["status"]["loadBalancer"]["ingress"]}
    assert len(statuses) == 3
    assert len(names) == 1
    assert names.pop().startswith("internal-k8s-tenanta-")

"""The checks before an upgrade, each with what it must find and what it must let pass."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.testing import Registered
from shared.versions import ADDONS, KUBERNETES, Pin
from tooling.upgrade import checks


def resource(token: str, **inputs: Any) -> Registered:
    return Registered(type=token, name="one", urn="urn", parent="", inputs=inputs, custom=True)


def found(findings: list[checks.Finding]) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.what) for finding in findings]


@pytest.mark.parametrize(
    ("deployed", "to", "verdict", "says"),
    [
        ("1.35", "1.36", "fine", "1.35 to 1.36 is one minor"),
        ("1.36", "1.36", "fine", "the cluster already runs 1.36"),
        ("1.34", "1.36", "fix", "1.36 is 2 minors after the cluster's 1.34"),
        ("1.35", "1.34", "fix", "cannot be downgraded to 1.34"),
    ],
)
def test_one_minor_up_and_no_other_step(deployed: str, to: str, verdict: str, says: str) -> None:
    (finding,) = checks.step(deployed, to)
    assert finding.verdict == verdict
    assert says in finding.what


def test_two_minors_at_once_name_the_one_between() -> None:
    (finding,) = checks.step("1.34", "1.36")
    assert finding.hint == "upgrade to 1.35 first"


def test_nodes_kube_proxy_and_kubectl_may_be_only_so_far_away() -> None:
    assert found(checks.skew("1.36", {"a": "1.33"}, "v1.33.0-eksbuild.1", "1.35.4")) == [
        ("fine", "nodes, kube-proxy and kubectl 1.35.4 are compatible with 1.36")
    ]
    assert found(checks.skew("1.36", {"a": "1.36", "old": "1.32"}, "v1.32.0-eksbuild.1", "1.34.1")) == [
        ("fix", "node group old runs 1.32, more than 3 minors behind 1.36"),
        ("fix", "kube-proxy runs v1.32.0-eksbuild.1, more than 3 minors behind 1.36"),
        ("fix", "kubectl 1.34.1 is more than 1 minor away from 1.36"),
    ]


def test_an_object_of_a_removed_version_is_found_by_stack_name_and_kind() -> None:
    kind = "PodDisruptionBudget"
    old = resource(f"kubernetes:policy/v1beta1:{kind}", apiVersion="policy/v1beta1", kind=kind)
    new = resource(f"kubernetes:policy/v1:{kind}", apiVersion="policy/v1", kind=kind)
    (finding,) = checks.apis([("demo/dev", old), ("demo/dev", new)], "1.36")
    assert finding.what == "demo/dev: one is a PodDisruptionBudget of policy/v1beta1, which 1.25 removed"
    assert finding.hint == "use policy/v1 and Pod Security admission"
    assert found(checks.apis([("demo/dev", old)], "1.24")) == [
        ("fine", "1.24 serves the API versions of all 1 objects")
    ]


def test_another_kind_of_that_version_is_none_of_it() -> None:
    served = resource("kubernetes:storage.k8s.io/v1beta1:VolumeAttributesClass", apiVersion="storage.k8s.io/v1beta1")
    assert [one.verdict for one in checks.apis([("a/dev", served)], "1.36")] == ["fine"]


def test_what_a_chart_renders_is_not_known() -> None:
    release = resource("kubernetes:helm.sh/v3:Release", chart="web", version="1.2.3")
    assert found(checks.apis([("a/dev", release)], "1.36"))[1] == (
        "unknown",
        "a/dev: objects rendered by chart web 1.2.3",
    )


def test_pins_are_for_the_platforms_own_minor() -> None:
    assert found(checks.eks_addons(["coredns"], KUBERNETES.value, {})) == [
        ("fine", f"coredns {ADDONS['coredns'].value}")
    ]
    (missing,) = checks.eks_addons(["coredns"], "1.36", {})
    assert (missing.verdict, missing.what) == ("fix", "no version of coredns for 1.36 is known")
    assert "infrastructure:addon_versions" in missing.hint


def test_a_version_that_the_stacks_file_names_is_for_a_person_to_look_at() -> None:
    (finding,) = checks.eks_addons(["coredns"], "1.36", {"coredns": "v1.2.3-eksbuild.1"})
    assert (finding.verdict, finding.what) == (
        "unknown",
        "coredns v1.2.3-eksbuild.1 is set in the stack's file and may not support 1.36",
    )


def test_add_ons_of_tier_2_bring_their_own_pins() -> None:
    pin = Pin(value="v9", source="here", read_on=date(2026, 1, 1))
    pins = {"every": lambda _: pin, "one": lambda minor: pin if minor == "1.35" else None}
    assert found(checks.platform_addons(pins, "1.36", {})) == [
        ("fine", "every v9"),
        ("fix", "no version of one for 1.36 is known"),
    ]


def test_the_table_names_each_version_once_with_its_source() -> None:
    table = checks.removals()
    assert table.source.startswith("kubernetes.io/docs/reference/using-api/deprecation-guide")
    served = [
        (version, kind)
        for versions in table.removed.values()
        for version, row in versions.items()
        for kind in row.kinds
    ]
    assert len(served) == len(set(served))
    assert ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema") in served

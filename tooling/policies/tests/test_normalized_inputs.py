"""The policies decide the same about inputs as the program wrote them and as the Kubernetes plug-in keeps them."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from shared.policies.evaluation import Policies
from shared.policies.tests.cases import CASES
from shared.policies.view import ResourceView
from tooling.plugins.kubernetes.normalization import normalized

POLICIES = Policies([], today=date(2026, 1, 1))
# What the plug-in leaves out, of every kind that it leaves out.
EMPTY = {
    "metadata": {"annotations": {}, "labels": {}},
    "spec": {"externalIPs": [], "selector": {}, "publishNotReadyAddresses": False},
}
CUSTOM = "kubernetes:karpenter.sh/"
"""The plug-in keeps custom resources as they are written."""

VIEWS = [
    (rule, view)
    for rule, case in CASES.items()
    for view in (*(view for view, _ in case.refused), *case.allowed)
    if view.type.startswith("kubernetes:") and not view.type.startswith(CUSTOM)
]


def with_empty_members(view: ResourceView) -> ResourceView:
    module, _, kind = view.type.removeprefix("kubernetes:").partition(":")
    given = {"apiVersion": module.removeprefix("core/"), "kind": kind, **view.properties}
    for member, empty in EMPTY.items():
        given[member] = {**empty, **given.get(member, {})}
    return dataclasses.replace(view, properties=given)


@pytest.mark.parametrize(("rule", "view"), VIEWS, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(VIEWS)])
def test_rule_decides_the_same_about_normalized_inputs(rule: str, view: ResourceView) -> None:
    written = with_empty_members(view)
    kept = dataclasses.replace(written, properties=normalized(written.properties))
    assert kept.properties != written.properties

    found = [{violation.rule.id for violation in POLICIES.of_resource(one)} for one in (view, written, kept)]

    assert found[0] == found[1] == found[2]

"""Reading what an interrupted run left in the engine's record, and taking objects into it."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.runner.recovery.deployment import (
    UnconfirmedOperation,
    matches_request,
    pending_changes,
    pending_creates,
    with_adopted,
    without_pending,
)

ROLE = "urn:pulumi:local::infrastructure::aws:iam/role:Role::node"
QUOTA = "urn:pulumi:local.tenant-a::tenants::kubernetes:core/v1:ResourceQuota::quota"


def resource(urn: str = ROLE, **more: Any) -> dict[str, Any]:
    kind = urn.split("::")[2]
    return {"urn": urn, "type": kind, "custom": True, "provider": "p::1", "inputs": {"name": "node"}, **more}


def test_only_creates_of_real_objects_are_looked_for() -> None:
    record = {
        "resources": [],
        "pending_operations": [
            {"type": "creating", "resource": resource()},
            {"type": "creating", "resource": resource("urn:pulumi:local::x::pulumi:providers:aws::aws")},
            {"type": "updating", "resource": resource(QUOTA)},
            {"type": "reading", "resource": resource("urn:pulumi:local::x::aws:kms/key:Key::k")},
        ],
    }
    assert [create.urn for create in pending_creates(record)] == [ROLE]
    assert pending_changes(record) == [QUOTA]
    assert "pending_operations" not in without_pending(record)
    assert str(pending_creates(record)[0]) == "Role node"


def test_a_resource_that_is_taken_in_keeps_its_place_and_has_its_inputs_for_outputs() -> None:
    taken = resource(inputs={"name": "node", "__defaults": ["name"]}, parent="urn:parent", initErrors=["x"])
    record = with_adopted({"resources": [{"urn": "urn:parent", "type": "platform:x:Roles"}]}, [(taken, "eks-node")])
    assert record["resources"][-1] == {
        "urn": ROLE,
        "type": "aws:iam/role:Role",
        "custom": True,
        "provider": "p::1",
        "parent": "urn:parent",
        "id": "eks-node",
        "inputs": {"name": "node", "__defaults": ["name"]},
        "outputs": {"name": "node"},
    }


def test_what_is_taken_in_depends_on_nothing_that_is_not_there() -> None:
    bound = resource(dependencies=["urn:gone", "urn:there"], propertyDependencies={"name": ["urn:gone"]})
    record = with_adopted({"resources": [{"urn": "urn:there", "type": "platform:x:Roles"}]}, [(bound, "eks-node")])
    assert record["resources"][-1]["dependencies"] == ["urn:there"]
    assert record["resources"][-1]["propertyDependencies"] == {"name": []}


def test_what_a_replacement_replaces_is_left_to_be_deleted() -> None:
    record = with_adopted({"resources": [resource(id="old")]}, [(resource(), "new")])
    assert [(each["id"], each.get("delete", False)) for each in record["resources"]] == [("old", True), ("new", False)]


@pytest.mark.parametrize(
    ("tags", "ours"),
    [
        ({"owner": "platform-team", "project": "infrastructure", "more": "by hand"}, True),
        ({"owner": "platform-team", "project": "somebody-elses"}, False),
        ({}, False),
    ],
)
def test_an_aws_object_of_that_name_is_ours_by_its_tags_only(tags: dict[str, str], ours: bool) -> None:
    wanted = UnconfirmedOperation(
        resource=resource(inputs={"tagsAll": {"owner": "platform-team", "project": "infrastructure"}})
    )
    record = {"resources": [resource(id="node", outputs={"tagsAll": tags})]}
    assert matches_request(wanted, record, "node") is ours


@pytest.mark.parametrize(
    ("labels", "ours"), [({"tenant": "a", "added": "later"}, True), ({"tenant": "b"}, False), (None, False)]
)
def test_a_kubernetes_object_of_that_name_is_ours_by_its_labels(labels: dict[str, str] | None, ours: bool) -> None:
    inputs = {"metadata": {"name": "quota", "namespace": "tenant-a", "labels": {"tenant": "a"}}}
    wanted = UnconfirmedOperation(resource=resource(QUOTA, inputs=inputs))
    live = {"metadata": {"name": "quota", "namespace": "tenant-a", "labels": labels}}
    assert matches_request(wanted, {"resources": [resource(QUOTA, id="q", outputs=live)]}, "q") is ours


def test_an_object_that_the_refresh_did_not_find_is_not_there() -> None:
    assert not matches_request(UnconfirmedOperation(resource=resource()), {"resources": []}, "node")
    gone = {"resources": [resource(id="node", delete=True, outputs={})]}
    assert not matches_request(UnconfirmedOperation(resource=resource()), gone, "node")

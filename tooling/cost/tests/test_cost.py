"""The estimate: what is billed for existing is summed, what is not known is named, and no price lacks its source."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import BadInput
from shared.testing import Registered, run_program
from tooling.aws_types.billing import Charge, NotKnown
from tooling.cost.charges import bill_of
from tooling.cost.estimate import Line, lines_of, total
from tooling.cost.prices import DIRECTORY, load_prices
from tooling.paths import REPOSITORY

PRICES = load_prices("us-east-1")


def resource(kind: str, inputs: dict[str, Any] | None = None, *, name: str = "one", needs: Any = ()) -> Registered:
    return Registered(
        type=kind,
        name=name,
        urn=f"urn:pulumi:dev::p::{kind}::{name}",
        parent="",
        inputs=inputs or {},
        custom=True,
        depends_on=frozenset(needs),
    )


def group(**inputs: Any) -> Registered:
    return resource("aws:eks/nodeGroup:NodeGroup", inputs)


def bill(one: Registered, *others: Registered) -> list[Charge | NotKnown]:
    return bill_of(one, {each.urn: each for each in (one, *others)})


@pytest.fixture(scope="module")
def dev() -> list[Line]:
    return lines_of("infrastructure/dev", run_program(REPOSITORY / "infrastructure", stack="dev"), PRICES)


def monthly(lines: list[Line], unit: str) -> Decimal:
    return sum((line.monthly for line in lines if line.what == unit and line.monthly), Decimal(0))


def test_what_stands_all_the_time_is_billed_by_730_hours(dev: list[Line]) -> None:
    assert monthly(dev, "eks-cluster-hour") == Decimal("73.00")
    assert monthly(dev, "nat-gateway-hour") == Decimal("32.850")
    assert monthly(dev, "kms-key-month") >= Decimal("1.00")


def test_nodes_cost_their_wanted_number_and_at_most_their_largest() -> None:
    scaling = {"minSize": 1, "desiredSize": 2, "maxSize": 5}
    assert bill(group(scalingConfig=scaling, instanceTypes=["t3.large"]))[0] == Charge(
        unit="instance-hour/t3.large", quantity=2, at_most=5
    )
    line = Line(stack="s", resource="r", what="u", monthly=Decimal(2), at_most=Decimal(5))
    unknown = Line(stack="s", resource="r", what="why")
    assert total([line, line, unknown]) == (Decimal(4), Decimal(10))


def test_the_volumes_of_a_launch_template_are_counted_for_every_node() -> None:
    devices = [{"ebs": {"volumeType": "gp3", "volumeSize": size}} for size in (4, 80)]
    template = resource("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": devices})
    nodes = resource(
        "aws:eks/nodeGroup:NodeGroup",
        {"scalingConfig": {"desiredSize": 3, "maxSize": 10}, "instanceTypes": ["t3.large"]},
        name="nodes",
        needs=[template.urn],
    )
    volumes = [one for one in bill(nodes, template) if isinstance(one, Charge) and one.unit == "gp3-gb-month"]
    assert [(one.quantity, one.at_most) for one in volumes] == [(12, 40), (240, 800)]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (resource("aws:rds/instance:Instance"), "has no row"),
        (resource("aws:s3/bucket:Bucket"), "objects, requests"),
        (resource("kubernetes:networking.k8s.io/v1:Ingress"), "a load balancer"),
        (resource("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}), "a load balancer"),
        (
            group(scalingConfig={"desiredSize": 2, "maxSize": 5}, instanceTypes=["t3.large"], capacityType="SPOT"),
            "spot instances",
        ),
        (group(scalingConfig={"desiredSize": 2, "maxSize": 5}, instanceTypes=["a", "b"]), "which of a, b is not known"),
        (group(), "known only to AWS"),
    ],
)
def test_what_cannot_be_known_is_named(one: Registered, why: str) -> None:
    first = bill(one)[0]
    assert isinstance(first, NotKnown)
    assert why in first.why


def test_what_has_no_price_is_unknown_and_not_nothing() -> None:
    def program() -> None:
        import pulumi_aws as aws

        aws.ec2.VpcEndpoint(
            "sts", vpc_id="vpc", service_name="sts", vpc_endpoint_type="Interface", subnet_ids=["a", "b", "c"]
        )

    lines = lines_of("s", run_program(program, check_providers=False), PRICES)
    assert lines[0].monthly is None
    assert lines[0].what == "3 × interface-endpoint-hour: no price in the table of us-east-1"


def test_what_costs_nothing_by_itself_makes_no_line() -> None:
    assert bill(resource("aws:iam/role:Role")) == []
    assert bill(resource("kubernetes:apps/v1:Deployment")) == []


def test_every_type_of_the_platform_is_billed_or_free(dev: list[Line]) -> None:
    assert [line for line in dev if "has no row" in line.what] == []


@pytest.mark.parametrize("region", [path.stem for path in sorted(DIRECTORY.glob("*.yaml"))])
def test_every_price_was_read_in_a_public_source_on_a_day(region: str) -> None:
    table = load_prices(region)
    assert table.region == region
    for name, price in table.prices.items():
        assert price.source.startswith("https://"), name
        assert price.read_on <= datetime.now(UTC).date(), name


def test_a_region_without_a_table_is_refused_by_name() -> None:
    with pytest.raises(BadInput) as caught:
        load_prices("eu-west-1")
    assert caught.value.code == "prices-missing"
    assert "us-east-1" in caught.value.what

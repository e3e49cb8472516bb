"""Every resource type that the local lane models has a row with every facet, or the reason why it lacks one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from tooling.aws_types.listing import Listing
from tooling.aws_types.row import AwsType
from tooling.aws_types.table import AUDITED, AWS_TYPES, INVENTORIED, LISTINGS
from tooling.paths import REPOSITORY
from tooling.plugins.aws.table import TABLE

PRECIOUS = {
    "aws:ec2/vpc:Vpc",
    "aws:ecr/repository:Repository",
    "aws:eks/cluster:Cluster",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
}


def test_types_are_those_that_the_local_lane_models() -> None:
    assert set(AWS_TYPES) == set(TABLE)


@pytest.mark.parametrize("row", AWS_TYPES.values(), ids=lambda row: row.pulumi_name)
def test_type_has_every_facet_or_says_why_not(row: AwsType) -> None:
    assert row.description.noun
    assert row.description.service
    assert row.description.find.startswith("aws ")
    assert row.identification if isinstance(row.identification, str) else callable(row.identification)
    assert row.listing if isinstance(row.listing, str) else row.listing in LISTINGS
    assert callable(row.billing)


def test_precious_types_are_those_whose_loss_cannot_be_repaired() -> None:
    assert {name for name, row in AWS_TYPES.items() if row.precious} == PRECIOUS


def test_every_kind_is_listed_once_and_read_by_the_audit_or_the_inventory() -> None:
    kinds = Counter((listing.service, listing.kind) for listing in LISTINGS)
    assert [kind for kind, times in kinds.items() if times > 1] == []
    assert [listing.kind for listing in LISTINGS if listing not in AUDITED and listing not in INVENTORIED] == []
    assert [listing.kind for listing in LISTINGS if listing.remove is not None and listing not in AUDITED] == []


def test_resources_are_removed_before_those_that_they_use() -> None:
    removable = [listing.kind for listing in AUDITED if listing.remove is not None]
    order = ["load-balancer", "target-group", "network-interface", "security-group"]
    assert [kind for kind in removable if kind in order] == order


def test_rows_load_without_an_sdk_of_aws_or_pulumi() -> None:
    program = (
        "import sys; import tooling.aws_types.table;"
        "assert not {'boto3', 'botocore', 'pulumi'} & sys.modules.keys(), 'loaded an SDK'"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_listing_reports_what_it_keeps_whatever_the_shape_of_the_response() -> None:
    class Client:
        def list_things(self, **_: str) -> dict[str, object]:
            return {"Groups": [{"Things": [{"Id": "a"}, {"Id": "b"}]}], "names": ["x"]}

    nested = Listing(
        service="s",
        kind="k",
        operation="list_things",
        collection="Groups",
        inside="Things",
        identity="Id",
        paginated=False,
        keep=lambda thing: thing["Id"] != "b",
    )
    named = Listing(
        service="s", kind="n", operation="list_things", collection="names", identity="name", paginated=False
    )
    assert list(nested.things(Client())) == [{"Id": "a"}]
    assert list(named.things(Client())) == [{"name": "x"}]

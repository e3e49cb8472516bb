"""Every refusal, in front of every operation by which the plug-in creates, changes and deletes, as a person reads it.

The types are those of the table, hence all that the tiers' programs can create on the lane.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import grpc
import pytest

from tests.faults.aws_proxy import WRITES, AwsProxy, Fault
from tooling.aws_refusals.explanation import Subject, explained
from tooling.aws_types.table import description_of
from tooling.lane.ports import free_ports
from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests.case import REGION, changed
from tooling.plugins.aws.tests.cases import CASES, inputs_of, unique_name
from tooling.plugins.aws.tests.conftest import Lane, serving
from tooling.plugins.provider.tests.engine import Engine, Resource, configured, init_failed

SPELT = {
    "ec2": ("InvalidGroup.Duplicate", "DependencyViolation", "VpcLimitExceeded", "UnauthorizedOperation"),
    "vpc": ("InvalidPermission.Duplicate", "DependencyViolation", "RulesPerSecurityGroupLimitExceeded", "AccessDenied"),
    "iam": ("EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "AccessDenied"),
    "eks": (
        "ResourceInUseException",
        "ResourceInUseException",
        "ResourceLimitExceededException",
        "AccessDeniedException",
    ),
    "cloudwatch": (
        "ResourceAlreadyExistsException",
        "OperationAborted",
        "ServiceQuotaExceededException",
        "AccessDeniedException",
    ),
    "ecr": (
        "RepositoryAlreadyExistsException",
        "RepositoryNotEmptyException",
        "ServiceQuotaExceededException",
        "AccessDeniedException",
    ),
    "kms": ("AlreadyExistsException", "DependencyViolation", "ServiceQuotaExceededException", "AccessDeniedException"),
    "s3": ("BucketAlreadyOwnedByYou", "BucketNotEmpty", "TooManyBuckets", "AccessDenied"),
    "autoscaling": ("AlreadyExists", "ScalingActivityInProgress", "LimitExceeded", "AccessDenied"),
}
"""How each service spells: it exists, it is in use, it is over a quota, it is not allowed.

ECR, Logs and KMS also say `LimitExceededException`, which the AWS SDK takes for throttling and sends eight times.
"""

FAMILIES = ("aws-already-exists", "aws-in-use", "aws-quota", "aws-not-allowed")
COMMAND = re.compile(
    r"^hint: .*(aws (autoscaling|ec2|ecr|eks|iam|kms|logs|s3api|sts|service-quotas) [a-z-]+|tiers up )", re.M
)


@pytest.fixture(scope="module")
def proxy(lane: Lane) -> Iterator[AwsProxy]:
    (port,) = free_ports(1)
    proxy = AwsProxy(port, urlsplit(lane.emulator.endpoint_url).port or 0)
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()
    thread.join()


@pytest.fixture
def engine(proxy: AwsProxy) -> Iterator[Engine]:
    """Its plug-in reaches the emulated AWS by the proxy; deletions are not retried."""
    address = f"http://127.0.0.1:{proxy.server.server_port}"
    proxy.set()
    with (
        serving(address, deletion_patience_seconds=0) as plugin,
        configured(plugin, {"region": REGION}) as engine,
    ):
        yield engine
        proxy.set()
        engine.delete_what_is_left()


def subject(resource: Resource, operation: str) -> Subject:
    return Subject(
        operation=operation,
        type=resource.type,
        name=resource.name,
        project="infrastructure",
        stack="local",
        inputs={**resource.outputs, **resource.inputs},
        resource_id=resource.id,
        region=REGION,
    )


def refused(proxy: AwsProxy, family: str, type_name: str) -> Fault:
    code = SPELT[type_name.split(":")[1].split("/")[0]][FAMILIES.index(family)]
    proxy.set(Fault(action=WRITES, status=409, code=code, message="Refused for a test."))
    return proxy.faults[0]


def check(said: str, family: str, about: Subject, code: str) -> None:
    shown = explained(said, about)
    first, *_ = shown.splitlines()
    named = description_of(about.type).named(about.inputs, about.resource_id, about.name)
    assert first.startswith(f"error[{family}]: "), shown
    assert named in first
    assert f"  at: infrastructure/local, {about.type} {about.name}" in shown
    assert f"{code}: Refused for a test." in shown
    assert COMMAND.search(shown), shown
    assert "{" not in "".join(line for line in shown.splitlines() if line.startswith("hint: ")), shown


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("type_name", sorted(TABLE))
def test_refused_creation_ends_with_code_name_and_command(
    type_name: str, family: str, engine: Engine, proxy: AwsProxy, lane: Lane
) -> None:
    if family == "aws-in-use":
        # Only what exists can be in use; creating beside it is "exists already".
        family = "aws-already-exists"
    name, inputs = unique_name(), inputs_of(CASES[type_name], lane.world)
    checked = engine.check(type_name, name, inputs)
    code = refused(proxy, family, type_name).code
    with pytest.raises(grpc.RpcError) as error:
        engine.create(type_name, name, inputs)
    new = Resource(type=type_name, name=name, id="", inputs=checked, outputs={})
    check(str(error.value.details()), family, subject(new, "create"), code)
    assert sum(proxy.injected.values()) == 1, "refusals are no reason to ask again"


@pytest.mark.parametrize("type_name", sorted(set(TABLE) - {name for name, case in CASES.items() if case.own_emulator}))
def test_refused_deletion_ends_with_code_name_and_command(
    type_name: str, engine: Engine, proxy: AwsProxy, lane: Lane
) -> None:
    case = CASES[type_name]
    resource = engine.create(type_name, unique_name(), inputs_of(case, lane.world))
    for family in ("aws-in-use", "aws-not-allowed"):
        code = refused(proxy, family, type_name).code
        with pytest.raises(grpc.RpcError) as error:
            engine.delete(resource)
        check(str(error.value.details()), family, subject(resource, "delete"), code)
    proxy.set()
    engine.delete(resource)


def updates() -> list[tuple[str, str]]:
    """One change per type, which shows how the type's updates fail."""
    paths = {
        name: [path for path in case.updates if path not in case.starting]
        for name, case in sorted(CASES.items())
        if not case.own_emulator
    }
    return [(name, possible[0]) for name, possible in paths.items() if possible]


@pytest.mark.parametrize(("type_name", "path"), updates())
def test_refused_update_ends_with_code_name_and_command(
    type_name: str, path: str, engine: Engine, proxy: AwsProxy, lane: Lane
) -> None:
    case, world = CASES[type_name], lane.world
    resource = engine.create(type_name, unique_name(), inputs_of(case, world))
    wanted = changed(inputs_of(case, world), path, case.updates[path], world)
    code = refused(proxy, "aws-not-allowed", type_name).code
    try:
        engine.up(resource, wanted)
    except grpc.RpcError as error:
        unfinished = init_failed(error)
        said = unfinished.reasons[0] if unfinished is not None else str(error.details())
        check(said, "aws-not-allowed", subject(resource, "update"), code)
    else:
        assert not proxy.injected, "a refusal was swallowed"

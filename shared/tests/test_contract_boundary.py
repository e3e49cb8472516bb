"""The crossing between tiers: what `publish` lets through, and what `consume` makes of what it finds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, assert_type, get_type_hints

import pulumi
import pytest

from shared.contracts import Infrastructure, PlatformAddons, Tenant, consume, last_published, publish
from shared.contracts.boundary import restore
from shared.errors import PlatformError
from shared.program_errors import ProgramInputError, ProgramRefused
from shared.testing import UNKNOWN, Run, contract_outputs, run_program


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    project: ClassVar[str] = "sample"
    version: ClassVar[int] = 3

    text: pulumi.Output[str]
    count: pulumi.Output[int]
    ports: pulumi.Output[list[int]]
    limits: pulumi.Output[dict[str, int]]
    ratio: pulumi.Output[float]
    enabled: pulumi.Output[bool]


VALUES: dict[str, Any] = {
    "text": "x",
    "count": 3,
    "ports": [1, 2],
    "limits": {"a": 1},
    "ratio": 2.0,
    "enabled": False,
}
PUBLISHED = {**VALUES, "contract_version": 3}


def published(**changed: Callable[[], Any]) -> Run:
    """Values in place of the samples are made in the program, as outputs belong to its event loop."""

    def program() -> None:
        values = {**VALUES, **{name: make() for name, make in changed.items()}}
        publish(Sample(**{name: pulumi.Output.from_input(value) for name, value in values.items()}))

    return run_program(program)


def consumed(
    outputs: Mapping[str, Any] | None, *, preview: bool = False, read: Callable[[Sample], Any] | None = None
) -> Run:
    """Runs a program of tier `demo` that consumes `sample/dev` and exports what it got."""

    def program() -> None:
        sample = consume(Sample, stack="dev")
        for field in dataclasses.fields(Sample):
            pulumi.export(field.name, getattr(sample, field.name))
        if read is not None:
            pulumi.export("read", read(sample))

    def upstream(reference: str) -> Mapping[str, Any] | None:
        assert reference == "organization/sample/dev"
        return outputs

    return run_program(program, project="demo", upstream=upstream, preview=preview)


def test_a_contract_is_published_as_flat_outputs_with_its_version() -> None:
    assert published().outputs == PUBLISHED


def test_a_secret_does_not_cross() -> None:
    with pytest.raises(ProgramRefused) as refused:
        published(text=lambda: pulumi.Output.secret("s3cret"))
    assert refused.value.code == "secret-in-contract"
    assert "`text`" in refused.value.what
    assert "s3cret" not in str(refused.value)


def test_a_value_made_from_a_secret_does_not_cross_either() -> None:
    with pytest.raises(ProgramRefused) as refused:
        published(text=lambda: pulumi.Output.concat("token=", pulumi.Output.secret("s3cret")))
    assert refused.value.code == "secret-in-contract"


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_value_is_not_published(nothing: object) -> None:
    with pytest.raises(ProgramInputError) as refused:
        published(text=lambda: nothing)
    assert refused.value.code == "output-empty"
    assert "`text`" in refused.value.what


@pytest.mark.parametrize("value", [0, [], {}, False])
def test_a_value_that_is_merely_false_is_published(value: object) -> None:
    assert published(enabled=lambda: value).outputs["enabled"] == value


def test_values_arrive_with_the_types_of_the_contract() -> None:
    kinds: list[Any] = []
    consumed(
        PUBLISHED,
        read=lambda sample: pulumi.Output.all(sample.count, sample.ports, sample.limits, sample.ratio).apply(
            kinds.append
        ),
    )
    (count, ports, limits, ratio), *_ = kinds
    assert (type(count), [type(port) for port in ports], type(limits["a"])) == (int, [int, int], int)
    assert type(ratio) is float


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (3.0, int, 3),
        ([3.0], list[int], [3]),
        ({"a": 3.0}, dict[str, int], {"a": 3}),
        ({"a": [3.0]}, dict[str, list[int]], {"a": [3]}),
        (3.5, float, 3.5),
        ("3", str, "3"),
        (True, bool, True),
    ],
)
def test_whole_numbers_that_came_as_floats_are_restored(value: object, kind: Any, expected: object) -> None:
    restored = restore(value, kind)
    assert restored == expected
    assert repr(restored) == repr(expected)


def test_a_stack_that_does_not_exist_is_unknown_in_a_preview_with_one_warning() -> None:
    run = consumed(None, preview=True)
    assert set(run.outputs.values()) == {UNKNOWN}
    assert run.warnings == [
        "demo/dev needs `text`, `count`, `ports` and 3 more of sample/dev, which does not exist; "
        "shown as unknown in this preview\nhint: make sample-up STACK=dev"
    ]


def test_a_stack_that_does_not_exist_fails_an_up_with_the_command_that_makes_it() -> None:
    with pytest.raises(ProgramInputError) as refused:
        consumed(None)
    assert refused.value.code == "stack-missing"
    assert refused.value.at == "contract Sample, version 3"
    assert refused.value.hint == "make sample-up STACK=dev"
    assert "sample/dev" in refused.value.what


def test_a_missing_output_is_named_with_its_stack() -> None:
    outputs = {name: value for name, value in PUBLISHED.items() if name != "ports"}
    with pytest.raises(ProgramInputError) as refused:
        consumed(outputs)
    assert refused.value.code == "output-missing"
    assert refused.value.what == "demo/dev needs `ports` of sample/dev, which has not published it"
    run = consumed(outputs, preview=True)
    assert run.outputs["ports"] is UNKNOWN
    assert len(run.warnings) == 1


@pytest.mark.parametrize("preview", [True, False])
def test_an_empty_output_is_an_error_even_in_a_preview(preview: bool) -> None:
    with pytest.raises(ProgramInputError) as refused:
        consumed({**PUBLISHED, "text": ""}, preview=preview)
    assert refused.value.code == "output-empty"
    assert "`text`" in refused.value.what


@pytest.mark.parametrize("preview", [True, False])
def test_a_contract_older_than_what_is_needed_is_refused_with_both_versions(preview: bool) -> None:
    with pytest.raises(ProgramInputError) as refused:
        consumed({**PUBLISHED, "contract_version": 2}, preview=preview)
    assert refused.value.code == "contract-too-old"
    assert "version 3" in refused.value.what
    assert "version 2" in refused.value.what


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", ["x"]),
        ("count", 1.5),
        ("count", True),
        ("ports", "80"),
        ("ports", [80, "81"]),
        ("limits", {"a": "1"}),
        ("enabled", "true"),
        ("contract_version", "three"),
    ],
)
def test_an_output_of_another_type_is_refused_before_anything_is_made_of_it(name: str, value: object) -> None:
    with pytest.raises(ProgramInputError) as refused:
        consumed({**PUBLISHED, name: value}, preview=True)
    assert refused.value.code == "output-invalid"
    assert f"`{name}`" in refused.value.what
    assert refused.value.hint == "make sample-up STACK=dev"


def test_a_newer_contract_with_every_field_is_accepted() -> None:
    assert consumed({**PUBLISHED, "contract_version": 4, "more": "x"}).outputs["text"] == "x"


SINCE: dict[type[Any], dict[int, set[str]]] = {
    Infrastructure: {4: {"force_destroy", "pipelines"}},
    Tenant: {
        3: {"repositories", "registries", "quota", "containers", "ci_role_arn"},
        4: {"state", "people_role_arns", "bucket_uri"},
    },
}
"""By contract, the fields that each later version has added."""


@pytest.mark.parametrize(
    ("contract", "version"), [(contract, version) for contract, later in SINCE.items() for version in later]
)
def test_a_consumer_of_the_contract_before_still_reads_what_is_published_now(contract: type[Any], version: int) -> None:
    added = {name for since, names in SINCE[contract].items() if since >= version for name in names}
    kept = [field for field in dataclasses.fields(contract) if field.name not in added]
    types = get_type_hints(contract)
    older: Any = dataclasses.make_dataclass(
        "Older", [(field.name, types[field.name]) for field in kept], frozen=True, kw_only=True
    )
    older.project, older.version = contract.project, version - 1

    def program() -> None:
        found = consume(older, stack="dev")
        for field in kept:
            pulumi.export(field.name, getattr(found, field.name))

    outputs = contract_outputs(contract)
    assert contract.version == max(SINCE[contract])
    run = run_program(program, project="demo", stack="dev", upstream=lambda _: outputs)
    assert run.outputs == {field.name: outputs[field.name] for field in kept}


def test_a_failure_that_is_no_missing_stack_is_not_taken_for_one() -> None:
    def upstream(_: str) -> None:
        raise AssertionError("passphrase is wrong")

    def program() -> None:
        consume(Sample, stack="dev")

    with pytest.raises(AssertionError, match="passphrase"):
        run_program(program, project="demo", upstream=upstream, preview=True)


def test_a_tenants_stack_is_named_in_the_command() -> None:
    def program() -> None:
        consume(Tenant, stack="dev.tenant-a")

    with pytest.raises(ProgramInputError) as refused:
        run_program(program, project="demo", upstream=lambda _: None)
    assert refused.value.hint == "make tenants-up STACK=dev TENANT=tenant-a"


def test_an_environment_that_does_not_exist_is_refused_before_its_stack_is_looked_for() -> None:
    def program() -> None:
        consume(PlatformAddons, stack="dve")

    with pytest.raises(PlatformError) as refused:
        run_program(program, upstream=lambda _: None)
    assert refused.value.code == "environment-unknown"


def test_fields_of_a_contract_are_typed_outputs() -> None:
    def program() -> None:
        infrastructure = consume(Infrastructure, stack="dev")
        assert_type(infrastructure.cluster_arn, pulumi.Output[str])
        assert_type(infrastructure.private_subnet_ids, pulumi.Output[list[str]])
        assert_type(infrastructure.network_policy_enforced, pulumi.Output[bool])

    run_program(program)


@pytest.mark.parametrize("contract", [Infrastructure, PlatformAddons, Tenant])
def test_no_field_of_a_contract_is_named_like_a_credential(contract: Any) -> None:
    for name in contract_outputs(contract):
        assert not any(word in name for word in ("token", "password", "private_key", "access_key"))


@pytest.mark.parametrize("outputs", [None, PUBLISHED], ids=["never-deployed", "deployed"])
def test_a_stack_sees_what_it_published_itself_and_nothing_before_it_has(outputs: Mapping[str, Any] | None) -> None:
    seen: list[Mapping[str, Any]] = []

    def upstream(reference: str) -> Mapping[str, Any] | None:
        assert reference == "organization/sample/dev"
        return outputs

    run_program(lambda: seen.append(last_published(Sample)), project="sample", upstream=upstream)
    assert seen == [outputs or {}]

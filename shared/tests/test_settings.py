"""A project's settings: what the engine hands over as text becomes what the model says, or is refused by name."""

from __future__ import annotations

from typing import Any, Literal

import pulumi
import pytest
from pydantic import Field

from shared.errors import PlatformError
from shared.program_errors import ProgramInputError
from shared.settings import Settings, load_settings, stack_environment
from shared.testing import run_program


class Nested(Settings):
    depth: int = 1


class Sample(Settings):
    text: str = Field(default="x", description="Text.")
    count: int = Field(default=1, ge=0, description="Whole number.")
    enabled: bool = Field(default=False, description="Switch.")
    names: list[str] = Field(default_factory=list, description="List.")
    choice: Literal["one", "two"] = Field(default="one", description="Choice.")
    days: Literal[7, 30] = Field(default=7, description="Choice of numbers.")
    key: pulumi.Output[str] | None = Field(default=None, description="Secret.")
    nested: Nested = Field(default_factory=Nested, description="Object.")


def loaded(**config: Any) -> Sample:
    found: list[Sample] = []
    run_program(lambda: found.append(load_settings(Sample)), project="sample", config=config)
    return found[0]


def test_without_configuration_the_defaults_hold() -> None:
    assert loaded() == Sample()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", "hello"),
        ("text", "1.30"),
        ("text", "123456789012"),
        ("text", "true"),
        ("text", "[1]"),
        ("count", 7),
        ("enabled", True),
        ("names", ["a", "b"]),
        ("choice", "two"),
        ("days", 30),
        ("nested", {"depth": 4}),
    ],
    ids=str,
)
def test_a_value_arrives_as_its_field_says(key: str, value: object) -> None:
    assert loaded(**{key: value}).model_dump()[key] == value


@pytest.mark.parametrize(
    ("config", "at", "says"),
    [
        ({"txet": "x"}, "txet", 'unknown key `txet`, did you mean "text"?'),
        ({"nested": {"dpeth": 2}}, "nested.dpeth", 'did you mean "depth"?'),
        ({"count": "many"}, "count", "`count`"),
        ({"count": -1}, "count", "greater than or equal to 0"),
        ({"choice": "three"}, "choice", "'one' or 'two'"),
        ({"names": "a"}, "names", "valid list"),
    ],
    ids=["unknown", "unknown-nested", "no-number", "too-small", "no-choice", "no-list"],
)
def test_a_wrong_value_is_refused_with_its_key_and_stack(config: dict[str, Any], at: str, says: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        loaded(**config)
    assert refused.value.code == "settings-invalid"
    assert refused.value.at == f"Pulumi.dev.yaml of sample, {at}"
    assert says in refused.value.what


def test_a_secret_is_an_output_and_never_text() -> None:
    (found,) = [loaded(key="1234")]
    assert isinstance(found.key, pulumi.Output)
    assert "1234" not in repr(found)
    assert "1234" not in str(found.model_dump())


def test_configuration_of_another_project_is_ignored() -> None:
    found: list[Sample] = []
    run_program(lambda: found.append(load_settings(Sample)), project="other", config={})
    assert found == [Sample()]


def test_the_number_of_further_mistakes_is_reported() -> None:
    with pytest.raises(ProgramInputError, match=r"\(and 1 more\)"):
        loaded(txet="x", count=-1)


@pytest.mark.parametrize("stack", ["dev", "dev.tenant-a"])
def test_a_stacks_environment_is_the_first_part_of_its_name(stack: str) -> None:
    found: list[str] = []
    run_program(lambda: found.append(stack_environment().name), stack=stack)
    assert found == ["dev"]


def test_a_stack_of_no_environment_is_refused_as_a_programs_error() -> None:
    def program() -> None:
        stack_environment()

    with pytest.raises(PlatformError) as refused:
        run_program(program, stack="prd")
    assert refused.value.code == "environment-unknown"

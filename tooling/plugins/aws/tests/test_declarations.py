"""The table against the released Python SDK: a misspelt input would never be refused, and never be set."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

from tooling.paths import REPOSITORY
from tooling.plugins.aws.engine.row import Input, Row
from tooling.plugins.aws.model import modelled, modelled_functions
from tooling.plugins.aws.servicer import VERSION
from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests.cases import short

_GETTER = re.compile(r'@pulumi\.getter(?:\(name="(\w+)"\))?\s+def (\w+)\(self\) -> (.*?):\n')
SDK = Path(str(pulumi_aws.__file__)).parent


def _class_body(module: str, kinds: tuple[str, ...], file: str) -> str:
    """The source of the first of the classes that there is."""
    source = (SDK / module / file).read_text(encoding="utf-8")
    for kind in kinds:
        found = re.search(rf"^class {kind}(?:\(.*?\))?:.*?(?=^class |^@pulumi\.|\Z)", source, re.DOTALL | re.MULTILINE)
        if found:
            return found[0]
    raise AssertionError(f"none of {kinds} in {module}/{file}")


def _arguments(row: Row) -> dict[str, str]:
    """Where a nested legacy type has the name already, the arguments' class is called `…InitArgs`."""
    _, middle, kind = row.pulumi_name.split(":")
    module, name = middle.split("/")
    return _members(_class_body(module, (f"{kind}Args", f"{kind}InitArgs"), f"{_snake(name)}.py"))


def _members(body: str) -> dict[str, str]:
    """Wire name of each property to its type as written."""
    return {name or python_name: kind for name, python_name, kind in _GETTER.findall(body)}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _unknown(module: str, specs: Mapping[str, Input], known: Mapping[str, str], within: str = "") -> Iterator[str]:
    for name, spec in specs.items():
        path = f"{within}{name}"
        if name not in known:
            yield path
        elif spec.members is not None:
            block = re.search(r"'(?:outputs\.)?(\w+Args)'", known[name])
            assert block, f"{path} is no block in the SDK: {known[name]}"
            inside = _members(_class_body(module, (block[1],), "_inputs.py"))
            yield from _unknown(module, spec.members, inside, f"{path}.")
        else:
            assert not re.search(r"'\w+Args'", known[name]) or "Union" in known[name], (
                f"{path} is a block in the SDK, and has no members here"
            )


every_row = pytest.mark.parametrize("row", [pytest.param(row, id=short(name)) for name, row in TABLE.items()])


@every_row
def test_every_modelled_input_is_one_of_the_sdk_s(row: Row) -> None:
    module = row.pulumi_name.split(":")[1].split("/")[0]
    assert list(_unknown(module, row.all_inputs(), _arguments(row))) == []


@every_row
def test_every_output_is_one_of_the_sdk_s(row: Row) -> None:
    _, middle, kind = row.pulumi_name.split(":")
    module, name = middle.split("/")
    known = _members(_class_body(module, (kind,), f"{_snake(name)}.py"))
    assert set(row.outputs) - known.keys() == set()
    assert ("tagsAll" in known) == row.tagged
    assert ("region" in known) == row.regional


@every_row
def test_inputs_that_the_sdk_requires_are_required_here(row: Row) -> None:
    required = {wire for wire, written in _arguments(row).items() if "Optional" not in written}
    assert {wire for wire, spec in row.inputs.items() if spec.required} >= required


@pytest.mark.parametrize("name", modelled_functions())
def test_every_function_is_one_of_the_sdk_s(name: str) -> None:
    _, middle, function = name.split(":")
    module = middle.split("/")[0]
    sdk = importlib.import_module("pulumi_aws" if module == "index" else f"pulumi_aws.{module}")
    assert hasattr(sdk, _snake(function))


def test_plugin_s_version_is_the_sdk_s() -> None:
    described: Any = json.loads((SDK / "pulumi-plugin.json").read_text(encoding="utf-8"))
    assert described["version"] == VERSION


def test_plugin_starts_without_the_sdk_which_can_be_imported_afterwards() -> None:
    program = (
        "import sys; import tooling.plugins.aws.servicer as servicer; assert 'pulumi' not in sys.modules;"
        "assert 'botocore.session' not in sys.modules; import pulumi; from pulumi.runtime.proto import provider_pb2;"
        "assert servicer.provider_pb2 is provider_pb2; pulumi.Output.from_input(1)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_model_lists_every_type_with_what_replaces_it() -> None:
    described = {entry.pulumi_name: entry for entry in modelled()}
    assert set(described) == set(TABLE)
    vpc = described["aws:ec2/vpc:Vpc"]
    assert vpc.replacing == ("cidrBlock", "instanceTenancy", "region")
    assert {item.path for item in vpc.inputs} > {"enableDnsSupport", "tags"}
    node_group = described["aws:eks/nodeGroup:NodeGroup"]
    assert "scalingConfig.desiredSize" in {item.path for item in node_group.inputs}
    assert "launchTemplate.id" in node_group.replacing

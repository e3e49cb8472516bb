"""What a program uses of the SDKs is found in its source."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pulumi_aws

from tooling.runner.sdk_modules import load, used_by


def test_modules_are_found_by_import_by_name_and_by_the_attributes_of_their_package(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import pulumi\n"
        "import pulumi_aws as aws\n"
        "import pulumi_no_such_package\n"
        "from pulumi_kubernetes import (\n    apps,\n    core as of_core,\n)\n"
        "from shared import naming, versions\n"
        "from shared.errors import PlatformError\n"
        "aws.ec2.Vpc('main', tags=aws.no_such_module)\n"
        "apps.v1.Deployment('main')\n"
    )
    (tmp_path / "broken.py").write_text("import pulumi_aws.iam\nthis is no Python (\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_main.py").write_text("import pulumi_aws.s3\n")
    assert used_by(tmp_path) == [
        "pulumi_aws",
        "pulumi_aws.ec2",
        "pulumi_aws.iam",
        "pulumi_kubernetes",
        "pulumi_kubernetes.apps",
        "pulumi_kubernetes.core",
        "shared",
        "shared.errors",
        "shared.naming",
        "shared.versions",
    ]


def test_what_modules_of_shared_use_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("from shared.applications import WebApplication\n")
    assert {"pulumi_kubernetes.apps.v1", "pulumi_kubernetes.core.v1"} <= set(used_by(tmp_path))


def test_a_module_that_loads_when_it_is_first_used_is_loaded() -> None:
    """Importing it is not enough: then each worker loaded it again."""
    name = f"{pulumi_aws.__name__}.servicequotas"
    assert type(sys.modules[name]) is not ModuleType
    load(name)
    assert type(sys.modules[name]) is ModuleType

"""Tables that must agree, and the pure functions behind them.

Modules that import moto are imported by the tests that need them: every worker collects this file, and importing moto
takes as long as all tests of it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import PlatformError
from shared.versions import ADDONS
from tooling.aws_emulator.actions import changes_account, named_action
from tooling.aws_emulator.options import Options
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.xdist_group("moto in the test's process")


def test_every_addon_of_the_catalog_has_its_objects() -> None:
    from tooling.aws_emulator.controllers.addon_objects import ADDON_OBJECTS
    from tooling.aws_emulator.eks.addon_catalog import CATALOG

    assert set(ADDON_OBJECTS) == set(CATALOG)


def test_every_addon_that_the_platform_pins_is_in_the_catalog() -> None:
    from tooling.aws_emulator.eks.addon_catalog import CATALOG

    assert set(ADDONS) <= set(CATALOG)


def test_every_access_policy_is_bound_to_a_role() -> None:
    from tooling.aws_emulator.controllers.access_bindings import CLUSTER_ROLES
    from tooling.aws_emulator.eks.access_entries import ACCESS_POLICIES

    assert {arn.rsplit("/", 1)[-1] for arn in ACCESS_POLICIES} == set(CLUSTER_ROLES)


FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "action", "changes"),
    [
        ("POST", "/", "", FORM, b"Action=CreateVpc&Version=1", "CreateVpc", True),
        ("POST", "/", "", FORM, b"Action=DescribeVpcs&Version=1", "DescribeVpcs", False),
        ("POST", "/", "", FORM, b"Action=AssumeRole&Version=1", "AssumeRole", False),
        ("POST", "/", "", {"x-amz-target": "Logs_20140328.CreateLogGroup"}, b"{}", "CreateLogGroup", True),
        ("POST", "/", "", {"x-amz-target": "Logs_20140328.DescribeLogGroups"}, b"{}", "DescribeLogGroups", False),
        ("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.Query"}, b"{}", "Query", False),
        ("POST", "/", "", {"x-amz-target": "TrentService.DescribeKey"}, b"{}", "DescribeKey", True),
        ("POST", "/service/Granite/operation/PutMetricAlarm", "", {}, b"", "PutMetricAlarm", True),
        ("POST", "/service/Granite/operation/ListMetrics", "", {}, b"", "ListMetrics", False),
        ("GET", "/", "Action=CreateVpc", {}, b"", "CreateVpc", True),
        ("GET", "/clusters/platform", "", {}, b"", "", False),
        ("POST", "/clusters", "", {"content-type": "application/json"}, b"{}", "", True),
        ("HEAD", "/bucket/key", "", {}, b"", "", False),
        ("PUT", "/bucket/key", "", {}, b"", "", True),
        ("DELETE", "/bucket/key", "", {}, b"", "", True),
    ],
)  # fmt: skip
def test_action_and_its_kind_are_read_from_every_protocol(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, action: str, changes: bool
) -> None:
    assert named_action(path, query, headers, body) == action
    assert changes_account(method, action) is changes


def ingress(name: str, namespace: str = "team", **annotations: str) -> dict:
    return {
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"ingressClassName": "alb"},
    }


def hostname(manifest: dict) -> str:
    from tooling.aws_emulator.controllers.ingresses import status_correction

    patch = status_correction(manifest, "eu-west-1")
    assert patch is not None
    return patch["status"]["loadBalancer"]["ingress"][0]["hostname"]


def test_load_balancers_name_depends_on_the_ingress_alone() -> None:
    assert hostname(ingress("shop-front-door")) == hostname(ingress("shop-front-door"))
    assert hostname(ingress("shop-front-door")).startswith("internal-k8s-team-shopfron-")
    assert hostname(ingress("shop-front-door")).endswith(".eu-west-1.elb.amazonaws.com")
    # Cut to the same eight letters, still two names.
    assert hostname(ingress("shop-front-door")) != hostname(ingress("shop-front-yard"))
    assert len(hostname(ingress("x" * 200, "y" * 60)).split(".")[0]) <= 63


def test_ingresses_of_one_group_share_a_load_balancer() -> None:
    group = {"alb.ingress.kubernetes.io/group.name": "shared", "alb.ingress.kubernetes.io/scheme": "internet-facing"}
    assert hostname(ingress("a", **group)) == hostname(ingress("b", "other", **group))
    assert hostname(ingress("a", **group)).startswith("k8s-shared-")


def test_emulator_refuses_another_moto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tooling.aws_emulator.eks import install

    monkeypatch.setattr(install, "installed_moto", lambda: "5.3.0")
    with pytest.raises(PlatformError) as error:
        install.install(Options(port=1, webhook_port=2, directory=tmp_path))
    assert error.value.code == "moto-of-another-version"
    assert "moto 5.3.0 is installed" in error.value.what


def test_emulator_says_which_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "tooling.aws_emulator", "--port", port, "--webhook-port", "0",
             "--directory", str(tmp_path)],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert ended.returncode == 1
    assert "error[port-taken]" in ended.stderr
    assert port in ended.stderr

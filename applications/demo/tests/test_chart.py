"""The Helm chart makes what the program makes, field by field, except for what is deliberately different.

Real Helm renders the chart; the program runs under the mocks of the test kit. For each pair of settings and values, the
two sets of fields are compared. `DIFFERENCES` lists what may differ, and why; a row that matches nothing fails.
"""

from __future__ import annotations

import configparser
import fnmatch
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from shared.testing import load_module, run_program
from tests.admission.world import rendered
from tests.charts import helm, rendered_chart

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("the demo's chart")]

Values = dict[str, Any]
Fields = dict[str, Any]

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo"
HOST = "tenant-a.example.com"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e"
DIGEST = f"sha256:{'a' * 64}"

NEEDED: Values = {"image": {"repository": REPOSITORY}, "ingress": {"host": HOST}}
"""What has no default."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The same thing, said to the program and to the chart."""

    id: str
    settings: Mapping[str, Any]
    values: Values


_DEFAULTS = {
    "image_repository": REPOSITORY,
    "image_tag": "v1.0.0",
    "image_digest": "",
    "replicas": 2,
    "max_replicas": 4,
}
VARIANTS = [
    Variant(id="defaults", settings=_DEFAULTS, values=NEEDED),
    Variant(
        id="everything",
        settings=_DEFAULTS
        | {
            "image_digest": DIGEST,
            "replicas": 3,
            "max_replicas": 9,
            "host": HOST,
            "port": 8080,
            "certificate_arn": CERTIFICATE,
            "root_response": "say: 'hello' # \"you\"",
            "api_response": "8080",
        },
        values={
            "image": {"repository": REPOSITORY, "tag": "v9", "digest": DIGEST},
            "replicas": 3,
            "maxReplicas": 9,
            "port": 8080,
            "responses": {"root": "say: 'hello' # \"you\"", "api": "8080"},
            "ingress": {"host": HOST, "certificateArn": CERTIFICATE},
        },
    ),
]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Fields that differ. `None` is a field that is not there, `...` any value."""

    object: str
    """Pattern of kind and name."""
    field: str
    """Pattern of the path."""
    program: Any
    chart: Any
    why: str


DIFFERENCES = [
    Difference(
        object="*",
        field="metadata.labels.app.kubernetes.io/managed-by",
        program="pulumi",
        chart="Helm",
        why="Helm refuses to adopt objects that do not carry its own name",
    ),
    Difference(
        object="Deployment/*",
        field="spec.template.metadata.labels.app.kubernetes.io/managed-by",
        program="pulumi",
        chart="Helm",
        why="pods carry the labels of their Deployment",
    ),
    Difference(
        object="*",
        field="metadata.labels.helm.sh/chart",
        program=None,
        chart=...,
        why="a label that Helm recommends: which chart made the object",
    ),
    Difference(
        object="*",
        field="metadata.labels.app.kubernetes.io/version",
        program=None,
        chart=...,
        why="a label that Helm recommends: the chart's appVersion. A Pulumi stack has the image in its configuration",
    ),
    Difference(
        object="ConfigMap/*",
        field="metadata.name",
        program=None,
        chart="demo",
        why="Pulumi renames each ConfigMap and deletes the old one after the rollout; Helm would delete it before",
    ),
    Difference(
        object="Deployment/*",
        field="spec.template.spec.containers.0.envFrom.0.configMapRef.name",
        program=...,
        chart="demo",
        why="as above",
    ),
    Difference(
        object="Deployment/*",
        field="spec.template.metadata.annotations.checksum/configuration",
        program=None,
        chart=...,
        why="the ConfigMap keeps its name, so that something else in the template must change with it",
    ),
]


@pytest.fixture(scope="module")
def chart(project: Path) -> Path:
    return project / "chart"


def render(chart: Path, values: Values, *, release: str = "demo") -> subprocess.CompletedProcess[str]:
    return rendered_chart(chart, values, release=release, namespace="tenant-a")


def objects(chart: Path, values: Values, *, release: str = "demo") -> dict[str, Any]:
    """Kind and name to each object that the chart makes."""
    done = render(chart, values, release=release)
    assert (done.returncode, done.stderr) == (0, "")
    return by_name([body for body in yaml.safe_load_all(done.stdout) if body])


def of_the_program(project: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    return by_name(rendered(run_program(project, stack="dev", config=settings)))


def by_name(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    # The program's ConfigMap has no name: the engine gives it one.
    named = {f"{body['kind']}/{body['metadata'].get('name', 'demo')}": body for body in bodies}
    assert len(named) == len(bodies)
    return named


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of each field; an empty list or object is as good as none."""
    if isinstance(value, Mapping | list):
        inside = cast("Mapping[Any, Any] | list[Any]", value)
        for key, each in inside.items() if isinstance(inside, Mapping) else enumerate(inside):
            yield from fields(each, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def all_differences(project: Path, chart: Path, variant: Variant) -> set[tuple[str, str, Any, Any]]:
    program, chart_objects = of_the_program(project, variant.settings), objects(chart, variant.values)
    found: set[tuple[str, str, Any, Any]] = set()
    for name in program.keys() | chart_objects.keys():
        left, right = dict(fields(program.get(name, {}))), dict(fields(chart_objects.get(name, {})))
        paths = {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)}
        found |= {(name, path, left.get(path), right.get(path)) for path in paths}
    return found


def explains(row: Difference, name: str, path: str, program: Any, chart: Any) -> bool:
    values = ((row.program, program), (row.chart, chart))
    return (
        fnmatch.fnmatchcase(name, row.object)
        and fnmatch.fnmatchcase(path, row.field)
        and all(found is not None if expected is ... else found == expected for expected, found in values)
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
def test_the_chart_makes_what_the_program_makes_but_for_the_listed_differences(
    project: Path, chart: Path, variant: Variant
) -> None:
    found = all_differences(project, chart, variant)
    assert {one for one in found if not any(explains(row, *one) for row in DIFFERENCES)} == set()


def test_every_listed_difference_is_one(project: Path, chart: Path) -> None:
    found = {one for variant in VARIANTS for one in all_differences(project, chart, variant)}
    assert [row.field for row in DIFFERENCES if not any(explains(row, *one) for one in found)] == []


def test_the_comparison_sees_what_differs(project: Path, chart: Path) -> None:
    other = Variant(id="other", settings=_DEFAULTS | {"replicas": 1}, values=NEEDED)
    found = {one for one in all_differences(project, chart, other) if one[0].startswith("Horizontal")}
    assert ("HorizontalPodAutoscaler/demo", "spec.minReplicas", 1, 2) in found


def test_both_have_the_same_defaults(project: Path, chart: Path) -> None:
    defaults = load_module(project, "settings").DemoSettings(image_tag="v1.0.0")
    values = yaml.safe_load((chart / "values.yaml").read_text())
    assert values["responses"] == {"root": defaults.root_response, "api": defaults.api_response}
    assert (values["replicas"], values["maxReplicas"]) == (defaults.replicas, defaults.max_replicas)
    assert values["port"] == defaults.port
    assert values["tenant"]["name"] == defaults.tenant
    assert values["image"] == {"repository": "", "tag": "", "digest": ""}
    service = configparser.ConfigParser(interpolation=None)
    service.read(project / "service/demo_service/config.ini")
    assert dict(service["environment"])["demo_root_response"] == defaults.root_response
    assert dict(service["environment"])["demo_api_response"] == defaults.api_response


def test_without_a_tag_the_image_is_that_of_the_charts_app_version(chart: Path) -> None:
    version = yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"]
    made = objects(chart, NEEDED)["Deployment/demo"]
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == f"{REPOSITORY}:v{version}"


def test_a_change_of_the_configuration_replaces_the_pods_and_another_change_does_not(chart: Path) -> None:
    def template(values: Values) -> Any:
        return objects(chart, NEEDED | values)["Deployment/demo"]["spec"]["template"]

    assert template({"responses": {"root": "new"}}) != template({})
    assert template({"maxReplicas": 8}) == template({})


def test_two_releases_select_their_own_pods(chart: Path) -> None:
    made = objects(chart, NEEDED, release="second")
    assert set(made) == {
        f"{kind}/second"
        for kind in (
            "ConfigMap",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Ingress",
            "PodDisruptionBudget",
            "Service",
        )
    }
    assert made["Service/second"]["spec"]["selector"] == {"app.kubernetes.io/name": "second"}
    assert made["PodDisruptionBudget/second"]["spec"]["selector"] == {
        "matchLabels": {"platform.internal/budget": "second"}
    }


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "image.repository is not set: write the repository of the image, such as 123456789012.dkr.ecr."),
        ({"image": {"repository": REPOSITORY}}, "ingress.host is not set: write one of the tenant's hosts"),
        (NEEDED | {"replicas": 5}, "replicas 5 is more than maxReplicas 4"),
        (NEEDED | {"replicaCount": 5}, "additional properties 'replicaCount' not allowed"),
        (NEEDED | {"replicas": "two"}, "at '/replicas': got string, want integer"),
        (NEEDED | {"image": {"repository": REPOSITORY, "tag": "latest"}}, "at '/image/tag'"),
        (NEEDED | {"image": {"repository": f"{REPOSITORY}:v1"}}, "at '/image/repository'"),
        (NEEDED | {"image": {"repository": REPOSITORY, "digest": "sha256:abc"}}, "at '/image/digest'"),
        (NEEDED | {"ingress": {"host": HOST, "scheme": "public"}}, "at '/ingress/scheme'"),
    ],
    ids=["repository", "host", "replicas", "unknown", "type", "latest", "tag-twice", "digest", "scheme"],
)
def test_wrong_values_are_refused_with_what_is_wrong(chart: Path, values: Values, says: str) -> None:
    done = render(chart, values)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stdout == ""


def test_helms_own_linter_finds_nothing(chart: Path) -> None:
    done = helm("lint", chart, NEEDED, "--strict")
    assert done.returncode == 0, done.stdout
    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout + done.stderr

"""The files of environments, and what two environments must not share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from shared import environment as environments
from shared.environment import environment_names, load_environment
from shared.environment_variables import ALL
from shared.errors import BadInput
from shared.tags import standard_tags


@pytest.fixture(autouse=True)
def washed(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ALL:
        monkeypatch.delenv(variable.name, raising=False)


def test_the_four_environments_exist() -> None:
    assert environment_names() == ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize("name", ["dev", "local", "prod", "staging"])
def test_every_file_loads_and_spans_three_zones_of_its_region(name: str) -> None:
    environment = load_environment(name)
    assert environment.name == name
    assert len(set(environment.availability_zones)) == 3
    assert all(zone.startswith(environment.region) for zone in environment.availability_zones)


def test_values_shared_by_all_environments_are_defined_once() -> None:
    common = yaml.safe_load((environments.DIRECTORY / "common.yaml").read_text(encoding="utf-8"))
    assert common.keys() == {"region", "availability_zones", "owner", "allowed_domains"}
    for name in environment_names():
        own = yaml.safe_load((environments.DIRECTORY / f"{name}.yaml").read_text(encoding="utf-8"))
        assert not [key for key in common.keys() & own.keys() if common[key] == own[key]], name


def test_an_environments_own_file_wins_over_what_is_common(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "common.yaml").write_text("region: us-east-1\navailability_zones: [us-east-1a, us-east-1b]\nowner: a")
    (tmp_path / "dev.yaml").write_text("owner: b")
    monkeypatch.setattr(environments, "DIRECTORY", tmp_path)
    assert environment_names() == ["dev"]
    assert (load_environment("dev").owner, load_environment("dev").region) == ("b", "us-east-1")


def test_no_real_account_id_is_committed() -> None:
    """The one number is AWS's own example, in its documentation and in the emulated AWS."""
    numbers = {
        number
        for pattern in ("shared/environments/*.yaml", "*/Pulumi*.yaml", "applications/*/Pulumi*.yaml")
        for path in environments.DIRECTORY.parents[1].glob(pattern)
        for number in re.findall(r"\b\d{12}\b", path.read_text(encoding="utf-8"))
    }
    assert numbers == {"123456789012"}


def test_only_production_asks_before_it_changes_anything() -> None:
    assert [name for name in environment_names() if load_environment(name).confirm] == ["prod"]


def test_only_the_local_lane_loosens_the_checks_of_the_aws_provider() -> None:
    for name in environment_names():
        flags = load_environment(name).aws.model_dump()
        assert any(flags.values()) is (name == "local")


def test_the_suffix_is_the_environments_name_unless_the_variable_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_environment("dev").suffix == "dev"
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "pr-17")
    assert load_environment("dev").suffix == "pr-17"


def test_a_suffix_that_would_break_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "PR 17/x")
    with pytest.raises(BadInput) as refused:
        _ = load_environment("dev").suffix
    assert refused.value.code == "name-invalid"
    assert refused.value.at == "environment variable ENVIRONMENT_SUFFIX"


def test_the_account_comes_from_the_variable_where_the_file_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput) as refused:
        _ = load_environment("dev").account
    assert refused.value.code == "account-missing"
    assert refused.value.at == "shared/environments/dev.yaml, account_id"
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "210987654321")
    assert load_environment("dev").account == "210987654321"


def test_the_files_account_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "210987654321")
    assert load_environment("local").account == "123456789012"


_WHOLE = "region: us-east-1\navailability_zones: [us-east-1a, us-east-1b]\nowner: t\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("region: us-east-1\nreigon: x\navailability_zones: [a, b]\nowner: t", 'did you mean "region"?'),
        ("region: us-east-1\navailability_zones: [a]\nowner: t", "availability_zones"),
        ("region: us-east-1\navailability_zones: [us-east-1a, eu-west-1b]\nowner: t", "different zones of us-east-1"),
        ("region: us-east-1\navailability_zones: [us-east-1a, us-east-1a]\nowner: t", "two to four different zones"),
        ("region: us-east-1\navailability_zones: [a, b, c, d, e]\nowner: t", "availability_zones"),
        ("- region", "not a mapping of keys"),
        ("region: us-east-1\navailability_zones: [a, b]", "`owner` is missing"),
        ("region: us-east-1\navailability_zones: [a, b]\nowner: t\naccount_id: '12'", "12 digits"),
        ("region: us-east-1\navailability_zones: [a, b]\nowner: t\naws: {skip: true}", "unknown key `aws.skip`"),
        ("region: [", "is not YAML"),
        (_WHOLE + "allowed_domains: [com]", "'com' is not a complete domain"),
        (_WHOLE + "allowed_domains: [eu-west-1.amazonaws.com]", "belongs to AWS"),
        (_WHOLE + "allowed_domains: [default.svc]", "belongs to AWS, to the cluster"),
        (_WHOLE + "trusted_account_ids: ['１２３４５６７８９０１２']", "12 digits"),
        (_WHOLE + "account_id: '１２３４５６７８９０１２'", "12 digits"),
    ],
    ids=[
        "unknown-key",
        "one-zone",
        "zone-elsewhere",
        "zone-twice",
        "five-zones",
        "list",
        "no-owner",
        "short-account",
        "unknown-flag",
        "not-yaml",
        "whole-top-level-domain",
        "domain-of-aws",
        "domain-of-the-cluster",
        "trusted-account-in-other-digits",
        "account-in-other-digits",
    ],
)
def test_a_wrong_file_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, text: str, says: str
) -> None:
    directory = tmp_path_factory.mktemp("environments")
    (directory / "dev.yaml").write_text(text)
    monkeypatch.setattr(environments, "DIRECTORY", directory)
    with pytest.raises(BadInput) as refused:
        load_environment("dev")
    assert refused.value.code == "environment-invalid"
    assert says in refused.value.what


def test_an_unknown_environment_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BadInput) as refused:
        load_environment("stagin")
    assert refused.value.code == "environment-unknown"
    assert 'did you mean "staging"?' in refused.value.what


def test_further_tags_cannot_replace_the_required_ones() -> None:
    environment = load_environment("local").model_copy(update={"tags": {"owner": "thief", "budget": "7"}})
    assert standard_tags(environment, project="tenants") == {
        "budget": "7",
        "environment": "local",
        "environment_suffix": "local",
        "owner": "platform-team",
        "project": "tenants",
        "managed-by": "pulumi",
    }

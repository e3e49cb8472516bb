"""`guide.toml`: its keys, its defaults, and what it must not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.environment import load_environment
from shared.errors import BadInput
from tooling.guide.settings import FILE, GuideSettings, load_guide_settings, require_region
from tooling.paths import REPOSITORY


def written(directory: Path, text: str) -> Path:
    file = directory / FILE
    file.write_text(text, encoding="utf-8")
    return file


def test_the_committed_file_holds_every_key_with_its_default() -> None:
    settings = load_guide_settings(REPOSITORY / FILE)
    assert settings == GuideSettings()
    text = (REPOSITORY / FILE).read_text(encoding="utf-8")
    for field in GuideSettings.model_fields.values():
        assert f"\n{field.alias} = " in text


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_guide_settings(tmp_path / FILE) == GuideSettings()


def test_a_key_overrides_its_default(tmp_path: Path) -> None:
    settings = load_guide_settings(written(tmp_path, 'AWS_EKS_CLUSTER_NAME = "eks_python_demo"\n'))
    assert settings.cluster_name == "eks_python_demo"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('AWS_REGON = "eu-central-1"\n', "AWS_REGION"),
        ("STACK = 1\n", "STACK"),
        ("STACK = \n", "cannot be read"),
    ],
    ids=["unknown key", "wrong type", "not TOML"],
)
def test_a_wrong_file_is_named_with_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        load_guide_settings(written(tmp_path, text))
    assert refused.value.code == "guide-invalid"
    assert says in str(refused.value)
    assert refused.value.at.startswith(FILE)


def test_credentials_in_the_file_are_refused_without_showing_them(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load_guide_settings(written(tmp_path, 'AWS_SECRET_ACCESS_KEY = "wJalr"\n'))
    assert refused.value.code == "guide-credentials"
    assert "wJalr" not in str(refused.value)


def test_a_region_that_is_not_the_environments_is_refused() -> None:
    environment = load_environment("local")
    require_region(GuideSettings(AWS_REGION=environment.region), environment)
    with pytest.raises(BadInput) as refused:
        require_region(GuideSettings(AWS_REGION="eu-central-1"), environment)
    assert refused.value.code == "guide-region"
    assert environment.region in refused.value.what

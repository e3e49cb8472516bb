"""The examples on the pages beside the code work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.catalog import load_tenant

REPOSITORY = Path(__file__).resolve().parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_example_of_a_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    (example,) = blocks("shared/README.md", "python")
    names: dict[str, object] = {}
    exec(example, names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    for test in tests:
        assert callable(test)
        test()


def test_the_examples_of_a_tenants_file_are_valid(tmp_path: Path) -> None:
    examples = blocks("docs/guides/onboard-a-tenant.md", "yaml")
    (tmp_path / "shop.yaml").write_text("owner: shop-team\n")
    for example in examples:
        (tmp_path / "checkout.yaml").write_text(example)
        tenant = load_tenant("checkout", "prod", directory=tmp_path)
        assert tenant.owner == "checkout-team"
    (tmp_path / "checkout.yaml").write_text(examples[0])
    assert load_tenant("checkout", "dev", directory=tmp_path).quota.hard()["pods"] == "30"

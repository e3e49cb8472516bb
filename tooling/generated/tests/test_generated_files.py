"""What a command writes is what the tree holds."""

from __future__ import annotations

from tooling.generated.files import generated_files, stale_files


def test_no_generated_file_is_out_of_date() -> None:
    assert stale_files() == [], "run: make update-generated"


def test_the_picture_names_every_tier() -> None:
    picture = generated_files()["docs/chain.svg"]
    for title in ("1. AWS infrastructure", "2. Cluster add-ons", "3. Tenants", "4. Applications"):
        assert title in picture

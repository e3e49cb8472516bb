"""A file is replaced as a whole, with the permissions that it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.whole_files import write_whole


def test_a_file_is_created_and_replaced_with_its_own_permissions(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    write_whole(file, "a: 1\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a: 1\n", 0o644)
    file.chmod(0o640)
    write_whole(file, "a: 2\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a: 2\n", 0o640)
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_file_is_the_owners_alone_even_if_it_was_not_before(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text("old")
    write_whole(file, "new", private=True)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to(file)
    write_whole(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_failure_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "new \ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]

"""A tree's digest depends on paths, modes and contents, and on nothing of the machine."""

from __future__ import annotations

import pytest

from tooling.images.source_tree import tree_digest

FILES = {"Dockerfile": ("100644", "a" * 40), "app/main.py": ("100644", "b" * 40)}


def digest(files: dict[str, tuple[str, str]], directory: str = "applications/demo/service") -> str:
    listing = "".join(f"{mode} {content} 0\t{directory}/{path}\0" for path, (mode, content) in files.items())
    return tree_digest(listing, directory)


def test_the_same_tree_has_the_same_digest_wherever_it_lies_and_however_it_is_listed() -> None:
    assert digest(FILES) == digest(dict(reversed(FILES.items())), "applications/other/service")
    assert digest(FILES) == "e307306c20370b5b3cc050de775dfff9bae83e96aa63ddd41cca24390a2bc7b7"


@pytest.mark.parametrize(
    "changed",
    [
        {**FILES, "Dockerfile": ("100644", "c" * 40)},
        {**FILES, "Dockerfile": ("100755", "a" * 40)},
        {"Dockerfile": FILES["Dockerfile"]},
        {**FILES, "new": ("100644", "b" * 40)},
        {"Dockerfile": FILES["app/main.py"], "app/main.py": FILES["Dockerfile"]},
        {"Dockerfile": FILES["Dockerfile"], "app/main2.py": FILES["app/main.py"]},
    ],
    ids=["content", "mode", "removed", "added", "swapped", "renamed"],
)
def test_every_difference_is_another_digest(changed: dict[str, tuple[str, str]]) -> None:
    assert digest(changed) != digest(FILES)

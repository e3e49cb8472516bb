"""`update` writes the golden files unless a precious resource would be replaced; `verify` prints the differences."""

from __future__ import annotations

import difflib
import sys

from shared.errors import PlatformError
from tooling.golden.guard import refuse_replacements
from tooling.golden.stacks import GoldenStack, golden_stacks
from tooling.paths import REPOSITORY


def main(command: str) -> int:
    stacks = golden_stacks()
    differing = [stack for stack in stacks if not _same(stack, write=command == "update")]
    for path in left_over(stacks):
        if command == "update":
            (REPOSITORY / path).unlink()
        else:
            print(f"{path} belongs to no stack; hint: make update-golden", file=sys.stderr)
            return 1
    return 1 if differing and command != "update" else 0


def left_over(stacks: list[GoldenStack]) -> list[str]:
    """Golden files of stacks that no longer exist, for example after a tenant was offboarded."""
    known = {stack.file for stack in stacks}
    directories = {stack.directory for stack in stacks}
    found = [
        str(path.relative_to(REPOSITORY))
        for directory in sorted(directories)
        for path in sorted((REPOSITORY / directory / "tests" / "golden").glob("*.yaml"))
    ]
    return [path for path in found if path not in known]


def difference(stack: GoldenStack, text: str) -> str:
    """The differences from the committed file as a unified diff; empty if there are none."""
    path = REPOSITORY / stack.file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), stack.file, "as registered now", lineterm="")
    return "\n".join(lines)


def _same(stack: GoldenStack, *, write: bool) -> bool:
    graph = stack.graph()
    refuse_replacements(stack.golden(), graph, file=stack.file)
    text = stack.text(graph)
    differs = difference(stack, text)
    if differs and write:
        path = REPOSITORY / stack.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if differs:
        print(differs)
        print(f"{stack.file} {'written' if write else 'is out of date; hint: make update-golden'}", file=sys.stderr)
    return not differs


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except PlatformError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)

"""`update` writes every generated file; `verify` lists those that are out of date and fails if there are any."""

from __future__ import annotations

import sys

from tooling.generated.files import generated_files, stale_files, write


def main(command: str) -> int:
    if command == "update":
        write(generated_files())
        return 0
    stale = stale_files()
    for path in stale:
        print(f"{path} is out of date; hint: make update-generated", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

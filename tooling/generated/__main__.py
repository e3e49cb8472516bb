"""`update` writes every generated file; `verify` says which ones are out of date, and fails."""

from __future__ import annotations

import sys

from tooling.generated.files import generated_files, stale_files
from tooling.paths import REPOSITORY


def main(command: str) -> int:
    if command == "update":
        for path, text in generated_files().items():
            target = REPOSITORY / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return 0
    stale = stale_files()
    for path in stale:
        print(f"{path} is out of date; hint: make update-generated", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

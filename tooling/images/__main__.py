"""`make check`: checks the Dockerfile of every service, and prints what is wrong."""

from __future__ import annotations

import sys

from shared.errors import BadInput
from tooling.images.dockerfile import check_dockerfile
from tooling.images.services import service_directories


def main() -> int:
    """Returns 1 if one of them was refused."""
    refused = 0
    for directory in service_directories():
        try:
            check_dockerfile(directory / "Dockerfile")
        except BadInput as error:
            print(error, file=sys.stderr)
            refused = 1
    return refused


if __name__ == "__main__":
    sys.exit(main())

"""Keys of whoever runs the emulator: they act as the account's root user, and no policy is evaluated for them.

The lane has one, made with it. Emulators of tests take `TESTING`. Any other key has to be one that IAM or STS issued.
No moto in this module: programs that call the emulator import it too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANE_PREFIX = "LANE"
"""How the access key of a lane begins: no key of an AWS account does."""


@dataclass(frozen=True)
class OperatorKey:
    access_key_id: str
    secret_access_key: str

    def arguments(self) -> dict[str, str]:
        """boto3's."""
        return {"aws_access_key_id": self.access_key_id, "aws_secret_access_key": self.secret_access_key}


TESTING = OperatorKey("testing", "testing")


def own_key(environment: Mapping[str, str]) -> OperatorKey:
    """The lane's key in the AWS variables that the lane sets, else that of an emulator of tests."""
    key = environment.get("AWS_ACCESS_KEY_ID", "")
    if not key.startswith(LANE_PREFIX):
        return TESTING
    return OperatorKey(key, environment["AWS_SECRET_ACCESS_KEY"])


def read(file: Path) -> dict[str, str]:
    """Secret access keys by access key id."""
    return json.loads(file.read_text(encoding="utf-8"))


def document(*keys: OperatorKey) -> str:
    """The content of the file that `read` reads. It holds secrets."""
    return json.dumps({key.access_key_id: key.secret_access_key for key in keys})


class Operators:
    """The keys of this process' emulator; set once at start."""

    secrets: Mapping[str, str] = {}


OPERATORS = Operators()

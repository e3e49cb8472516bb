"""The key of a lane's stack states: a KMS key of the emulated AWS, as stacks on AWS have one.

A passphrase would do, but the engine derives its key in every run, by a million rounds of PBKDF2, which is more than
half of the CPU time that it takes to start. All stacks of a lane share one data key.
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import PlatformError
from tooling.paths import REPOSITORY
from tooling.whole_files import write_whole

ALIAS = "alias/tiers-states"
SECRETS_PROVIDER = f"awskms://{ALIAS}"
_DATA_KEY_BYTES = 32


def make_state_key(endpoint: str, variables: Mapping[str, str], file: Path) -> None:
    """Creates the KMS key and writes what stack files need into `file`, in a process that loads boto3.

    Args:
        variables: environment of that process, with the lane's credentials and region.

    Raises:
        PlatformError: `emulator-not-up`.
    """
    made = subprocess.run(
        [sys.executable, "-m", __name__, endpoint, str(file)],
        env={**variables, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        reason = made.stderr.strip().rpartition("\n")[2]
        raise PlatformError(
            "emulator-not-up",
            f"the emulated AWS did not create the key of the stacks' states: {reason}",
            at=endpoint,
            hint="tiers local up",
        )


def state_key(file: Path) -> dict[str, str]:
    """`secretsprovider` and `encryptedkey` for the stack files of a lane; empty before its first start."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _make(kms: Any, file: Path) -> None:
    """Finds the key that a killed run has made.

    Source: github.com/pulumi/pulumi/pkg/v3 secrets/cloud/manager.go, GenerateNewDataKey.
    """
    if not any(alias["AliasName"] == ALIAS for alias in kms.list_aliases()["Aliases"]):
        key = kms.create_key(Description="secrets in the states of the lane's stacks")["KeyMetadata"]
        kms.create_alias(AliasName=ALIAS, TargetKeyId=key["KeyId"])
    sealed = kms.encrypt(KeyId=ALIAS, Plaintext=secrets.token_bytes(_DATA_KEY_BYTES))["CiphertextBlob"]
    content = {"secretsprovider": SECRETS_PROVIDER, "encryptedkey": base64.b64encode(sealed).decode()}
    write_whole(file, json.dumps(content), private=True)


if __name__ == "__main__":
    import boto3

    _make(boto3.session.Session().client("kms", endpoint_url=sys.argv[1]), Path(sys.argv[2]))

"""One encryption salt for all stacks of a lane.

The engine derives the key of every stack that it reads, its own and each one that it references, by a million rounds
of PBKDF2: a third of a second each. It caches the key by salt, so stacks that share passphrase and salt need one
derivation; a tenant's stack would need three. All stacks of a lane share their passphrase in any case.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ROUNDS = 1_000_000
_KEY_BYTES = 32
_SALT_BYTES = 8
_NONCE_BYTES = 12
_PLAINTEXT = b"pulumi"
"""The engine decrypts it to check a passphrase."""


def lane_salt(directory: Path, passphrase_file: Path) -> str:
    """`encryptionsalt` for the stack files of the lane in `directory`, created on first use.

    Returns:
        `v1:<salt>:v1:<nonce>:<ciphertext>`, the last three in base64.

    Source: github.com/pulumi/pulumi/pkg/v3 secrets/passphrase/manager.go, NewPassphraseSecretsManager.
    """
    file = directory / "encryptionsalt"
    if not file.exists():
        unfinished = directory / f".encryptionsalt.{secrets.token_hex(8)}"
        unfinished.write_text(new_salt(passphrase_file.read_text(encoding="utf-8").strip()), encoding="utf-8")
        # The first writer wins: a stack created with another salt would always need one derivation more.
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, file)
        unfinished.unlink()
    return file.read_text(encoding="utf-8")


def new_salt(passphrase: str) -> str:
    """The value that the engine would write into the stack file of a new stack."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, _KEY_BYTES)
    sealed = AESGCM(key).encrypt(nonce, _PLAINTEXT, None)
    return f"v1:{_base64(salt)}:v1:{_base64(nonce)}:{_base64(sealed)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

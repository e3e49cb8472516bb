"""The marks of the engine's protocol are the SDK's, and secrets are unwrapped at every depth."""

from __future__ import annotations

from pulumi.runtime import rpc

from shared.engine_marks import RESOURCE, SECRET, SIGNATURE, UNKNOWN, UNKNOWNS, is_secret, secret, without_secrets


def test_marks_are_the_sdk_s() -> None:
    assert (rpc.UNKNOWN, rpc._special_sig_key, rpc._special_secret_sig) == (UNKNOWN, SIGNATURE, SECRET)
    assert rpc._special_resource_sig == RESOURCE
    assert UNKNOWN in UNKNOWNS


def test_value_without_secrets_keeps_everything_else() -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "/a"}
    assert is_secret(secret("x"))
    assert not is_secret(asset)
    marked = {"a": secret({"b": [secret(1), None]}), "file": asset}
    assert without_secrets(marked) == {"a": {"b": [1, None]}, "file": asset}

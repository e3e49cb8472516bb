"""The marks of the engine's protocol are the SDK's, and secrets are unwrapped at every depth."""

from __future__ import annotations

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from shared.engine_marks import RESOURCE, SECRET, SIGNATURE, UNKNOWN, UNKNOWNS, is_secret, secret, without_secrets


def test_marks_are_the_sdk_s() -> None:
    assert rpc.UNKNOWN == UNKNOWN
    assert UNKNOWN in UNKNOWNS
    assert rpc.is_rpc_secret({SIGNATURE: SECRET})
    # The SDK refuses a mark that it does not know, and a resource that no package constructs is its URN.
    urn = "urn:pulumi:dev::sample::sample:index:Sample::one"
    reference = struct_pb2.Struct()
    reference.update({SIGNATURE: RESOURCE, "urn": urn})
    assert rpc.deserialize_properties(reference) == urn


def test_value_without_secrets_keeps_everything_else() -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "/a"}
    assert is_secret(secret("x"))
    assert not is_secret(asset)
    marked = {"a": secret({"b": [secret(1), None]}), "file": asset}
    assert without_secrets(marked) == {"a": {"b": [1, None]}, "file": asset}

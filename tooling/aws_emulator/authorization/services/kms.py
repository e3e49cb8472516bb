"""Questions about requests to KMS, whose keys decide by their own policies.

Source: KMS developer guide, "Key policies in AWS KMS".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.kms.models import kms_backends
from moto.kms.utils import _deserialize_ciphertext_blob

from tooling.aws_emulator.authorization.policies import Document
from tooling.aws_emulator.authorization.questions import TAG_KEYS, NotModelled, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call
from tooling.aws_emulator.authorization.services.backends import existing
from tooling.iam.evaluation import ContextValue
from tooling.lane.state_key import ALIAS as STATES_ALIAS

_WITHOUT_KEY = frozenset(
    {
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "CreateKey",
        "GenerateRandom",
        "ListAliases",
        "ListKeys",
        "ListRetirableGrants",
    }
)
_KEYS = TAG_KEYS | {
    "kms:calleraccount",
    "kms:encryptioncontext:",
    "kms:encryptioncontextkeys",
    "kms:encryptionalgorithm",
    "kms:keyspec",
    "kms:keyusage",
    "kms:keyorigin",
    "kms:multiregion",
    "kms:requestalias",
    "kms:resourcealiases",
    "kms:viaservice",
    "kms:bypasspolicylockoutsafetycheck",
    "kms:schedulekeydeletionpendingwindowindays",
}


def questions(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"kms:{call.operation}"
    if call.operation in _WITHOUT_KEY:
        yield Question(action=action, context={**tag_context(call), "kms:CallerAccount": place.account}, keys=_KEYS)
        return
    if call.operation == "ReEncrypt":
        source = _sealed_with(given.get("CiphertextBlob"))
        yield _of_key(call, place, "kms:ReEncryptFrom", source, given.get("SourceEncryptionContext"))
        yield _of_key(
            call, place, "kms:ReEncryptTo", given["DestinationKeyId"], given.get("DestinationEncryptionContext")
        )
        return
    if call.operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        alias = str(given["AliasName"])
        yield Question(
            action=action,
            resource=place.arn("kms", alias),
            context={"kms:CallerAccount": place.account},
            keys=_KEYS,
        )
        key = given.get("TargetKeyId") or alias
        if _key(place, str(key)) is not None:
            yield _of_key(call, place, action, key, None)
        if call.operation == "UpdateAlias" and _key(place, alias) is not None:
            yield _of_key(call, place, action, alias, None)
        return
    # The ciphertext's own key decrypts it, whichever the request names.
    key = _sealed_with(given.get("CiphertextBlob")) if call.operation == "Decrypt" else given.get("KeyId")
    if not key:
        raise NotModelled(call.operation)
    if call.operation == "Decrypt" and _is_of_the_lane(place, key):
        return
    yield _of_key(call, place, action, key, given.get("EncryptionContext"))


def _is_of_the_lane(place: Place, key: Any) -> bool:
    """Whether it is the one key of all states of the lane, which are files of the caller's own.

    In an account each stack's secrets have an encryption context, and roles are allowed their own stacks' alone.
    """
    found = _key(place, str(key))
    return found is not None and STATES_ALIAS in found.aliases


def _sealed_with(blob: Any) -> str:
    try:
        return _deserialize_ciphertext_blob(ciphertext_blob=bytes(blob)).key_id
    except Exception:
        raise NotModelled("a ciphertext that this KMS did not make") from None


def _key(place: Place, name: str) -> Any:
    """The key of an id, ARN, alias or alias' ARN, or None."""
    account = name.split(":")[4] if name.startswith("arn:") else place.account
    backend = existing(kms_backends, account, place.region)
    if backend is None:
        return None
    short = backend.get_alias_name(backend.get_key_id(name))
    for key in backend.keys.values():
        if short == key.id or short in key.aliases:
            return key
    return None


def _of_key(
    call: Call,
    place: Place,
    action: str,
    name: Any,
    encryption_context: Mapping[str, Any] | None,
) -> Question:
    """A question about a key, which its own policy decides."""
    written = str(name)
    key = _key(place, written)
    encryption = {str(one): str(value) for one, value in (encryption_context or {}).items()}
    context: dict[str, ContextValue] = {
        "kms:CallerAccount": place.account,
        "kms:EncryptionContextKeys": tuple(encryption),
        **{f"kms:EncryptionContext:{one}": value for one, value in encryption.items()},
    }
    alias = written.rpartition(":")[2] if ":alias/" in written else written
    if alias.startswith("alias/"):
        context["kms:RequestAlias"] = alias
    if key is None:
        arn = written if written.startswith("arn:") else place.arn("kms", f"key/{written}")
        return Question(action=action, resource=arn, context=context, keys=_KEYS, decides=True)
    context |= {
        **tag_context(call, _key_tags(key)),
        "kms:KeySpec": key.key_spec,
        "kms:KeyUsage": key.key_usage,
        "kms:KeyOrigin": key.origin,
        "kms:ResourceAliases": tuple(sorted(key.aliases)),
    }
    policy = Document(name=f"key policy of {key.id}", text=key.policy)
    return Question(action=action, resource=key.arn, context=context, keys=_KEYS, policies=(policy,), decides=True)


def _key_tags(key: Any) -> dict[str, str]:
    backend = existing(kms_backends, key.account_id, key.region)
    return backend.tagger.get_tag_dict_for_resource(key.id) if backend is not None else {}

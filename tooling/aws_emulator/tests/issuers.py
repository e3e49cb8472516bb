"""Token issuers for tests: what a cluster or GitHub signs, and what somebody forges."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tooling.aws_emulator.federation.issuers import file_of
from tooling.aws_emulator.testing import Emulator


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": uuid.uuid4().hex, "use": "sig", "alg": "RS256"})


@dataclass
class Issuer:
    url: str
    key: RSAKey = field(default_factory=new_key)

    def publish(self, emulator: Emulator) -> None:
        """As an issuer does on its well-known address."""
        file = file_of(emulator.directory, self.url)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(KeySet([self.key]).as_dict(private=False)))

    def token(
        self,
        subject: str,
        audience: str | list[str] = "sts.amazonaws.com",
        *,
        issued_seconds_ago: int = 0,
        valid_seconds: int = 600,
        key: RSAKey | None = None,
        **claims: Any,
    ) -> str:
        """`key` signs in the place of the issuer's, under its id."""
        issued = int(time.time()) - issued_seconds_ago
        content = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued + valid_seconds,
            **claims,
        }
        header = {"alg": "RS256", "kid": self.key.kid}
        return jwt.encode(header, content, key or self.key)

"""What to do about errors that others word: AWS' about the clock, the credentials, the traffic and itself; a full disk.

Told by the lane's own aws plug-in, and added to what the released one says; see docs/guide/when-it-fails.md.
Source: docs.aws.amazon.com, "Common Errors" of the services' API references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_AGAIN = "run the same command again; what was made is kept"


@dataclass(frozen=True, kw_only=True)
class _Row:
    codes: str
    """A regular expression that a whole error code matches."""
    mend: str
    messages: str = ""
    """A regular expression found in the message, where the code alone says too little."""


_ROWS = (
    _Row(
        codes="RequestTimeTooSkewed|RequestInTheFuture|RequestExpired",
        mend=f"this machine's clock is wrong: set it (timedatectl set-ntp true), and {_AGAIN}",
    ),
    _Row(
        codes="InvalidSignatureException|SignatureDoesNotMatch|AuthFailure",
        messages=r"Signature (expired|not yet current)|time",
        mend=f"this machine's clock is wrong: set it (timedatectl set-ntp true), and {_AGAIN}",
    ),
    _Row(
        codes="ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClientException",
        mend=f"sign in again (aws sso login, or new keys), and {_AGAIN}",
    ),
    _Row(
        codes="Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException"
        "|TooManyRequestsException|RequestLimitExceeded|BandwidthLimitExceeded|SlowDown|EC2ThrottledException",
        mend=f"AWS throttles this account: wait a minute, and {_AGAIN}",
    ),
    _Row(
        codes="InternalError|InternalFailure|InternalServerError|ServerException|ServiceException|ServiceFailure"
        "|ServiceFailureException|KMSInternalException|ServiceUnavailable|ServiceUnavailableException|Unavailable",
        mend=f"the fault is AWS': see health.aws.amazon.com, and {_AGAIN}",
    ),
)

_RELEASED = re.compile(r"(?:api error |error: )(?P<code>[A-Z]\w+)(?:: (?P<message>.*))?")
"""How the released plug-in's SDK words an answer: `operation error EC2: CreateVpc, …, api error ExpiredToken: …`."""


def aws_mend(code: str, message: str, *, status: int = 0) -> str:
    """What to do about an error that AWS answers, or an empty string. `status` is HTTP's, 0 if it is not known."""
    for row in _ROWS:
        if re.fullmatch(row.codes, code) and re.search(row.messages, message):
            return row.mend
    return _ROWS[-1].mend if status in (500, 502, 503, 504) else ""


def with_mend(said: str) -> str:
    """What a plug-in said, with a hint at the end if it names such an error and has no hint."""
    if "hint: " in said:
        return said
    if "no space left on device" in said:
        return f"{said}\nhint: free some space (df -h .local ~/.cache), and {_AGAIN}"
    for found in _RELEASED.finditer(said):
        mend = aws_mend(found["code"], found["message"] or "")
        if mend:
            return f"{said}\nhint: {mend}"
    return said

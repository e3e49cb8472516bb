"""Kinds of refusals: AWS error codes, grouped by what a person can do about them.

AWS services have many codes for one kind of refusal, and waiters of the released plug-in put the code inside a
sentence. A code is therefore searched for as a word anywhere in the message.

Source: docs.aws.amazon.com, "Common Errors" and the operations' errors in the API references of EC2, ECR, EKS, IAM,
KMS, S3, CloudWatch Logs, STS and Auto Scaling; EC2 API reference, "Error codes for the Amazon EC2 API".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CREATES = ("create", "create-replacement", "replace", "import")


@dataclass(frozen=True, kw_only=True)
class Family:
    code: str
    """The platform's code, in brackets in front of the error."""
    what: str
    """The message, with `{thing}` for the resource's noun and name."""
    codes: str
    """A regular expression that matches a whole AWS error code."""
    messages: str = ""
    """A regular expression that must match the message as well, where the code alone is ambiguous."""
    operations: tuple[str, ...] = ()
    """The engine's operations that it applies to; empty for all."""
    hint: str = ""
    """The hint, if it does not depend on the resource."""


AGAIN = "run the same command again; what was created is kept"
_CLOCK = f"this machine's clock is wrong: set it (timedatectl set-ntp true), and {AGAIN}"

FAMILIES = (
    Family(
        code="aws-clock",
        what="AWS rejected the timestamp of a request for {thing}",
        codes="RequestTimeTooSkewed|RequestInTheFuture|RequestExpired",
        hint=_CLOCK,
    ),
    Family(
        code="aws-clock",
        what="AWS rejected the timestamp of a request for {thing}",
        codes="InvalidSignatureException|SignatureDoesNotMatch|AuthFailure",
        messages=r"Signature (expired|not yet current)|\btime\b",
        hint=_CLOCK,
    ),
    Family(
        code="aws-credentials",
        what="AWS no longer accepts the credentials, in a request for {thing}",
        codes="ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidClientTokenId"
        "|UnrecognizedClientException|AuthFailure|InvalidAccessKeyId|MissingAuthenticationToken",
        hint=f"sign in again (aws sso login, or new keys), and {AGAIN}",
    ),
    Family(
        code="aws-throttled",
        what="AWS throttled requests for {thing}",
        codes="Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException"
        "|TooManyRequestsException|RequestLimitExceeded|BandwidthLimitExceeded|SlowDown|EC2ThrottledException",
        hint=f"AWS throttles this account: wait a minute, and {AGAIN}",
    ),
    Family(
        code="aws-unavailable",
        what="AWS failed internally in a request for {thing}",
        codes="InternalError|InternalFailure|InternalServerError|ServerException|ServiceException|ServiceFailure"
        "|ServiceFailureException|KMSInternalException|ServiceUnavailable|ServiceUnavailableException|Unavailable",
        hint=f"the error is on the side of AWS: see health.aws.amazon.com, and {AGAIN}",
    ),
    Family(
        code="aws-key-unusable",
        what="{thing} needs a KMS key that is disabled, is being deleted, or may not be used",
        codes="DisabledException|KMSInvalidStateException|KMSDisabledException|KMSNotFoundException"
        r"|KMSAccessDeniedException|KMS\.\w+Exception|InvalidKMSKey\.\w+|InvalidKmsKeyId",
    ),
    Family(
        code="aws-key-unusable",
        what="{thing} needs a KMS key that is disabled, is being deleted, or may not be used",
        codes=r"InvalidParameterException|InvalidRequestException|InvalidParameterValue|AccessDeniedException"
        r"|OperationAbortedException|Client\.InternalError",
        messages=r"(?i)\bKMS\b.*(disabled|pending (deletion|import)|does not exist|could not|not allowed|unable)",
    ),
    Family(
        code="aws-name-taken",
        what="the name of {thing} belongs to another account",
        codes="BucketAlreadyExists",
        operations=CREATES,
    ),
    Family(
        code="aws-already-exists",
        what="{thing} already exists and is not in the stack's state",
        codes=r"\w*AlreadyExists(?:Exception|Fault)?|[\w.]+\.AlreadyExistsException|BucketAlreadyOwnedByYou"
        r"|Invalid\w+\.Duplicate|Resource\.AlreadyAssociated|InvalidSubnet\.Conflict|ResourceConflictException"
        r"|DuplicateRequest|ResourceInUseException|ResourceInUse|CidrConflict|VpcCidrConflict",
        operations=CREATES,
    ),
    Family(
        code="aws-in-use",
        what="{thing} is in use",
        codes=r"DependencyViolation|DeleteConflict(?:Exception)?|ResourceInUseException|ResourceInUse"
        r"|ResourceConflictException|BucketNotEmpty|RepositoryNotEmptyException|Invalid\w+\.InUse|InvalidAddress\.Locked|IncorrectState"
        r"|IncorrectInstanceState|VolumeInUse|ScalingActivityInProgress|ResourceContention|OperationAborted"
        r"|ConcurrentModification(?:Exception)?|InvalidNetworkInterface\.InUse",
    ),
    Family(
        code="aws-quota",
        what="{thing} exceeds a quota of the account",
        codes=r"LimitExceeded(?:Exception)?|ResourceLimitExceeded(?:Exception)?|ServiceQuotaExceededException"
        r"|TooManyBuckets|[A-Z]\w+LimitExceeded|MaxSpotInstanceCountExceeded|QuotaExceeded(?:Exception)?"
        r"|NetworkAclLimitExceeded|TooManyEntriesException",
    ),
    Family(
        code="aws-capacity",
        what="AWS has no capacity for {thing} there at the moment",
        codes=r"Insufficient\w+|UnfulfillableCapacity|UnsupportedAvailabilityZoneException"
        r"|Unsupported(?:Operation)?|SpotMaxPriceTooLow",
    ),
    Family(
        code="aws-region-disabled",
        what="the region of {thing} is not enabled for the account",
        codes="OptInRequired|RegionDisabledException",
    ),
    Family(
        code="aws-document-refused",
        what="AWS rejected a policy of {thing}",
        codes=r"MalformedPolicyDocument(?:Exception)?|MalformedPolicy|InvalidPolicyDocument|PackedPolicyTooLarge"
        r"|PolicyNotAttachable",
    ),
    Family(
        code="aws-not-allowed",
        what="the credentials do not permit this operation on {thing}",
        codes=r"AccessDenied|AccessDeniedException|UnauthorizedOperation|Client\.UnauthorizedOperation"
        r"|UnauthorizedException|NotAuthorized|ForbiddenException|AllAccessDisabled|AuthorizationError"
        r"|UnmodifiableEntity(?:Exception)?",
    ),
    Family(
        code="aws-not-found",
        what="{thing} needs a resource that no longer exists",
        codes=r"Invalid\w+ID\.NotFound|Invalid\w+\.NotFound|InvalidGroup\.NotFound|NoSuch\w+|ResourceNotFoundException"
        r"|ResourceNotFound|NotFoundException|Gateway\.NotAttached|InvalidIPAddress\.NotFound",
    ),
)
"""Searched in this order; the first family that a code in the message belongs to is used."""

UNAVAILABLE = next(family for family in FAMILIES if family.code == "aws-unavailable")

_WORD = re.compile(r"(?<![\w.])(?:[A-Z]\w*[A-Z.]\w*(?:\.[A-Z]\w*)*(?!\w)|[A-Z][a-z]+(?=:))")
"""A code has several capitals, or is followed by a colon: `Unsupported` also begins ordinary sentences."""


def family_of(said: str, operation: str = "") -> Family | None:
    """The family of the first known code in `said`. `operation` is the engine's; empty if unknown."""
    for word in _WORD.findall(said):
        for family in FAMILIES:
            about = not family.operations or not operation or operation in family.operations
            if about and re.fullmatch(family.codes, word) and re.search(family.messages, said):
                return family
    return None

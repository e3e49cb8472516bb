"""The provider's own arguments: which ones are modelled, and how they are interpreted.

Nested arguments reach a plug-in as JSON text; numbers and booleans are text as well. Unknown keys are rejected at every
depth: `aws.Provider(assume_roles=[{"role_arn": …}])` reaches the *released* plug-in as an unknown key and is silently
dropped there, so that everything is created in the wrong account. The lane's endpoints are checked here as well.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from shared.errors import nearest
from tooling.plugins.aws.engine.errors import NotLoopback, ProviderMisconfigured
from tooling.plugins.provider.wire import UNKNOWN

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"

IGNORED = frozenset(
    {
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    }
)
"""Accepted without effect: the lane always uses path style and its own credentials."""

_ASSUME_ROLE = frozenset({"roleArn", "sessionName", "externalId", "duration"})
_ENGINE_OWN = frozenset({"version", "pluginDownloadURL"})
MODELLED = frozenset({"region", "allowedAccountIds", "assumeRoles", "defaultTags", "endpoints"}) | IGNORED

_SERVICE_OF_ENDPOINT = {"cloudwatchlogs": "logs", "cloudwatchlog": "logs", "s3api": "s3"}
"""The provider's aliases of services, mapped to boto3's names."""


@dataclass(frozen=True, kw_only=True)
class AssumedRole:
    role_arn: str
    session_name: str = "pulumi"
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One provider instance, as its program configured it.

    `endpoint_url` serves every service that `service_endpoints` (boto3 service to URL) does not name.
    """

    region: str
    endpoint_url: str
    allowed_account_ids: tuple[str, ...] = ()
    assumed_roles: tuple[AssumedRole, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    service_endpoints: Mapping[str, str] = field(default_factory=dict)

    def endpoint_of(self, service: str) -> str:
        return self.service_endpoints.get(service, self.endpoint_url)


def loopback_endpoint(url: str | None, *, named_by: str) -> str:
    """Returns `url` if it is on this machine.

    Raises:
        NotLoopback: it is missing or on another machine. A host name other than `localhost` is rejected, since it may
            resolve to anything.
    """
    host = urlsplit(url).hostname if url else None
    if url and host and (host == "localhost" or _is_loopback_address(host)):
        return url
    raise NotLoopback(url, named_by=named_by)


def failures(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Failures of the provider's arguments, as (argument, reason); unknown values are accepted."""
    found: list[tuple[str, str]] = []
    known = {key: value for key, value in _plain(arguments).items() if not key.startswith("__")}
    for key in known.keys() - MODELLED - _ENGINE_OWN:
        found.append((key, f"the local lane does not model `{key}` of the aws provider{nearest(key, MODELLED)}"))
    for index, role in enumerate(_blocks(known.get("assumeRoles"))):
        found += _unknown_keys(f"assumeRoles[{index}]", role, _ASSUME_ROLE)
        if "roleArn" not in role:
            found.append((f"assumeRoles[{index}]", "a role to assume needs its `roleArn`"))
    for tags in _blocks(known.get("defaultTags")):
        found += _unknown_keys("defaultTags", tags, frozenset({"tags"}))
    for index, endpoints in enumerate(_blocks(known.get("endpoints"))):
        for service, url in endpoints.items():
            try:
                if url != UNKNOWN:
                    loopback_endpoint(url, named_by=f"endpoints[{index}].{service}")
            except NotLoopback as error:
                found.append((f"endpoints[{index}].{service}", error.what))
    return sorted(found)


def read(arguments: Mapping[str, Any], *, endpoint_url: str) -> Configuration:
    """Parses arguments in which `failures` found nothing.

    Raises:
        ProviderMisconfigured: there is no region.
        NotLoopback: an endpoint is not on this machine.
    """
    wrong = failures(arguments)
    if wrong:
        raise ProviderMisconfigured("; ".join(reason for _, reason in wrong), hint="")
    known = _plain(arguments)
    region = known.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ProviderMisconfigured("the aws provider has no region", hint="pulumi config set aws:region us-east-1")
    return Configuration(
        region=region,
        endpoint_url=endpoint_url,
        allowed_account_ids=tuple(str(account) for account in known.get("allowedAccountIds") or ()),
        assumed_roles=tuple(
            AssumedRole(
                role_arn=role["roleArn"],
                session_name=role.get("sessionName") or "pulumi",
                external_id=role.get("externalId"),
            )
            for role in _blocks(known.get("assumeRoles"))
        ),
        default_tags={
            key: str(value)
            for tags in _blocks(known.get("defaultTags"))
            for key, value in (tags.get("tags") or {}).items()
        },
        service_endpoints={
            _SERVICE_OF_ENDPOINT.get(service, service): url
            for endpoints in _blocks(known.get("endpoints"))
            for service, url in endpoints.items()
        },
    )


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _from_json_text(value) for key, value in arguments.items() if value is not None}


def _from_json_text(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _blocks(value: Any) -> list[dict[str, Any]]:
    """A nested argument is one block or a list of blocks; an unknown value, or one that is no block, yields none."""
    values = value if isinstance(value, list) else [value]
    return [block for block in values if isinstance(block, dict)]


def _unknown_keys(path: str, block: Mapping[str, Any], modelled: frozenset[str]) -> list[tuple[str, str]]:
    return [
        (
            f"{path}.{key}",
            f"the local lane does not model `{path}.{key}` of the aws provider{_spelling(key, modelled)}",
        )
        for key in block.keys() - modelled
    ]


def _spelling(key: str, modelled: frozenset[str]) -> str:
    first, *rest = key.split("_")
    wire = first + "".join(part.capitalize() for part in rest)
    if wire != key and wire in modelled:
        return f", which is spelt `{wire}` here: the SDK translates the Args classes, not plain dictionaries"
    return nearest(key, modelled)


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""boto3 clients for one configured provider, aimed at the emulated AWS only.

The user's own AWS configuration is ignored: profiles, shared files, credentials and proxies; only the lane's key is
taken from the environment. boto3 clients are created at first use and shared by connections with the same credentials,
since creating one takes longer than most calls (20 to 100 ms) and its service model takes memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import cache, cached_property, lru_cache
from typing import Any

from tooling.aws_emulator.authorization.operators import own_key
from tooling.plugins.aws.engine.configuration import Configuration, loopback_endpoint
from tooling.plugins.aws.engine.errors import ProviderMisconfigured
from tooling.plugins.aws.engine.lost_responses import LostResponses, watch

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}

MOST_CLIENTS = 128
"""Limit of cached clients over all connections: engines that attach to a server open a new connection at every run."""

MOST_ATTEMPTS = 8
"""Attempts per request: if one attempt in five fails, one request in 400,000 fails. The released plug-in makes 25.
botocore's pauses between 8 attempts add up to 3 s on failures of AWS, and to at most 71 s on throttling."""

_making_a_client = threading.Lock()
"""botocore's sessions are not safe to use from several threads; its clients are."""


class Connection:
    """One provider instance: its identity, its region and its clients. Thread-safe."""

    def __init__(self, configuration: Configuration) -> None:
        """Assumes the configured roles, one after the other.

        Raises:
            ProviderMisconfigured: the account is not among those allowed.
            ClientError: AWS refused to issue a role's credentials.
        """
        self.configuration = configuration
        self.cancelled = threading.Event()
        self._credentials = own_key(os.environ).arguments()
        for role in configuration.assumed_roles:
            external = {"ExternalId": role.external_id} if role.external_id else {}
            keys = self.client("sts", configuration.region).assume_role(
                RoleArn=role.role_arn, RoleSessionName=role.session_name, **external
            )["Credentials"]
            self._credentials = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            }
        self.account_id: str = self.client("sts", configuration.region).get_caller_identity()["Account"]
        if configuration.allowed_account_ids and self.account_id not in configuration.allowed_account_ids:
            allowed = ", ".join(configuration.allowed_account_ids)
            raise ProviderMisconfigured(
                f"AWS account {self.account_id} is not among `allowedAccountIds`: {allowed}",
                hint="point the provider at a role of an allowed account, or allow this one",
            )

    def client(self, service: str, region: str) -> Any:
        url = loopback_endpoint(self.configuration.endpoint_of(service), named_by=f"endpoint of {service}")
        with _making_a_client:
            return _client(service, region, url, tuple(self._credentials.items()))


class Scope:
    """A connection in one region, for the operations of one request."""

    def __init__(self, connection: Connection, region: str | None) -> None:
        self.connection = connection
        self.region = region or connection.configuration.region

    @property
    def account_id(self) -> str:
        return self.connection.account_id

    @cached_property
    def partition(self) -> str:
        return partition_of(self.region)

    @property
    def dns_suffix(self) -> str:
        return dns_suffix_of(self.partition)

    def client(self, service: str) -> Any:
        return self.connection.client(service, self.region)

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        place = self.region if region else ""
        owner = self.account_id if account else ""
        return f"arn:{self.partition}:{service}:{place}:{owner}:{resource}"

    def all_tags(self, tags: Mapping[str, str] | None) -> dict[str, str]:
        """The provider's default tags overridden by the resource's own tags."""
        return {**self.connection.configuration.default_tags, **(tags or {})}


def partition_of(region: str) -> str:
    for beginning, partition in _PARTITIONS.items():
        if region.startswith(beginning):
            return partition
    return "aws"


def dns_suffix_of(partition: str) -> str:
    return _DNS_SUFFIXES.get(partition, "amazonaws.com")


@lru_cache(maxsize=MOST_CLIENTS)
def _client(service: str, region: str, url: str, credentials: tuple[tuple[str, str], ...]) -> Any:
    from botocore.config import Config

    client = _session().create_client(
        service,
        region_name=region,
        endpoint_url=url,
        config=Config(
            connect_timeout=5,
            max_pool_connections=32,
            proxies={},
            retries={"mode": "standard", "total_max_attempts": MOST_ATTEMPTS},
            s3={"addressing_style": "path"},
            use_dualstack_endpoint=False,
            use_fips_endpoint=False,
        ),
        **dict(credentials),
    )
    # Registered first, since the first result counts: botocore's own handler returns the pause before the next attempt.
    client.meta.events.register_first(f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", watch)
    return client


@cache
def _session() -> Any:
    from botocore.session import Session

    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    session = Session(session_vars={"profile": nothing, "config_file": no_file, "credentials_file": no_file})
    # botocore's documented way to extend its clients, which it generates from service models; boto3 uses it as well.
    session.register("creating-client-class", lambda base_classes, **_: base_classes.insert(0, LostResponses))
    return session

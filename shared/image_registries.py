"""Registries that a tenant may pull images from, as written in its file: `host/path`, without scheme and tag.

A host alone is everybody who may push there; so a path is asked for, save where one publisher owns the whole host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.host_names import is_host_name

OF_ONE_PUBLISHER = ("mcr.microsoft.com", "registry.k8s.io")
"""Registries with a single publisher, which need no path."""

# Source: OCI Distribution Specification, "Pulling manifests", <name>.
_COMPONENT = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_LARGEST_PORT = 65535
# Source: Amazon ECR user guide, "Private registry authentication" and "Making requests over IPv6".
_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.(dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|dkr-ecr(-fips)?\.[a-z0-9-]+\.on\.(aws|amazonwebservices\.com\.cn))",
    re.ASCII,
)


@dataclass(frozen=True)
class Registry:
    host: str
    """Includes the port, if there is one."""
    path: tuple[str, ...]

    @property
    def ecr_account(self) -> str:
        """The AWS account whose private registry it is; empty for any other registry."""
        found = _ECR.fullmatch(self.host)
        return found["account"] if found else ""


def parse_registry(value: str) -> Registry:
    """Parses an entry.

    Raises:
        ValueError: what is wrong with it.
    """
    host, *path = value.split("/")
    name, colon, port = host.partition(":")
    if (
        len(value) > 253
        or not is_host_name(name)
        or (colon and not (_PORT.fullmatch(port) and int(port) <= _LARGEST_PORT))
        or not all(_COMPONENT.fullmatch(component) for component in path)
    ):
        raise ValueError(f"{value!r} is not a registry such as ghcr.io/team-a, without scheme, tag and trailing slash")
    if not path and name not in OF_ONE_PUBLISHER:
        raise ValueError(f"{value!r} has no path, so it would allow every publisher there; use {value}/<owner>")
    return Registry(host, tuple(path))


def tenant_repository(tenant: str, name: str, suffix: str) -> str:
    """Name of a tenant's repository in the account's own registry: `tenant-a/demo-dev`.

    Three DNS labels, hence within ECR's limit of 256 characters. Source: ECR API reference, CreateRepository.
    """
    return f"{tenant}/{name}-{suffix}"


def tenant_registries(tenant: str, allowed: Sequence[str], *, own_registry: str) -> list[str]:
    """What a tenant's pods may pull from: its own repositories first, then the `registries` of its file."""
    return [f"{own_registry}/{tenant}", *allowed]


def account_registry(*, account_id: str, region: str, partition: str) -> str:
    """Host name of an account's private ECR registry. Source: Amazon ECR user guide, "Private registry"."""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"{account_id}.dkr.ecr.{region}.{suffix}"

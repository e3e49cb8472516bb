"""Asks an application's image repository in ECR whether an image exists, before anything is deployed.

Other registries are not asked: each has its own way to sign in. On the local lane the emulated ECR is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import BadInput, PlatformError, nearest
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId

_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.[a-z]+)?/(?P<name>[a-z0-9._/-]+)"
)
_SHOWN_TAGS = 5
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")


@dataclass(frozen=True, kw_only=True)
class Image:
    tag: str
    """Empty if it was asked for by digest and has none."""
    digest: str
    """Empty if the registry was not asked."""

    @property
    def settings(self) -> dict[str, str]:
        """The settings that select it."""
        return {"image_tag": self.tag, "image_digest": self.digest}


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository in ECR."""

    account: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} of account {self.account} in {self.region}"


def repository_url(settings: Mapping[str, Any], tenant_outputs: Mapping[str, Any], stack: StackId) -> str:
    """Where the application's images are: its setting, else the tenant's repository with the application's name.

    Raises:
        BadInput: `repository-missing`.
    """
    if settings.get("image_repository"):
        return str(settings["image_repository"])
    known = tenant_outputs.get("repositories") or {}
    if stack.project in known:
        return str(known[stack.project])
    raise BadInput(
        "repository-missing",
        f"tenant {stack.tenant} has no image repository {stack.project!r}{nearest(stack.project, known)}",
        at=f"tenants/catalog/{stack.tenant}.yaml, repositories",
        hint=f"add {stack.project} to repositories in tenants/catalog/{stack.tenant}.yaml, and deploy the tenant; "
        f"or set image_repository of {stack}",
    )


def parse_repository(url: str) -> Repository | None:
    """The repository in ECR; `None` for one of another registry."""
    found = _ECR.fullmatch(url)
    return Repository(account=found["account"], region=found["region"], name=found["name"]) if found else None


def find_image(ecr: Any, repository: Repository, version: str, *, at: str) -> Image:
    """The image with this tag or digest.

    Args:
        ecr: boto3 client of the repository's region.
        at: what named the version, for errors.

    Raises:
        BadInput: `image-unknown`, `repository-missing`, `credentials-missing`, `credentials-unusable`.
    """
    # Imported here: slow to load.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    wanted = {"imageDigest": version} if version.startswith("sha256:") else {"imageTag": version}
    asked = {"registryId": repository.account, "repositoryName": repository.name}
    sign_in = "sign in, e.g. `aws sso login`, and see: aws sts get-caller-identity"
    try:
        (found,) = ecr.describe_images(**asked, imageIds=[wanted])["imageDetails"]
    except NoCredentialsError as error:
        raise BadInput(
            "credentials-missing", "no AWS credentials were found", at=str(repository), hint=sign_in
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ImageNotFoundException":
            raise _unknown(ecr, asked, repository, version, at) from error
        if code == "RepositoryNotFoundException":
            raise BadInput(
                "repository-missing",
                f"there is no image repository {repository}",
                at=at,
                hint="deploy the tenant's stack, which creates its repositories",
            ) from error
        what = "the sign-in has expired" if code in _EXPIRED else f"ECR refused to look the image up: {code}"
        raise BadInput("credentials-unusable", what, at=str(repository), hint=sign_in) from error
    except BotoCoreError as error:
        raise PlatformError(
            "registry-unreachable",
            f"ECR does not answer: {type(error).__name__}",
            at=str(repository),
            hint="check the network, then run the same command again",
        ) from error
    tags = found.get("imageTags") or []
    tag = version if version in tags else (sorted(tags, key=_is_version)[-1] if tags else "")
    return Image(tag=tag, digest=found["imageDigest"])


def _unknown(ecr: Any, asked: Mapping[str, str], repository: Repository, version: str, at: str) -> BadInput:
    details = [one for page in ecr.get_paginator("describe_images").paginate(**asked) for one in page["imageDetails"]]
    details.sort(key=lambda one: str(one.get("imagePushedAt", "")), reverse=True)
    tags = [tag for one in details for tag in sorted(one.get("imageTags") or [], key=_is_version, reverse=True)]
    newest = ", ".join(tags[:_SHOWN_TAGS])
    return BadInput(
        "image-unknown",
        f"repository {repository} has no image {version}{nearest(version, tags)}",
        at=at,
        hint=f"use one of its tags, newest first: {newest}" if newest else "push an image first: the pipeline does",
    )


def _is_version(tag: str) -> bool:
    """Sorts `v1.2.3` behind the tags that pipelines use, such as a commit."""
    return re.fullmatch(r"v?[0-9]+(\.[0-9]+)*", tag) is not None


def ecr_client(engine: Engine, region: str) -> Any:
    """A client with the caller's credentials; on the lane, with those of the lane's environment."""
    import boto3

    if not engine.is_local:
        return boto3.Session().client("ecr", region_name=region)
    from tooling.runner.recovery.accounts import lane_session

    return lane_session(engine)("ecr")

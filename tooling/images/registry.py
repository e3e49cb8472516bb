"""A tenant's image repository in ECR: finds images by tag, and adds tags to images. Layers are docker's business."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.environment import Environment
from shared.errors import BadInput, PlatformError, Refused
from shared.image_registries import account_registry, tenant_repository

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""Kinds of manifests of images, the ones with several parts first. Source: OCI image specification, media types."""


@dataclass(frozen=True, kw_only=True)
class Image:
    digest: str
    manifest: str
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Login:
    """Credentials for `docker login`, valid for twelve hours."""

    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class ImageRepository:
    tenant: str
    name: str
    environment: Environment

    @property
    def repository(self) -> str:
        return tenant_repository(self.tenant, self.name, self.environment.suffix)

    @property
    def host(self) -> str:
        here = self.environment
        return account_registry(account_id=here.account, region=here.region, partition=here.partition)

    @property
    def url(self) -> str:
        return f"{self.host}/{self.repository}"

    def find(self, tag: str) -> Image | None:
        """The image with this tag.

        Raises:
            BadInput: `repository-undeployed`. PlatformError: `registry-refused`.
        """
        answer = self._call("batch_get_image", imageIds=[{"imageTag": tag}], acceptedMediaTypes=list(_MANIFESTS))
        for image in answer["images"]:
            return _image(image)
        return None

    def get(self, digest: str) -> Image | None:
        answer = self._call("batch_get_image", imageIds=[{"imageDigest": digest}], acceptedMediaTypes=list(_MANIFESTS))
        for image in answer["images"]:
            return _image(image)
        return None

    def tag(self, image: Image, tag: str) -> None:
        """Gives the image one more tag; nothing happens if it has it.

        Source: ECR user guide, "Retagging an image in Amazon ECR".

        Raises:
            Refused: `image-tag-taken`. And as `find`.
        """
        try:
            self._call(
                "put_image",
                imageManifest=image.manifest,
                imageManifestMediaType=image.media_type,
                imageDigest=image.digest,
                imageTag=tag,
            )
        except PlatformError as error:
            code = _code(error.__cause__)
            if code == "ImageTagAlreadyExistsException":
                raise tag_taken(self, tag, self.find(tag), image.digest) from error
            if code != "ImageAlreadyExistsException":
                raise

    def login(self) -> Login:
        """Source: ECR user guide, "Private registry authentication in Amazon ECR", authorization token."""
        answer = self._call("get_authorization_token", named=False)
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode("ascii")
        user, _, password = token.partition(":")
        return Login(user=user, password=password)

    @cached_property
    def _client(self) -> Any:
        # Imported here, since it takes longer than the rest.
        import boto3

        make: Any = boto3.Session().client
        return make("ecr", region_name=self.environment.region)

    def _call(self, operation: str, *, named: bool = True, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        where = {"repositoryName": self.repository, "registryId": self.environment.account} if named else {}
        try:
            return getattr(self._client, operation)(**where, **arguments)
        except ClientError as error:
            if _code(error) == "RepositoryNotFoundException":
                raise BadInput(
                    "repository-undeployed",
                    f"the image repository {self.repository} does not exist",
                    at=f"tenants/catalog/{self.tenant}.yaml, repositories",
                    hint=f"add {self.name} to repositories in tenants/catalog/{self.tenant}.yaml, then: "
                    f"make tenants-up STACK={self.environment.name} TENANT={self.tenant}",
                ) from error
            raise self._refused(operation, error) from error
        except BotoCoreError as error:
            raise self._refused(operation, error) from error

    def _refused(self, operation: str, error: Exception) -> PlatformError:
        return PlatformError(
            "registry-refused",
            f"ECR refused {operation.replace('_', ' ')} for {self.repository}: {error}",
            at=self.url,
            hint="sign in with the tenant's CI role, or check its policy ci-images: aws sts get-caller-identity",
        )


def tag_taken(where: ImageRepository, tag: str, holder: Image | None, digest: str = "") -> Refused:
    taken_by = f"image {holder.digest}" if holder is not None else "another image"
    return Refused(
        "image-tag-taken",
        f"{where.repository}:{tag} is {taken_by}, and tags are immutable"
        + (f"; the service now has image {digest}" if digest else "; the service has changed since"),
        at=where.url,
        hint=f"set a new version in applications/{where.name}/service/pyproject.toml, and commit it",
    )


def _code(error: BaseException | None) -> str:
    """AWS's code of an error; empty if it is none of AWS's."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _image(answer: dict[str, Any]) -> Image:
    return Image(
        digest=answer["imageId"]["imageDigest"],
        manifest=answer["imageManifest"],
        media_type=answer.get("imageManifestMediaType") or _MANIFESTS[0],
    )

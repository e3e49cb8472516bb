"""PutImage as ECR does it: moto 5.2.5 invents digests, and refuses an immutable tag with another image's error.

A digest is that of the manifest's bytes, so that "the same digest" is the same image in every repository.
"""

from __future__ import annotations

import hashlib
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import ImageAlreadyExistsException
from moto.ecr.models import ECRBackend, Image


class ImageTagAlreadyExists(ServiceException):
    code = "ImageTagAlreadyExistsException"


class ImageDigestDoesNotMatch(ServiceException):
    code = "ImageDigestDoesNotMatchException"


_put_image = ECRBackend.put_image


def install() -> None:
    Image._create_digest = _create_digest  # type: ignore[method-assign]
    ECRBackend.put_image = _put  # type: ignore[method-assign]


def digest_of(manifest: str) -> str:
    """Source: OCI image specification, "Content descriptors", digests."""
    return f"sha256:{hashlib.sha256(manifest.encode('utf-8')).hexdigest()}"


def _create_digest(self: Image) -> None:
    self._image_digest = digest_of(self.image_manifest)


def _put(
    self: ECRBackend,
    repository_name: str,
    image_manifest: str,
    image_tag: str,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Any:
    """Source: ECR API reference, PutImage, errors."""
    repository = self._get_repository(repository_name)
    actual = digest_of(image_manifest)
    if digest and digest != actual:
        raise ImageDigestDoesNotMatch(
            f"Image digest '{digest}' does not match the digest of the manifest, '{actual}', "
            f"in the repository with name '{repository_name}'"
        )
    for image in repository.images:
        same = image.get_image_digest() == actual
        if same and (not image_tag or image_tag in image.image_tags):
            raise ImageAlreadyExistsException(
                registry_id=repository.registry_id, image_tag=image_tag, digest=actual, repository_name=repository_name
            )
        if not same and image_tag in image.image_tags and repository.is_tag_immutable():
            raise ImageTagAlreadyExists(
                f"The image tag '{image_tag}' already exists in the '{repository_name}' repository and cannot be "
                "overwritten because the tag is immutable."
            )
    return _put_image(self, repository_name, image_manifest, image_tag, image_manifest_mediatype, actual)

"""Images in ECR, where moto differs from it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer

INDEX = "application/vnd.oci.image.index.v1+json"


def manifest(version: str) -> str:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"version": version}})


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def ecr(account: Account) -> Any:
    client = account.emulator.client("ecr")
    client.create_repository(repositoryName="tenant-a/demo", imageTagMutability="IMMUTABLE")
    client.create_repository(repositoryName="tenant-a/other", imageTagMutability="MUTABLE")
    return client


def put(ecr: Any, text: str, tag: str, repository: str = "tenant-a/demo", **more: str) -> str:
    answered = ecr.put_image(
        repositoryName=repository, imageManifest=text, imageManifestMediaType=INDEX, imageTag=tag, **more
    )
    return answered["image"]["imageId"]["imageDigest"]


def test_a_digest_is_that_of_the_manifest_in_every_repository(ecr: Any) -> None:
    assert put(ecr, manifest("1"), "v1") == digest(manifest("1"))
    assert put(ecr, manifest("1"), "v1", "tenant-a/other") == digest(manifest("1"))
    assert put(ecr, manifest("2"), "v2") == digest(manifest("2"))


def test_an_image_gets_further_tags(ecr: Any) -> None:
    put(ecr, manifest("1"), "v1")
    assert put(ecr, manifest("1"), "latest-commit") == digest(manifest("1"))
    (image,) = ecr.describe_images(repositoryName="tenant-a/demo")["imageDetails"]
    assert image["imageTags"] == ["v1", "latest-commit"]


@pytest.mark.parametrize(
    ("repository", "version", "tag", "more", "code"),
    [
        ("tenant-a/demo", "2", "v1", {}, "ImageTagAlreadyExistsException"),
        ("tenant-a/demo", "1", "v1", {}, "ImageAlreadyExistsException"),
        ("tenant-a/demo", "2", "v2", {"imageDigest": f"sha256:{'0' * 64}"}, "ImageDigestDoesNotMatchException"),
        ("tenant-a/missing", "2", "v2", {}, "RepositoryNotFoundException"),
    ],
    ids=["immutable tag", "same again", "wrong digest", "no repository"],
)
def test_ecr_refuses_what_it_refuses_on_aws(
    ecr: Any, repository: str, version: str, tag: str, more: dict[str, str], code: str
) -> None:
    put(ecr, manifest("1"), "v1")
    with pytest.raises(ClientError) as refused:
        put(ecr, manifest(version), tag, repository, **more)
    assert answer(refused)[0] == code
    (image,) = ecr.describe_images(repositoryName="tenant-a/demo")["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (digest(manifest("1")), ["v1"])


def test_a_mutable_tag_moves(ecr: Any) -> None:
    for version in ("1", "2"):
        put(ecr, manifest(version), "v1", "tenant-a/other")
    found = ecr.batch_get_image(repositoryName="tenant-a/other", imageIds=[{"imageTag": "v1"}])["images"]
    assert [image["imageId"]["imageDigest"] for image in found] == [digest(manifest("2"))]

"""An image is looked up in its repository before anything is deployed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from shared.errors import BadInput
from tooling.applications.registry import Image, Repository, find_image, parse_repository, repository_url
from tooling.runner.graph import StackId

STACK = StackId(
    tier="applications",
    project="demo",
    stack="dev",
    directory="applications/demo",
    environment="dev",
    tenant="tenant-a",
)
URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/tenant-a/demo-dev"
REPOSITORY = Repository(account="123456789012", region="eu-west-1", name="tenant-a/demo-dev")
DIGESTS = {tag: f"sha256:{number:064x}" for number, tag in enumerate(["v1.0.0", "v1.1.0"])}


class Ecr:
    """A repository with the two images of `DIGESTS`; each has the tag of its commit too."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def describe_images(self, *, registryId: str, repositoryName: str, imageIds: Any = None) -> Any:  # noqa: N803
        assert (registryId, repositoryName) == ("123456789012", "tenant-a/demo-dev")
        if self._error is not None:
            raise self._error
        images = [
            {"imageTags": ["0abc", tag], "imageDigest": digest, "imagePushedAt": tag} for tag, digest in DIGESTS.items()
        ]
        if imageIds is None:
            return {"imageDetails": images}
        (wanted,) = imageIds
        found = [
            image
            for image in images
            if wanted.get("imageTag") in image["imageTags"] or wanted.get("imageDigest") == image["imageDigest"]
        ]
        if not found:
            raise refusal("ImageNotFoundException")
        return {"imageDetails": found}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **asked: Any) -> Any:
        return [self.describe_images(**asked)]


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "DescribeImages")


def test_a_tag_is_resolved_to_its_digest_and_a_digest_to_its_version() -> None:
    image = Image(tag="v1.1.0", digest=DIGESTS["v1.1.0"])
    assert find_image(Ecr(), REPOSITORY, "v1.1.0", at="x") == image
    assert find_image(Ecr(), REPOSITORY, image.digest, at="x") == image
    assert image.settings == {"image_tag": "v1.1.0", "image_digest": DIGESTS["v1.1.0"]}


def test_an_unknown_tag_is_refused_with_the_nearest_and_the_newest() -> None:
    with pytest.raises(BadInput) as refused:
        find_image(Ecr(), REPOSITORY, "v1.1.1", at="demo/dev, VERSION")
    assert refused.value.document() == {
        "code": "image-unknown",
        "what": "repository tenant-a/demo-dev of account 123456789012 in eu-west-1 has no image v1.1.1, "
        'did you mean "v1.1.0"?',
        "at": "demo/dev, VERSION",
        "hint": "use one of its tags, newest first: v1.1.0, 0abc, v1.0.0, 0abc",
    }


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (refusal("RepositoryNotFoundException"), "repository-missing", "there is no image repository"),
        (refusal("ExpiredTokenException"), "credentials-unusable", "the sign-in has expired"),
        (refusal("AccessDeniedException"), "credentials-unusable", "AccessDeniedException"),
        (NoCredentialsError(), "credentials-missing", "no AWS credentials"),
    ],
)
def test_a_registry_that_does_not_answer_is_bad_input_with_a_hint(error: Exception, code: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        find_image(Ecr(error), REPOSITORY, "v1.1.0", at="x")
    assert refused.value.code == code
    assert says in refused.value.what
    assert refused.value.hint


def test_the_repository_is_the_setting_or_the_tenants() -> None:
    outputs = {"repositories": {"demo": URL}}
    assert repository_url({"image_repository": "ghcr.io/team-a/demo"}, outputs, STACK) == "ghcr.io/team-a/demo"
    assert repository_url({"image_repository": ""}, outputs, STACK) == URL
    with pytest.raises(BadInput) as refused:
        repository_url({}, {"repositories": {"dem": URL}}, STACK)
    assert refused.value.code == "repository-missing"
    assert 'did you mean "dem"?' in refused.value.what


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        (URL, REPOSITORY),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b",
            Repository(account="123456789012", region="cn-north-1", name="a/b"),
        ),
        ("ghcr.io/team-a/demo", None),
        ("registry.k8s.io/e2e-test-images/agnhost", None),
    ],
)
def test_only_repositories_in_ecr_are_asked(url: str, repository: Repository | None) -> None:
    assert parse_repository(url) == repository

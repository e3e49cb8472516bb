"""Publishes the image of an application: built once per tree of its service, then copied to later environments.

`make image APP=demo STACK=dev` prints the digest to deploy. In the tenant's first environment, an image that has the
tree's tag is that image, whatever commit built it; otherwise it is built. In later environments the image is copied
from the one before, so that the digest that was tested is the one that runs. docs/decisions/0024-images.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.catalog import load_tenant
from shared.environment import Environment, load_environment
from shared.errors import PlatformError, Refused
from tooling.images.builder import docker_for
from tooling.images.dockerfile import check_dockerfile
from tooling.images.registry import Image, ImageRepository, tag_taken
from tooling.images.source_tree import SourceTree, source_tree
from tooling.paths import REPOSITORY
from tooling.runner.graph import StackId
from tooling.workflows.steps import PROMOTION

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Published:
    digest: str
    url: str
    tags: tuple[str, ...]
    how: Literal["built", "copied", "found"]


def publish(stack: StackId, *, say: Say) -> Published:
    """The image of the application's committed service, in the environment of `stack`, with all its tags.

    Raises:
        Refused: `image-tag-taken`, `image-not-promoted`.
        BadInput: `service-missing`, `service-uncommitted`, `repository-undeployed`, `docker-missing`; and those of
            `check_dockerfile`. PlatformError: `registry-refused`, `docker-failed`.
    """
    tree = source_tree(stack.path / "service", repository=REPOSITORY)
    target = repository_of(stack, load_environment(stack.environment))
    image, how = target.find(tree.tree_tag), "found"
    holder = target.find(tree.version_tag)
    if holder is not None and (image is None or holder.digest != image.digest):
        raise tag_taken(target, tree.version_tag, holder, image.digest if image else "")
    if image is not None:
        say(f"{target.repository} has the image of this tree: {image.digest}")
    elif before := environment_before(stack):
        image, how = _copied(tree, repository_of(stack, before), target, say), "copied"
    else:
        image, how = _built(tree, target, say), "built"
    for tag in tree.tags:
        target.tag(image, tag)
    return Published(digest=image.digest, url=target.url, tags=tree.tags, how=how)


def repository_of(stack: StackId, environment: Environment) -> ImageRepository:
    """The tenant's repository with the application's name."""
    return ImageRepository(tenant=stack.tenant, name=stack.project, environment=environment)


def environment_before(stack: StackId) -> Environment | None:
    """The environment that images are promoted from; `None` for the tenant's first one."""
    order = [name for name in PROMOTION if name in load_tenant(stack.tenant, stack.environment).environments]
    place = order.index(stack.environment) if stack.environment in order else 0
    return load_environment(order[place - 1]) if place else None


def _built(tree: SourceTree, target: ImageRepository, say: Say) -> Image:
    check_dockerfile(Path(os.path.relpath(tree.service.directory / "Dockerfile")))
    say(f"building {tree.service.name} {tree.service.version} of commit {tree.commit[:12]}")
    with docker_for([target]) as docker:
        digest = docker.build(tree, target, source=_source())
    return _pushed(target, digest)


def _copied(tree: SourceTree, source: ImageRepository, target: ImageRepository, say: Say) -> Image:
    found = source.find(tree.tree_tag)
    if found is None:
        raise Refused(
            "image-not-promoted",
            f"{source.repository} has no image of this tree, and {target.environment.name} gets the one that "
            f"{source.environment.name} ran",
            at=source.url,
            hint=f"deploy this commit to {source.environment.name} first",
        )
    say(f"copying {found.digest} from {source.repository}")
    with docker_for([source, target]) as docker:
        docker.copy(found.digest, source, target, tag=tree.tree_tag)
    return _pushed(target, found.digest)


def _pushed(target: ImageRepository, digest: str) -> Image:
    image = target.get(digest)
    if image is None:
        raise PlatformError(
            "image-not-pushed",
            f"docker reported {digest}, and {target.repository} does not have it",
            at=target.url,
            hint="run it again; docker buildx imagetools inspect shows what was pushed",
        )
    return image


def _source() -> str:
    """The repository that the image's label names, if a pipeline builds it."""
    server, repository = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}" if server and repository else ""

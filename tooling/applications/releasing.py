"""Which image a release deploys, and which release a rollback returns to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import BadInput
from tooling.applications.history import Release, last_good, numbered, releases
from tooling.applications.lookup import tenant_stack_of
from tooling.applications.proposal import effective_settings
from tooling.applications.registry import Image, ecr_client, find_image, parse_repository, repository_url
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The settings that select an image, and what to say about it."""

    settings: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def image_to_release(engine: Engine, stack: StackId, version: str, *, tag: str = "") -> Chosen:
    """The image of the application with a tag or digest, looked up before anything is deployed.

    Args:
        version: tag, or digest `sha256:…`.
        tag: the tag to write beside a digest, if it is known.

    Raises:
        BadInput: `repository-missing`, `image-unknown`, `credentials-missing`, `credentials-unusable`.
    """
    url = repository_url(effective_settings(stack), _tenant_outputs(engine, stack), stack)
    repository = parse_repository(url)
    if repository is None:
        by_digest = version.startswith("sha256:")
        image = Image(tag=tag if by_digest else version, digest=version if by_digest else "")
        return Chosen(
            settings=image.settings,
            notes=[f"  warning: {url} is not in ECR, so nobody has checked that it has this image"],
        )
    if engine.is_local:
        _record(engine, stack)
    found = find_image(ecr_client(engine, repository.region), repository, version, at=f"{stack}, VERSION")
    return Chosen(settings=Image(tag=tag or found.tag, digest=found.digest).settings)


def _record(engine: Engine, stack: StackId) -> None:
    """On the lane no pipeline has pushed the image of the present service; it is recorded as if one had."""
    from tooling.lane.state import Lane
    from tooling.runner.service_images import record_image

    lane = Lane.load()
    if lane is not None:
        record_image(lane, engine, stack)


def _tenant_outputs(engine: Engine, stack: StackId) -> Mapping[str, Any]:
    """The contract of the application's tenant.

    Raises:
        BadInput: `stack-missing`.
    """
    tenant = tenant_stack_of(stack)
    if not engine.exists(tenant):
        raise BadInput(
            "stack-missing",
            f"{tenant} is not deployed",
            at=f"--stack {stack.environment}",
            hint=f"make tenants-up STACK={stack.environment} TENANT={stack.tenant}",
        )
    return engine.outputs(tenant)


def release_to_return_to(engine: Engine, stack: StackId, number: int | None) -> Release:
    """The release with that number, or the newest one that succeeded and had other settings than the last one.

    Raises:
        BadInput: `release-unknown`, `release-none-before`.
    """
    found = releases(engine, stack)
    if number is not None:
        return numbered(found, number, stack)
    earlier = last_good(found[:-1], but=found[-1].settings) if found else None
    if earlier is None:
        raise BadInput(
            "release-none-before",
            f"{stack} has no earlier release that succeeded with other settings",
            at=f"--stack {stack.environment}",
            hint=f"tiers app history {stack.project} --stack {stack.environment}",
        )
    return earlier


def image_that_runs(engine: Engine, stack: StackId) -> Image:
    """The image of the newest release that succeeded; its digest from the registry if the release has only a tag.

    Raises:
        BadInput: `application-not-deployed`; as `image_to_release`.
    """
    good = last_good(releases(engine, stack))
    if good is None:
        raise BadInput(
            "application-not-deployed",
            f"{stack} has no release that succeeded",
            at="FROM",
            hint=f"make applications-up STACK={stack.environment} APP={stack.project}",
        )
    tag, digest = good.settings.get("image_tag", ""), good.settings.get("image_digest", "")
    if digest:
        return Image(tag=tag, digest=digest)
    chosen = image_to_release(engine, stack, tag)
    return Image(tag=tag, digest=str(chosen.settings["image_digest"]))

"""Images of services on the lane: recorded in the emulated ECR before an application is deployed.

In an account, the pipeline of the application has built and pushed the image of a version before that version is
deployed. The lane builds nothing: it keeps the service's source tree as it is now, and records an image that stands for
it.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import PlatformError
from tooling.images.services import Service
from tooling.kubelet.registry import Reference, Registry, RegistryError, manifest, reference
from tooling.kubelet.trees import images_in, keep, tree_of
from tooling.lane.state import Lane
from tooling.paths import REPOSITORY
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId, tenant_stack
from tooling.runner.project_files import declared_settings, stack_file
from tooling.runner.tiers_file import load_tiers

_NO_REPOSITORY = "RepositoryNotFoundException"


def record_image(lane: Lane, engine: Engine, stack: StackId) -> str:
    """Records the image of an application's present service under its version, unless that tag exists.

    Returns:
        What people should know; usually empty.

    Raises:
        PlatformError: `image-not-recorded`.
    """
    directory = stack.path / "service"
    if not (directory / "pyproject.toml").is_file():
        return ""
    repository = _repository(engine, stack)
    if repository is None:
        return ""
    service = Service.read(directory)
    tag = f"v{service.version}"
    registry = Registry(lane.aws_endpoint, lane.access_key_id)
    where = directory.relative_to(REPOSITORY).as_posix()
    try:
        recorded = registry.find(repository.region, repository.repository, tag=tag)
        if recorded is None:
            tree = keep(directory, images_in(lane.directory))
            document = manifest(service=where, version=service.version, tree=tree.name, size_bytes=tree.size_bytes)
            registry.put(repository.region, repository.repository, tag, document)
        elif recorded.service == where and recorded.tree != tree_of(directory).name:
            return (
                f"{where} has changed since {tag} was recorded, and a tag is immutable: "
                f"to deploy the change, raise `version` in {where}/pyproject.toml and set image_tag to match"
            )
    except RegistryError as error:
        # The pod says so.
        if error.code != _NO_REPOSITORY:
            raise PlatformError(
                "image-not-recorded",
                f"the image of {where} was not recorded in the emulated ECR: {error}",
                at=f"{repository.text}:{tag}",
                hint="tiers local status",
            ) from error
    return ""


def _repository(engine: Engine, stack: StackId) -> Reference | None:
    """The ECR repository that the stack takes its image from: that of its setting, or the tenant's own, by the name of
    the project. None: it is not in the emulated account, or the tenant has none."""
    config = stack_file(stack.path, stack.stack, stack.environment).get("config") or {}
    settings = {key.rpartition(":")[2]: value for key, value in config.items()}
    declared = declared_settings(stack.path).get("image_repository")
    default = declared.get("default") if isinstance(declared, Mapping) else None
    repository = settings.get("image_repository") or default or _of_tenant(engine, stack)
    return reference(str(repository))


def _of_tenant(engine: Engine, stack: StackId) -> str:
    for tier in load_tiers().tiers:
        if tier.stacks == "tenant":
            resources = engine.record(tenant_stack(tier, stack.tenant, stack.environment)).get("resources") or ()
            for one in resources:
                if one["type"] == "pulumi:pulumi:Stack":
                    return ((one.get("outputs") or {}).get("repositories") or {}).get(stack.project, "")
    return ""

"""Facts in a manifest or a type token, read without any request: names, annotations, identity.

Manifests are plain dicts, as they come off the wire. Nothing here changes its argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.errors import BadInput, Refused
from tooling.plugins.provider.wire import UNKNOWN

Manifest = dict[str, Any]

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

NOT_MODELLED_ANNOTATIONS = ("pulumi.com/waitFor", "pulumi.com/replaceUnready")

FIELD_MANAGER_KEY = "__fieldManager"
INITIAL_API_VERSION_KEY = "__initialApiVersion"
INITIAL_KIND_KEY = "__initialKind"
INPUTS_KEY = "__inputs"
"""The last inputs: what the released plug-in compares with. States of older local plug-ins lack it until a refresh."""
READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)

# Pulumi's property names cannot hold dashes; the SDK spells these fields of a CustomResourceDefinition so.
_DASHED = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
_UNDERSCORED = {dashed: underscored for underscored, dashed in _DASHED.items()}


@dataclass(frozen=True)
class TypeToken:
    """`kubernetes:apps/v1:Deployment`, as it stands in a resource's URN."""

    api_version: str
    kind: str

    @classmethod
    def parse(cls, token: str) -> TypeToken:
        """Raises: Refused: `kubernetes-not-modelled`, for resources that are no objects of the Kubernetes API."""
        _, module, kind = token.split(":", 2)
        if module.split("/")[0] in ("helm.sh", "yaml", "kustomize", "helm"):
            raise Refused(
                "kubernetes-not-modelled",
                f"the local lane does not model {token}",
                at="",
                hint="write the objects as Kubernetes resources, or run this stack with the released plug-ins",
            )
        return cls(module.removeprefix("core/"), kind)

    def is_patch_of(self, manifest: Mapping[str, Any]) -> bool:
        """Whether this is, for example, `NamespacePatch` for a `Namespace`: a change to an object created elsewhere."""
        return self.kind == f"{manifest.get('kind')}Patch"


def of_urn(urn: str) -> TypeToken:
    """The type of a resource, without those of its parents. Raises: as `TypeToken.parse`."""
    return TypeToken.parse(urn.split("::")[2].rsplit("$", 1)[-1])


def metadata(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """`metadata`, or an empty one where it is absent or not known yet."""
    value = manifest.get("metadata")
    return value if isinstance(value, dict) else {}


def name(manifest: Mapping[str, Any]) -> str:
    return str(metadata(manifest).get("name") or "")


def namespace(manifest: Mapping[str, Any]) -> str:
    return str(metadata(manifest).get("namespace") or "")


def annotation(manifest: Mapping[str, Any], key: str) -> str:
    annotations = metadata(manifest).get("annotations")
    return str(annotations.get(key) or "") if isinstance(annotations, dict) else ""


def is_annotated(manifest: Mapping[str, Any], key: str) -> bool:
    return annotation(manifest, key) == "true"


def with_metadata(manifest: Mapping[str, Any], **changes: Any) -> Manifest:
    return {**manifest, "metadata": {**metadata(manifest), **changes}}


def without_read_only(manifest: Mapping[str, Any]) -> Manifest:
    """Leaves out the metadata that only the API server writes."""
    if not isinstance(manifest.get("metadata"), dict):
        return dict(manifest)
    kept = {key: value for key, value in manifest["metadata"].items() if key not in READ_ONLY_METADATA}
    return {**manifest, "metadata": kept}


def object_id(manifest: Mapping[str, Any]) -> str:
    """`[namespace/]name`, Pulumi's id of an object."""
    return "/".join(part for part in (namespace(manifest), name(manifest)) if part)


def parse_id(identity: str) -> tuple[str, str]:
    """Namespace, empty where there is none, and name. Raises: BadInput: `kubernetes-id-invalid`."""
    parts = identity.split("/")
    if len(parts) > 2 or not all(parts):
        raise BadInput(
            "kubernetes-id-invalid",
            f'"{identity}" is not the id of a Kubernetes object',
            at="",
            hint="write it as namespace/name, or as name for a cluster-wide object",
        )
    return ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def timeout(manifest: Mapping[str, Any], requested_seconds: float) -> timedelta | None:
    """How long to wait: `customTimeouts` first, then the annotation; `None` leaves it to the kind."""
    if requested_seconds:
        return timedelta(seconds=requested_seconds)
    text = annotation(manifest, TIMEOUT_SECONDS)
    if not text or text == UNKNOWN:
        return None
    if not text.isdigit():
        raise BadInput(
            "kubernetes-timeout-invalid",
            f'annotation {TIMEOUT_SECONDS} is "{text}", which is not a whole number of seconds',
            at="",
            hint='write it as text, for example "300"',
        )
    return timedelta(seconds=int(text))


def to_api(inputs: Mapping[str, Any]) -> Manifest:
    """The manifest as the API server wants it."""
    return _renamed(inputs, _DASHED)


def from_api(live: Mapping[str, Any]) -> Manifest:
    """The object as Pulumi's SDKs read it, without its managed fields."""
    kept = {key: value for key, value in metadata(live).items() if key != "managedFields"}
    return _renamed({**live, "metadata": kept}, _UNDERSCORED)


def from_inputs(inputs: Mapping[str, Any]) -> Manifest:
    """Inputs as a state holds them."""
    return _renamed(inputs, _UNDERSCORED)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value

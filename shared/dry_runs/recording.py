"""The replacement for the engine: records every registration, and returns its inputs and computed outputs.

Extends Pulumi's `MockMonitor`, which does not pass parents, dependencies and protection to its mocks, and implements
`eks.Cluster`, the one component that is not written in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from shared.dry_runs.computed import FUNCTIONS, computed_outputs
from shared.engine_marks import RESOURCE, SIGNATURE, is_secret
from shared.engine_marks import UNKNOWN as UNKNOWN_MARK
from shared.narrowing import is_dict, is_list
from shared.pulumi_internals import ensure_event_loop, resolve_callbacks

UNKNOWN = pulumi.output.UNKNOWN
"""Marks a value that is known only in an `up`."""

STACK = "pulumi:pulumi:Stack"
_CLUSTER_COMPONENT = "eks:index:Cluster"
_RESOURCE_REFERENCE = {SIGNATURE: RESOURCE}


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One registered resource; keys of `inputs` are as in the engine's protocol, whole numbers are `int`."""

    type: str
    name: str
    urn: str
    parent: str
    """URN; that of the stack for a top-level resource."""
    inputs: dict[str, Any]
    custom: bool
    """False for components."""
    remote: bool = False
    """Whether a plug-in builds the component."""
    provider: str = ""
    """URN of the explicit provider; empty: the default provider, or none for a component."""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    """URNs of the providers passed to a remote component, by package."""
    depends_on: frozenset[str] = frozenset()
    """URNs of dependencies, by value or `depends_on`."""
    deleted_with: str = ""
    """URN of the resource whose deletion also deletes this one, without a call to the plug-in."""
    protect: bool = False
    replacement_trigger: Any = None
    """A change of this value replaces the resource."""
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    """Names of the inputs that are or contain secrets."""
    aliases: tuple[str | dict[str, Any], ...] = ()
    """Former URNs, or the parts that differed: `name`, `type`, `parentUrn`, `noParent`."""

    @property
    def package(self) -> str:
        return self.type.split(":", 1)[0]


class _EngineError(grpc.RpcError):
    """An engine error; `consume` recognizes a missing stack by its message."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Upstream(mocks.Mocks):
    """Answers requests for other stacks; the monitor answers for resources."""

    def __init__(self, stacks: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._stacks = stacks

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        if args.token in FUNCTIONS:
            return dict(FUNCTIONS[args.token]), []
        if args.token != "pulumi:pulumi:readStackOutputs":  # noqa: S105  a function's token, no secret
            raise AssertionError(
                f"a dry run answers no function but readStackOutputs and {sorted(FUNCTIONS)}: {args.token}"
            )
        name = str(cast(Any, args).args["name"])
        outputs = self._stacks(name)
        if outputs is None:
            raise _EngineError(f"invocation of {args.token} returned an error: unknown stack {name!r}")
        return {"name": name, "outputs": dict(outputs), "secretOutputNames": []}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        if args.typ != "pulumi:pulumi:StackReference":
            raise AssertionError(f"a dry run reads no resource but StackReference: {args.typ}")
        name = str(args.resource_id or cast(Any, args).inputs["name"])
        return name, {"name": name, "outputs": dict(self._stacks(name) or {}), "secretOutputNames": []}


class RecordingMonitor(mocks.MockMonitor):
    def __init__(self, upstream: Upstream, *, preview: bool) -> None:
        super().__init__(upstream)
        self._preview = preview
        self.registered: list[Registered] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        if request.type == STACK:
            return cast(Any, super()).RegisterResource(request)
        ensure_event_loop()
        record = Registered(
            type=request.type,
            name=request.name,
            urn=self.make_urn(request.parent, request.type, request.name),
            parent=request.parent,
            inputs=_plain(json_format.MessageToDict(request.object)),
            custom=request.custom,
            remote=request.remote,
            provider=_urn(request.provider),
            providers={package: _urn(reference) for package, reference in request.providers.items()},
            depends_on=frozenset(request.dependencies),
            deleted_with=request.deletedWith,
            protect=request.protect,
            replacement_trigger=_plain(json_format.MessageToDict(request.replacement_trigger))
            if request.HasField("replacement_trigger")
            else None,
            delete_before_replace=request.deleteBeforeReplace,
            ignore_changes=tuple(request.ignoreChanges),
            secrets=frozenset(
                name for name, value in json_format.MessageToDict(request.object).items() if _holds_secret(value)
            ),
            aliases=tuple(_alias(alias) for alias in request.aliases),
        )
        self.registered.append(record)
        resource_id, computed = self._computed(record)
        if record.type == _CLUSTER_COMPONENT:
            computed["eksCluster"] = self._inner_cluster(record, resolve_callbacks(request.transforms))
        answer = struct_pb2.Struct()
        answer.CopyFrom(request.object)
        answer.update(computed)
        return resource_pb2.RegisterResourceResponse(urn=record.urn, id=resource_id, object=answer)

    def _computed(self, record: Registered) -> tuple[str, dict[str, Any]]:
        """ID and computed outputs. In a preview only those of providers, components and, since the engine names them,
        Kubernetes objects are known."""
        inputs = _known(record.inputs)
        computed = computed_outputs(record.type, record.name, inputs)
        resource_id = str(computed.pop("id", f"{record.name}-id"))
        if self._preview and record.custom and record.package == "aws":
            resource_id = ""
            computed = {key: value if inputs.get(key) == value else UNKNOWN for key, value in computed.items()}
        computed = _wire(computed)
        state = _wire({**inputs, **computed})
        self.resources[record.urn] = mocks.MockMonitor.ResourceRegistration(record.urn, resource_id, state)
        return resource_id, computed

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        if f"::{STACK}::" in request.urn:
            self.outputs = _plain(json_format.MessageToDict(request.outputs))
        return cast(Any, super()).RegisterResourceOutputs(request)

    def _inner_cluster(self, component: Registered, transforms: list[Any]) -> dict[str, Any]:
        """A reference to the `aws.eks.Cluster` inside the component, as a mapping cannot provide its outputs.

        Its inputs are derived from the component's, limited to the part that transforms may change.
        """
        args = component.inputs
        props: Any = {
            "name": args.get("name"),
            "version": args.get("version"),
            "accessConfig": {
                "authenticationMode": args.get("authenticationMode"),
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "vpcConfig": {"subnetIds": args.get("privateSubnetIds")},
        }
        kind, name = "aws:eks/cluster:Cluster", f"{component.name}-eksCluster"
        options = pulumi.ResourceOptions()
        for transform in transforms:
            result = transform(
                pulumi.ResourceTransformArgs(custom=True, type_=kind, name=name, props=props, opts=options)
            )
            props = result.props if result is not None else props
        inner = Registered(
            type=kind,
            name=name,
            urn=self.make_urn(component.urn, kind, name),
            parent=component.urn,
            inputs=props,
            custom=True,
            provider=component.providers.get("aws", ""),
            protect=component.protect,
        )
        self.registered.append(inner)
        resource_id, _ = self._computed(inner)
        return {**_RESOURCE_REFERENCE, "urn": inner.urn, "id": resource_id}


def _alias(alias: Any) -> str | dict[str, Any]:
    return alias.urn or json_format.MessageToDict(alias.spec)


def _urn(reference: str) -> str:
    """The URN in a provider reference, `<urn>::<id>`."""
    return reference.rsplit("::", 1)[0] if reference else ""


def _plain(value: Any) -> Any:
    """Converts protocol values: whole numbers to `int`, secrets unwrapped, unknown values to `UNKNOWN`."""
    if is_dict(value):
        if is_secret(value):
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items()}
    if is_list(value):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == UNKNOWN_MARK else value


def _holds_secret(value: Any) -> bool:
    if is_dict(value):
        return is_secret(value) or any(_holds_secret(item) for item in value.values())
    return is_list(value) and any(_holds_secret(item) for item in value)


def _wire(value: Any) -> Any:
    """The inverse of `_plain`, as far as responses need it."""
    if is_dict(value):
        return {key: _wire(item) for key, item in value.items()}
    if is_list(value):
        return [_wire(item) for item in value]
    return UNKNOWN_MARK if value is UNKNOWN else value


def _known(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if value is not UNKNOWN}

"""The engine's side: Pulumi's ResourceProvider service, one provider instance a connection.

An attached plug-in is one server for all provider instances of an engine, so what Configure says is kept by connection.
Only the wire is this module's business: what a request means is `planning`, `operations`, `patch` and `settings`.
"""

from __future__ import annotations

import functools
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, status_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import provider_pb2_grpc as service

from shared.errors import PlatformError, Refused
from tooling.plugins import wire
from tooling.plugins.kubernetes import manifest, operations, patch, planning, secret_values, settings, update
from tooling.plugins.kubernetes.client import ApiError, Client, Unreachable
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.diff import Change, Difference
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.kubernetes.operations import InitFailed, Resource, Stored
from tooling.plugins.kubernetes.settings import Settings

PLUGIN_VERSION = "4.34.2"
"""The SDK's: a program asks for the plug-in of its own version."""

WORKERS = 64
"""Requests served at once; those that wait for a rollout hold a thread each."""

_KINDS = {
    (Change.ADD, False): proto.PropertyDiff.ADD,
    (Change.ADD, True): proto.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): proto.PropertyDiff.DELETE,
    (Change.DELETE, True): proto.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): proto.PropertyDiff.UPDATE,
    (Change.UPDATE, True): proto.PropertyDiff.UPDATE_REPLACE,
}

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Instance:
    """One provider of a program. Both are `None` while its kubeconfig is not known yet."""

    settings: Settings | None
    cluster: Cluster | None


def add_to_server(server: grpc.Server) -> None:
    """Registers the plug-in. A server holds one plug-in; a process may hold several servers."""
    service.add_ResourceProviderServicer_to_server(KubernetesPlugin(), server)


def _answering(method: Method) -> Method:
    """Turns our errors into what the engine prints and keeps."""

    @functools.wraps(method)
    def answer(self: object, request: object, context: grpc.ServicerContext) -> object:
        try:
            return method(self, request, context)
        except InitFailed as error:
            _abort_stored(context, error)
        except PlatformError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ApiError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"the Kubernetes API server refused a request: {error}")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            context.abort(grpc.StatusCode.INTERNAL, f"the local kubernetes plug-in failed: {error!r}")

    return cast("Method", answer)


class KubernetesPlugin(service.ResourceProviderServicer):
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instances: dict[str, Instance] = {}

    def Handshake(  # noqa: N802
        self, request: proto.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> proto.ProviderHandshakeResponse:
        return proto.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(  # noqa: N802
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=PLUGIN_VERSION)

    def GetSchema(  # noqa: N802
        self, request: proto.GetSchemaRequest, context: grpc.ServicerContext
    ) -> proto.GetSchemaResponse:
        return proto.GetSchemaResponse(schema="{}")

    @_answering
    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:  # noqa: N802
        failures = [
            proto.CheckFailure(property=problem.argument, reason=problem.reason)
            for problem in settings.problems(wire.decode(request.news))
        ]
        return proto.CheckResponse(inputs=request.news, failures=failures)

    @_answering
    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:  # noqa: N802
        old = _decoded(request.old_inputs) or _decoded(request.olds)
        found = settings.compare(old, _decoded(request.news))
        return proto.DiffResponse(
            changes=_changes(bool(found.changed)), diffs=list(found.changed), replaces=list(found.replaces)
        )

    @_answering
    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:  # noqa: N802
        arguments = _decoded(request.args)
        instance = Instance(None, None)
        if not wire.has_unknown({key: arguments.get(key) for key in settings.CLUSTER_KEYS}):
            chosen = settings.configured(arguments)
            instance = Instance(chosen, Cluster(Client(chosen.connection, timeout=chosen.timeout), chosen.namespace))
        with self._lock:
            self._instances[context.peer()] = instance
        return proto.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @_answering
    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:  # noqa: N802
        try:
            inputs = planning.checked(
                _decoded(request.news),
                _decoded(request.olds),
                token=manifest.of_urn(request.urn),
                logical_name=request.urn.split("::", 3)[3],
                seed=request.randomSeed,
                autonaming=request.autonaming if request.HasField("autonaming") else None,
                cluster=self._instance(context).cluster,
            )
        except Unreachable:
            raise
        except PlatformError as error:
            return proto.CheckResponse(inputs=request.news, failures=[proto.CheckFailure(reason=str(error))])
        return proto.CheckResponse(inputs=_encoded(inputs))

    @_answering
    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:  # noqa: N802
        instance = self._instance(context)
        state = _decoded(request.olds)
        plan = planning.plan(
            _old_inputs(request.old_inputs, state),
            state,
            _decoded(request.news),
            token=manifest.of_urn(request.urn),
            ignore_changes=request.ignoreChanges,
            settings=instance.settings,
            cluster=instance.cluster,
        )
        return proto.DiffResponse(
            changes=_changes(bool(plan.differences)),
            diffs=sorted({str(difference.location[0]) for difference in plan.differences}),
            replaces=plan.replaces,
            deleteBeforeReplace=plan.delete_before_replace,
            detailedDiff={difference.path: _property_diff(difference) for difference in plan.differences},
            hasDetailedDiff=True,
        )

    @_answering
    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:  # noqa: N802
        inputs, instance = _decoded(request.properties), self._instance(context)
        if request.preview and instance.cluster is None:
            return proto.CreateResponse(properties=_encoded(inputs))
        resource = _resource(instance, request.urn)
        create = patch.create if resource.token.is_patch_of(inputs) else operations.create
        stored = create(resource, inputs, timeout_seconds=request.timeout, preview=request.preview)
        if stored is None:
            return proto.CreateResponse(properties=_encoded(inputs))
        return proto.CreateResponse(id=stored.id, properties=_encoded(stored.state))

    @_answering
    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:  # noqa: N802
        inputs, instance = _decoded(request.news), self._instance(context)
        if request.preview and instance.cluster is None:
            return proto.UpdateResponse(properties=_encoded(inputs))
        stored = update.update(
            _resource(instance, request.urn),
            request.id,
            _decoded(request.olds),
            inputs,
            ignore_changes=request.ignoreChanges,
            timeout_seconds=request.timeout,
            preview=request.preview,
        )
        return proto.UpdateResponse(properties=_encoded(inputs if stored is None else stored.state))

    @_answering
    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:  # noqa: N802
        instance, state = self._instance(context), _decoded(request.properties)
        resource = _resource(instance, request.urn)
        try:
            found = operations.read(resource, request.id, state, _old_inputs(request.inputs, state))
        except Unreachable:
            if resource.settings.delete_unreachable:
                return proto.ReadResponse()
            if resource.settings.skip_update_unreachable:
                return proto.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
            raise
        if found is None:
            return proto.ReadResponse()
        stored, inputs = found
        return proto.ReadResponse(id=stored.id, properties=_encoded(stored.state), inputs=_encoded(inputs))

    @_answering
    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        state = _decoded(request.properties)
        resource = _resource(self._instance(context), request.urn)
        try:
            if resource.token.is_patch_of(state):
                patch.delete(resource, request.id, state)
            else:
                inputs = _old_inputs(request.old_inputs, state) or state
                operations.delete(resource, request.id, state, inputs, timeout_seconds=request.timeout)
        except Unreachable:
            if not resource.settings.delete_unreachable:
                raise
        return empty_pb2.Empty()

    @_answering
    def Invoke(self, request: proto.InvokeRequest, context: grpc.ServicerContext) -> proto.InvokeResponse:  # noqa: N802
        raise _not_modelled(f"the function {request.tok}")

    @_answering
    def Call(self, request: proto.CallRequest, context: grpc.ServicerContext) -> proto.CallResponse:  # noqa: N802
        raise _not_modelled(f"the method {request.tok}")

    @_answering
    def Construct(self, request: proto.ConstructRequest, context: grpc.ServicerContext) -> proto.ConstructResponse:  # noqa: N802
        raise _not_modelled(request.type)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        with self._lock:
            instance = self._instances.get(context.peer())
        if instance is not None and instance.cluster is not None:
            instance.cluster.cancellation.cancel()
        return empty_pb2.Empty()

    def _instance(self, context: grpc.ServicerContext) -> Instance:
        with self._lock:
            instance = self._instances.get(context.peer())
        if instance is None:
            raise PlatformError(
                "kubernetes-not-configured",
                "the kubernetes plug-in was called over a connection that was never configured",
                where="",
                mend="run the operation again: the engine has lost its connection to the plug-in",
            )
        return instance


def _resource(instance: Instance, urn: str) -> Resource:
    if instance.settings is None or instance.cluster is None:
        raise PlatformError(
            "kubeconfig-unknown",
            "the kubernetes provider's kubeconfig is not known yet, so that no cluster can be asked",
            where=urn,
            mend="deploy the stack that publishes the kubeconfig first",
        )
    return Resource(instance.cluster, instance.settings, manifest.of_urn(urn))


def _abort_stored(context: grpc.ServicerContext, error: InitFailed) -> NoReturn:
    """Aborts with the state attached, so that the engine keeps the object that was stored but is not ready."""
    detail = proto.ErrorResourceInitFailed(
        id=error.stored.id,
        properties=_encoded(error.stored.state),
        reasons=[str(error)],
        inputs=_encoded(error.inputs) if error.inputs is not None else None,
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort returned")


def _not_modelled(what: str) -> Refused:
    return Refused(
        "kubernetes-not-modelled",
        f"the local lane does not model {what}",
        where="",
        mend="write the objects as Kubernetes resources, or run this stack with the released plug-ins",
    )


def _old_inputs(inputs: struct_pb2.Struct, state: Mapping[str, Any]) -> Manifest:
    """The last inputs; an older engine sends none, and states of the released plug-in hold them."""
    return _decoded(inputs) or dict(state.get("__inputs") or {})


def _decoded(struct: struct_pb2.Struct) -> Manifest:
    return _without_none(wire.decode(struct))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def _encoded(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return wire.encode(secret_values.marked(values))


def _changes(some: bool) -> proto.DiffResponse.DiffChanges.ValueType:
    return proto.DiffResponse.DIFF_SOME if some else proto.DiffResponse.DIFF_NONE


def _property_diff(difference: Difference) -> proto.PropertyDiff:
    return proto.PropertyDiff(kind=_KINDS[difference.change, difference.replaces], inputDiff=True)


__all__ = ["PLUGIN_VERSION", "WORKERS", "Instance", "KubernetesPlugin", "Stored", "add_to_server"]

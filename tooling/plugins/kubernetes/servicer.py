"""Pulumi's ResourceProvider service, with one provider instance per connection.

An attached plug-in is one server for all provider instances of an engine, so what Configure says is kept by connection,
and ends with it.
This module converts messages only; `planning`, `operations`, `patch` and `settings` carry out the requests.
"""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, status_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import provider_pb2_grpc as service

from shared.errors import PlatformError, Refused
from tooling.plugins import wire
from tooling.plugins.connections import Connections
from tooling.plugins.kubernetes import manifest, operations, patch, planning, secret_marks, settings, update
from tooling.plugins.kubernetes.client import ApiError, Client, Unreachable
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.helm import release
from tooling.plugins.kubernetes.helm.release import CHART
from tooling.plugins.kubernetes.helm.requests import Releases, is_release
from tooling.plugins.kubernetes.operations import InitFailed, Resource, Stored
from tooling.plugins.kubernetes.responses import changes, decoded, diff_response, encoded, old_inputs, state_with
from tooling.plugins.kubernetes.settings import Settings

PLUGIN_VERSION = "4.34.2"
"""The SDK's: a program asks for the plug-in of its own version."""

WORKERS = 64
"""Requests served at once; those that wait for a rollout hold a thread each."""

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Instance:
    """One provider of a program. Both are `None` while its kubeconfig is not known yet."""

    settings: Settings | None
    cluster: Cluster | None


def add_to_server(server: grpc.Server) -> None:
    """Registers the plug-in. A server, made by `tooling.plugins.grpc_server`, holds one; a process may hold several."""
    service.add_ResourceProviderServicer_to_server(KubernetesPlugin(server), server)


def _aborting(method: Method) -> Method:
    """Turns errors into what the engine prints and stores."""

    @functools.wraps(method)
    def answer(self: object, request: Message, context: grpc.ServicerContext) -> object:
        try:
            return method(self, request, context)
        except InitFailed as error:
            _abort_stored(context, request, error)
        except PlatformError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ApiError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"the Kubernetes API server refused a request: {error}")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            context.abort(grpc.StatusCode.INTERNAL, f"the local kubernetes plug-in failed: {error!r}")

    return cast("Method", answer)


def _answering(method: Method) -> Method:
    """As `_aborting`; secrets come in plain and go out marked."""

    @functools.wraps(method)
    def answer(self: object, request: Message, context: grpc.ServicerContext) -> Message:
        answered = method(self, secret_marks.taken_off(request), context)
        secret_marks.put_on(answered, request)
        return answered

    return _aborting(cast("Method", answer))


class KubernetesPlugin(service.ResourceProviderServicer):
    def __init__(self, server: grpc.Server) -> None:
        self._instances: Connections[Instance] = Connections(server)
        self._engines: Connections[str] = Connections(server)
        """Addresses of the engines that attached."""

    def Handshake(  # noqa: N802
        self, request: proto.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> proto.ProviderHandshakeResponse:
        self._attached(context, request.engine_address)
        return proto.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(  # noqa: N802
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._attached(context, request.address)
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
        old = decoded(request.old_inputs) or decoded(request.olds)
        found = settings.compare(old, decoded(request.news))
        return proto.DiffResponse(
            changes=changes(bool(found.changed)), diffs=list(found.changed), replaces=list(found.replaces)
        )

    @_answering
    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:  # noqa: N802
        arguments = decoded(request.args)
        instance = Instance(None, None)
        if not wire.has_unknown({key: arguments.get(key) for key in settings.CLUSTER_KEYS}):
            chosen = settings.configured(arguments)
            instance = Instance(chosen, Cluster(Client(chosen.connection, timeout=chosen.timeout), chosen.namespace))
        self._instances.keep(context, instance)
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    @_answering
    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).check(request)
        try:
            inputs = planning.checked(
                decoded(request.news),
                decoded(request.olds),
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
        return proto.CheckResponse(inputs=encoded(inputs))

    @_answering
    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).diff(request)
        instance = self._instance(context)
        state = decoded(request.olds)
        plan = planning.plan(
            old_inputs(request.old_inputs, state),
            state,
            decoded(request.news),
            token=manifest.of_urn(request.urn),
            ignore_changes=request.ignoreChanges,
            settings=instance.settings,
            cluster=instance.cluster,
        )
        return diff_response(plan.differences, delete_before_replace=plan.delete_before_replace)

    @_answering
    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).create(request)
        inputs, instance = decoded(request.properties), self._instance(context)
        if request.preview and instance.cluster is None:
            return proto.CreateResponse(properties=encoded(inputs))
        resource = _resource(instance, request.urn)
        create = patch.create if resource.token.is_patch_of(inputs) else operations.create
        stored = create(resource, inputs, timeout_seconds=request.timeout, preview=request.preview)
        if stored is None:
            return proto.CreateResponse(properties=encoded(inputs))
        return proto.CreateResponse(id=stored.id, properties=state_with(stored.state, inputs))

    @_answering
    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).update(request)
        inputs, instance = decoded(request.news), self._instance(context)
        if request.preview and instance.cluster is None:
            return proto.UpdateResponse(properties=encoded(inputs))
        stored = update.update(
            _resource(instance, request.urn),
            request.id,
            decoded(request.olds),
            inputs,
            ignore_changes=request.ignoreChanges,
            timeout_seconds=request.timeout,
            preview=request.preview,
        )
        if stored is None:
            return proto.UpdateResponse(properties=encoded(inputs))
        return proto.UpdateResponse(properties=state_with(stored.state, inputs))

    @_answering
    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).read(request)
        instance, state = self._instance(context), decoded(request.properties)
        resource = _resource(instance, request.urn)
        try:
            found = operations.read(resource, request.id, state, old_inputs(request.inputs, state))
        except Unreachable:
            if resource.settings.delete_unreachable:
                return proto.ReadResponse()
            if resource.settings.skip_update_unreachable:
                return proto.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
            raise
        if found is None:
            return proto.ReadResponse()
        stored, inputs = found
        return proto.ReadResponse(id=stored.id, properties=state_with(stored.state, inputs), inputs=encoded(inputs))

    @_answering
    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        if is_release(request.urn):
            return self._releases(context).delete(request)
        state = decoded(request.properties)
        resource = _resource(self._instance(context), request.urn)
        try:
            if resource.token.is_patch_of(state):
                patch.delete(resource, request.id, state)
            else:
                inputs = old_inputs(request.old_inputs, state) or state
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

    @_aborting
    def Construct(self, request: proto.ConstructRequest, context: grpc.ServicerContext) -> proto.ConstructResponse:  # noqa: N802
        if request.type != CHART:
            raise _not_modelled(request.type)
        return self._releases(context).construct(request, context, self._instance(context).cluster)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        instance = self._instances.of(context)
        if instance is not None and instance.cluster is not None:
            instance.cluster.cancellation.cancel()
        return empty_pb2.Empty()

    def _attached(self, context: grpc.ServicerContext, address: str) -> None:
        self._engines.keep(context, address)

    def _releases(self, context: grpc.ServicerContext) -> Releases:
        instance = self._instance(context)
        engine = self._engines.of(context) or ""
        cancellation = instance.cluster.cancellation if instance.cluster is not None else None
        return Releases(settings=instance.settings, cancellation=cancellation, engine=engine)

    def _instance(self, context: grpc.ServicerContext) -> Instance:
        instance = self._instances.of(context)
        if instance is None:
            raise PlatformError(
                "kubernetes-not-configured",
                "the kubernetes plug-in was called over a connection that was never configured",
                at="",
                hint="run the operation again: the engine has lost its connection to the plug-in",
            )
        return instance


def _resource(instance: Instance, urn: str) -> Resource:
    if instance.settings is None or instance.cluster is None:
        raise PlatformError(
            "kubeconfig-unknown",
            "the kubernetes provider's kubeconfig is not known yet, so that no cluster can be asked",
            at=urn,
            hint="deploy the stack that publishes the kubeconfig first",
        )
    return Resource(instance.cluster, instance.settings, manifest.of_urn(urn))


def _abort_stored(context: grpc.ServicerContext, request: Message, error: InitFailed) -> NoReturn:
    """Aborts with the state attached, so that the engine keeps the object that was stored but is not ready."""
    detail = proto.ErrorResourceInitFailed(
        id=error.stored.id,
        properties=_state_of_failure(request, error),
        reasons=[str(error)],
        inputs=encoded(error.inputs) if error.inputs is not None else None,
    )
    secret_marks.put_on(detail, request)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort returned")


def _state_of_failure(request: Message, error: InitFailed) -> struct_pb2.Struct:
    inputs = error.inputs
    if inputs is None:
        given = next(name for name in ("news", "inputs", "properties") if name in request.DESCRIPTOR.fields_by_name)
        inputs = decoded(getattr(secret_marks.taken_off(request), given))
    if is_release(getattr(request, "urn", "")):
        return encoded(release.kept(error.stored.state, inputs))
    return state_with(error.stored.state, inputs)


def _not_modelled(what: str) -> Refused:
    return Refused(
        "kubernetes-not-modelled",
        f"the local lane does not model {what}",
        at="",
        hint="write the objects as Kubernetes resources, or run this stack with the released plug-ins",
    )


__all__ = ["PLUGIN_VERSION", "WORKERS", "Instance", "KubernetesPlugin", "Stored", "add_to_server"]

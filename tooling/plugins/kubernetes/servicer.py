"""The gRPC service of the plug-in: converts messages, and leaves the requests to `planning`, `operations`, `update`,
`patch`, `settings` and `helm`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2

from shared.errors import PlatformError, Refused
from tooling.plugins.kubernetes import manifest, operations, patch, planning, settings, update
from tooling.plugins.kubernetes.client import ApiError, Client, Unreachable
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.helm import release
from tooling.plugins.kubernetes.helm.release import CHART
from tooling.plugins.kubernetes.helm.requests import Releases, is_release
from tooling.plugins.kubernetes.operations import InitFailed, Resource, Stored
from tooling.plugins.kubernetes.responses import decoded, diff_of, encoded, old_inputs, state_with
from tooling.plugins.kubernetes.settings import Settings
from tooling.plugins.provider import secret_marks, wire
from tooling.plugins.provider.changes import some
from tooling.plugins.provider.protocol import provider_pb2 as proto
from tooling.plugins.provider.protocol import provider_pb2_grpc
from tooling.plugins.provider.servicer import Failure, ProviderServicer, name_of, responding

PLUGIN_VERSION = "4.34.2"
"""The version that the Python SDK requests."""

THREADS = 64
"""Requests served at the same time; every wait for a rollout occupies one thread."""


@dataclass(frozen=True)
class Instance:
    """One provider of a program. Both are `None` while its kubeconfig is not known yet."""

    settings: Settings | None
    cluster: Cluster | None


def add_to_server(server: grpc.Server) -> None:
    """Adds the plug-in to a server that was created by `tooling.plugins.provider.server`."""
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(KubernetesPlugin(server), server)


class KubernetesPlugin(ProviderServicer[Instance]):
    # The engine's names for the methods, hence no snake_case.
    # ruff: noqa: N802

    package = "kubernetes"
    version = PLUGIN_VERSION
    accepts_secrets = True

    def respond(self, method: Callable[..., Any], request: Any, context: grpc.ServicerContext) -> Any:
        if isinstance(request, proto.ConstructRequest):
            return method(self, request, context)
        response = method(self, secret_marks.removed(request), context)
        secret_marks.restore(response, request, kept_inputs=manifest.INPUTS_KEY)
        return response

    def failure_of(self, error: Exception, request: Any) -> Failure | None:
        unknown = grpc.StatusCode.UNKNOWN
        if isinstance(error, InitFailed):
            return Failure(code=unknown, text=str(error), detail=_stored_despite(error, request))
        if isinstance(error, PlatformError):
            return Failure(code=unknown, text=str(error))
        if isinstance(error, ApiError):
            return Failure(code=unknown, text=f"the Kubernetes API server refused a request: {error}")
        return None

    def not_configured(self) -> PlatformError:
        return PlatformError(
            "kubernetes-not-configured",
            "the kubernetes plug-in was called over a connection that was never configured",
            at="",
            hint="run the operation again: the engine has lost its connection to the plug-in",
        )

    @responding
    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        failures = [
            proto.CheckFailure(property=problem.argument, reason=problem.reason)
            for problem in settings.problems(wire.decode(request.news))
        ]
        return proto.CheckResponse(inputs=request.news, failures=failures)

    @responding
    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        old = decoded(request.old_inputs) or decoded(request.olds)
        found = settings.compare(old, decoded(request.news))
        return proto.DiffResponse(changes=some(found.changed), diffs=list(found.changed), replaces=list(found.replaces))

    @responding
    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:
        arguments = decoded(request.args)
        instance = Instance(None, None)
        if not wire.has_unknown({key: arguments.get(key) for key in settings.CLUSTER_KEYS}):
            chosen = settings.configured(arguments)
            instance = Instance(chosen, Cluster(Client(chosen.connection, timeout=chosen.timeout), chosen.namespace))
        return self.configured(context, instance)

    @responding
    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        if is_release(request):
            return self._releases(context).check(request)
        try:
            inputs = planning.checked(
                decoded(request.news),
                decoded(request.olds),
                token=manifest.of_urn(request.urn),
                logical_name=name_of(request),
                seed=request.randomSeed,
                autonaming=request.autonaming if request.HasField("autonaming") else None,
                cluster=self.instance(context).cluster,
            )
        except Unreachable:
            raise
        except PlatformError as error:
            return proto.CheckResponse(inputs=request.news, failures=[proto.CheckFailure(reason=str(error))])
        return proto.CheckResponse(inputs=encoded(inputs))

    @responding
    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        if is_release(request):
            return self._releases(context).diff(request)
        instance = self.instance(context)
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
        return diff_of(plan.differences, delete_before_replace=plan.delete_before_replace)

    @responding
    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:
        if is_release(request):
            return self._releases(context).create(request)
        inputs, instance = decoded(request.properties), self.instance(context)
        if request.preview and instance.cluster is None:
            return proto.CreateResponse(properties=encoded(inputs))
        resource = _resource(instance, request.urn)
        create = patch.create if resource.token.is_patch_of(inputs) else operations.create
        stored = create(resource, inputs, timeout_seconds=request.timeout, preview=request.preview)
        if stored is None:
            return proto.CreateResponse(properties=encoded(inputs))
        return proto.CreateResponse(id=stored.id, properties=state_with(stored.state, inputs))

    @responding
    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:
        if is_release(request):
            return self._releases(context).update(request)
        inputs, instance = decoded(request.news), self.instance(context)
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

    @responding
    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:
        if is_release(request):
            return self._releases(context).read(request)
        instance, state = self.instance(context), decoded(request.properties)
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

    @responding
    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        if is_release(request):
            return self._releases(context).delete(request)
        state = decoded(request.properties)
        resource = _resource(self.instance(context), request.urn)
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

    @responding
    def Invoke(self, request: proto.InvokeRequest, context: grpc.ServicerContext) -> proto.InvokeResponse:
        raise _not_modelled(f"the function {request.tok}")

    @responding
    def Call(self, request: proto.CallRequest, context: grpc.ServicerContext) -> proto.CallResponse:
        raise _not_modelled(f"the method {request.tok}")

    @responding
    def Construct(self, request: proto.ConstructRequest, context: grpc.ServicerContext) -> proto.ConstructResponse:
        if request.type != CHART:
            raise _not_modelled(request.type)
        return self._releases(context).construct(request, context, self.instance(context).cluster)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        instance = self.instances.of(context)
        if instance is not None and instance.cluster is not None:
            instance.cluster.cancellation.cancel()
        return empty_pb2.Empty()

    def _releases(self, context: grpc.ServicerContext) -> Releases:
        instance = self.instance(context)
        engine = self.engines.of(context) or ""
        cancellation = instance.cluster.cancellation if instance.cluster is not None else None
        return Releases(settings=instance.settings, cancellation=cancellation, engine=engine)


def _resource(instance: Instance, urn: str) -> Resource:
    if instance.settings is None or instance.cluster is None:
        raise PlatformError(
            "kubeconfig-unknown",
            "the kubernetes provider's kubeconfig is not known yet, so that no cluster can be asked",
            at=urn,
            hint="deploy the stack that publishes the kubeconfig first",
        )
    return Resource(instance.cluster, instance.settings, manifest.of_urn(urn))


def _stored_despite(error: InitFailed, request: Any) -> proto.ErrorResourceInitFailed:
    """The object that was stored, but is not ready, for the engine to keep."""
    detail = proto.ErrorResourceInitFailed(
        id=error.stored.id,
        properties=_state_of_failure(request, error),
        reasons=[str(error)],
        inputs=encoded(error.inputs) if error.inputs is not None else None,
    )
    secret_marks.restore(detail, request, kept_inputs=manifest.INPUTS_KEY)
    return detail


def _state_of_failure(request: Any, error: InitFailed) -> struct_pb2.Struct:
    inputs = error.inputs
    if inputs is None:
        given = next(name for name in ("news", "inputs", "properties") if name in request.DESCRIPTOR.fields_by_name)
        inputs = decoded(getattr(secret_marks.removed(request), given))
    if is_release(request):
        return encoded(release.kept(error.stored.state, inputs))
    return state_with(error.stored.state, inputs)


def _not_modelled(what: str) -> Refused:
    return Refused(
        "kubernetes-not-modelled",
        f"the local lane does not model {what}",
        at="",
        hint="write the objects as Kubernetes resources, or run this stack with the released plug-ins",
    )


__all__ = ["PLUGIN_VERSION", "THREADS", "Instance", "KubernetesPlugin", "Stored", "add_to_server"]

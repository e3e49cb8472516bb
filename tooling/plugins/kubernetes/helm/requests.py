"""The engine's requests about Helm releases, answered by `release`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as proto

from shared.errors import PlatformError
from tooling.plugins import wire
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.diff import ignored
from tooling.plugins.kubernetes.helm import release
from tooling.plugins.kubernetes.helm.release import Release
from tooling.plugins.kubernetes.responses import decoded, diff_response, encoded, old_inputs
from tooling.plugins.kubernetes.settings import Settings


def is_release(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2] == release.TYPE


@dataclass(frozen=True, kw_only=True)
class Releases:
    """Releases of one provider instance; `settings` are `None` while its kubeconfig is not known yet."""

    settings: Settings | None
    cancellation: Cancellation | None
    engine: str
    """Address of the engine that asks."""

    def check(self, request: proto.CheckRequest) -> proto.CheckResponse:
        try:
            inputs = release.checked(
                decoded(request.news),
                decoded(request.olds),
                logical_name=request.urn.rpartition("::")[2],
                seed=request.randomSeed,
                proposed=request.autonaming.proposed_name if request.HasField("autonaming") else "",
                settings=self.settings,
            )
        except PlatformError as error:
            return proto.CheckResponse(inputs=request.news, failures=[proto.CheckFailure(reason=str(error))])
        return proto.CheckResponse(inputs=encoded(inputs))

    def diff(self, request: proto.DiffRequest) -> proto.DiffResponse:
        state = decoded(request.olds)
        found = release.compared(old_inputs(request.old_inputs, state), state, decoded(request.news))
        kept = [one for one in found if not ignored(one.location, request.ignoreChanges)]
        return diff_response(kept, delete_before_replace=False)

    def create(self, request: proto.CreateRequest) -> proto.CreateResponse:
        inputs = decoded(request.properties)
        if request.preview and (self.settings is None or wire.has_unknown(inputs)):
            return proto.CreateResponse(properties=encoded(inputs))
        stored = self._of(request.urn).create(inputs, preview=request.preview)
        if stored is None:
            return proto.CreateResponse(properties=encoded(inputs))
        return proto.CreateResponse(
            id="" if request.preview else stored.id, properties=encoded(release.kept(stored.state, inputs))
        )

    def update(self, request: proto.UpdateRequest) -> proto.UpdateResponse:
        inputs = decoded(request.news)
        if request.preview and (self.settings is None or wire.has_unknown(inputs)):
            return proto.UpdateResponse(properties=encoded(inputs))
        stored = self._of(request.urn).update(decoded(request.olds), inputs, preview=request.preview)
        if stored is None:
            return proto.UpdateResponse(properties=encoded(inputs))
        return proto.UpdateResponse(properties=encoded(release.kept(stored.state, inputs)))

    def read(self, request: proto.ReadRequest) -> proto.ReadResponse:
        stored = self._of(request.urn).read(decoded(request.properties))
        if stored is None:
            return proto.ReadResponse()
        properties = encoded(release.kept(stored.state, decoded(request.inputs)))
        return proto.ReadResponse(id=stored.id, properties=properties, inputs=request.inputs)

    def delete(self, request: proto.DeleteRequest) -> empty_pb2.Empty:
        self._of(request.urn).delete(decoded(request.properties))
        return empty_pb2.Empty()

    def construct(
        self, request: proto.ConstructRequest, context: grpc.ServicerContext, cluster: Cluster | None
    ) -> proto.ConstructResponse:
        # Pulumi's SDK takes a second to import, and few programs render charts.
        from tooling.plugins.kubernetes.helm.chart import construct

        return construct(request, context, self._of(request.parent), cluster, self.engine)

    def _of(self, urn: str) -> Release:
        if self.settings is None or self.cancellation is None:
            raise PlatformError(
                "kubeconfig-unknown",
                "the kubernetes provider's kubeconfig is not known yet, so that no cluster can be asked",
                at=urn,
                hint="deploy the stack that publishes the kubeconfig first",
            )
        return Release(
            urn=urn,
            settings=self.settings,
            cancellation=self.cancellation,
            say=lambda text: _tell(self.engine, urn, text),
        )


def _tell(engine: str, urn: str, text: str) -> None:
    """A warning of the operation that is under way, which does not fail with it."""
    with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(engine) as channel:
        engine_pb2_grpc.EngineStub(channel).Log(
            engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=text, urn=urn), timeout=10
        )

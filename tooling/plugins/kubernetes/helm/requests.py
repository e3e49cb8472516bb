"""The engine's requests about Helm releases, answered by `release`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2

from shared.errors import PlatformError
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.diff import ignored
from tooling.plugins.kubernetes.helm import release
from tooling.plugins.kubernetes.helm.release import Release
from tooling.plugins.kubernetes.responses import decoded, diff_of, encoded, old_inputs
from tooling.plugins.kubernetes.settings import Settings
from tooling.plugins.provider import wire
from tooling.plugins.provider.protocol import engine_pb2, engine_pb2_grpc, provider_pb2
from tooling.plugins.provider.servicer import name_of, type_of


def is_release(request: Any) -> bool:
    return type_of(request) == release.TYPE


@dataclass(frozen=True, kw_only=True)
class Releases:
    """Releases of one provider instance; `settings` are `None` while its kubeconfig is not known yet."""

    settings: Settings | None
    cancellation: Cancellation | None
    engine: str
    """Address of the engine that asks."""

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        try:
            inputs = release.checked(
                decoded(request.news),
                decoded(request.olds),
                logical_name=name_of(request),
                seed=request.randomSeed,
                proposed=request.autonaming.proposed_name if request.HasField("autonaming") else "",
                settings=self.settings,
            )
        except PlatformError as error:
            return provider_pb2.CheckResponse(
                inputs=request.news, failures=[provider_pb2.CheckFailure(reason=str(error))]
            )
        return provider_pb2.CheckResponse(inputs=encoded(inputs))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        state = decoded(request.olds)
        found = release.compared(old_inputs(request.old_inputs, state), state, decoded(request.news))
        kept = [one for one in found if not ignored(one.path, request.ignoreChanges)]
        return diff_of(kept, delete_before_replace=False)

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        inputs = decoded(request.properties)
        if request.preview and (self.settings is None or wire.has_unknown(inputs)):
            return provider_pb2.CreateResponse(properties=encoded(inputs))
        stored = self._of(request.urn).create(inputs, preview=request.preview)
        if stored is None:
            return provider_pb2.CreateResponse(properties=encoded(inputs))
        return provider_pb2.CreateResponse(
            id="" if request.preview else stored.id, properties=encoded(release.kept(stored.state, inputs))
        )

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        inputs = decoded(request.news)
        if request.preview and (self.settings is None or wire.has_unknown(inputs)):
            return provider_pb2.UpdateResponse(properties=encoded(inputs))
        stored = self._of(request.urn).update(decoded(request.olds), inputs, preview=request.preview)
        if stored is None:
            return provider_pb2.UpdateResponse(properties=encoded(inputs))
        return provider_pb2.UpdateResponse(properties=encoded(release.kept(stored.state, inputs)))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        stored = self._of(request.urn).read(decoded(request.properties))
        if stored is None:
            return provider_pb2.ReadResponse()
        properties = encoded(release.kept(stored.state, decoded(request.inputs)))
        return provider_pb2.ReadResponse(id=stored.id, properties=properties, inputs=request.inputs)

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        self._of(request.urn).delete(decoded(request.properties))
        return empty_pb2.Empty()

    def construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext, cluster: Cluster | None
    ) -> provider_pb2.ConstructResponse:
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

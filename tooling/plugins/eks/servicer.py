"""Serves the component over gRPC, both to an engine that started the plug-in and to one that attached by port."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.errors import InputPropertyError
from pulumi.provider.provider import CallResult, ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tooling.plugins.provider.connections import Connections
from tooling.plugins.provider.server import LOOPBACK, make_asynchronous_server


class EksProvider(Provider):
    def __init__(self) -> None:
        installed = version("pulumi-eks")
        super().__init__(installed, schema=json.dumps({"name": "eks", "version": installed}))

    def construct(
        self, name: str, resource_type: str, inputs: Mapping[str, Any], options: Any = None
    ) -> ConstructResult:
        if resource_type != "eks:index:Cluster":
            raise InputPropertyError("", f"the local lane does not model the component {resource_type}")
        from tooling.plugins.eks.cluster import Cluster

        component = Cluster(name, inputs, options)
        return ConstructResult(component.urn, component.outputs)

    def call(self, token: str, args: Mapping[str, Any]) -> CallResult:
        raise InputPropertyError("", f"the local lane does not model the method {token}")

    def cancel(self) -> None:
        """Nothing here outlives a request."""


class Servicer(ProviderServicer):
    """The SDK's servicer has neither `Attach` nor answers to the provider's own configuration, and knows one engine:
    here it is the one that attached over the connection of the request, since several run side by side."""

    def __init__(self, provider: Provider, engine_address: str, server: grpc.aio.Server) -> None:
        self._of_this_request: ContextVar[str] = ContextVar("engine_address", default=engine_address)
        self._engines: Connections[str] = Connections(server)
        super().__init__(provider, [], engine_address)

    @property
    def engine_address(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._of_this_request.get()

    @engine_address.setter
    def engine_address(self, address: str) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._of_this_request.set(address)

    async def Construct(self, request: Any, context: Any) -> provider_pb2.ConstructResponse:  # noqa: N802
        # Before the inputs are read: without the SDK a reference to a role arrives as its bare URN. Not at start: it
        # takes a second, and only one stack of all needs it.
        import pulumi_eks  # noqa: F401

        # Each request is a task, hence a context, of its own.
        self._of_this_request.set(self._engines.of(context) or self.engine_address)
        return await super().Construct(request, context)

    async def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        self._engines.keep(context, request.address)
        return empty_pb2.Empty()

    async def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)


def serve_in_thread(engine_address: str = "") -> int:
    """Serves until the process ends, on an event loop of its own. Returns the loopback port."""
    ready = threading.Event()
    ports: list[int] = []

    async def run() -> None:
        server = make_asynchronous_server()
        servicer = Servicer(EksProvider(), engine_address, server)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        ports.append(server.add_insecure_port(LOOPBACK))
        await server.start()
        ready.set()
        await server.wait_for_termination()

    threading.Thread(target=lambda: asyncio.run(run()), name="eks-plugin", daemon=True).start()
    ready.wait()
    return ports[0]

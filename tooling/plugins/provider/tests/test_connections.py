"""What a plug-in keeps for a connection ends with it, also where the next one comes from the same address."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tooling.lane.ports import free_ports
from tooling.plugins.eks.servicer import serve_in_thread
from tooling.plugins.kubernetes import add_to_server as add_kubernetes
from tooling.plugins.provider import wire
from tooling.plugins.provider.connections import Connections
from tooling.plugins.provider.server import start
from tooling.plugins.provider.tests.one_address import connected, connected_from


class Name(str):
    """A string that can be referred to weakly."""


class Names(provider_pb2_grpc.ResourceProviderServicer):
    """Keeps for each connection the address that it was told last, and answers with it."""

    def __init__(self, server: grpc.Server) -> None:
        self.kept: Connections[Name] = Connections(server)
        self.references: list[weakref.ref[Name]] = []

    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        name = Name(request.address)
        self.references.append(weakref.ref(name))
        self.kept.keep(context, name)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self.kept.of(context) or "nothing")


def add_names(server: grpc.Server) -> Names:
    names = Names(server)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(names, server)
    return names


@contextlib.contextmanager
def served(add: Callable[[grpc.Server], object]) -> Iterator[int]:
    server, port = start(add, threads=8)
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


def attach(stub: Any, address: str) -> None:
    stub.Attach(plugin_pb2.PluginAttach(address=address))


def kept(stub: Any) -> str:
    return stub.GetPluginInfo(empty_pb2.Empty()).version


def test_what_is_kept_is_its_own_connections_alone() -> None:
    with served(add_names) as port, connected(port) as one, connected(port) as two, connected(port) as three:
        attach(one, "one")
        attach(two, "two")
        assert (kept(one), kept(two), kept(three)) == ("one", "two", "nothing")
        attach(one, "changed")
        assert (kept(one), kept(two)) == ("changed", "two")


def test_hundreds_of_connections_at_once_each_find_their_own() -> None:
    """channelz lists a hundred connections a page."""
    with (
        served(add_names) as port,
        contextlib.ExitStack() as stack,
    ):
        stubs = [stack.enter_context(connected(port)) for _ in range(230)]
        for number, stub in enumerate(stubs):
            attach(stub, str(number))
        assert [kept(stub) for stub in stubs] == [str(number) for number in range(230)]


def test_what_is_kept_goes_with_the_connections_that_end() -> None:
    names: list[Names] = []
    with served(lambda server: names.append(add_names(server))) as port, connected(port) as lasting:
        for number in range(40):
            with connected(port) as stub:
                attach(stub, str(number))
        deadline = time.monotonic() + 30
        # A server learns a moment later that a connection has ended.
        while any(reference() for reference in names[0].references[:40]):
            assert time.monotonic() < deadline, "values of connections that ended are still kept"
            attach(lasting, "lasting")
        assert kept(lasting) == "lasting"


def test_connection_from_the_address_of_one_that_ended_gets_nothing_of_it() -> None:
    (source,) = free_ports(1)
    with served(add_names) as port:
        for _ in range(5):
            with connected_from(source, port) as stub:
                assert kept(stub) == "nothing"
                attach(stub, "first")
                assert kept(stub) == "first"


def test_servers_of_one_process_keep_apart_connections_from_one_address() -> None:
    (source,) = free_ports(1)
    with served(add_names) as first, served(add_names) as second, connected_from(source, first) as one:
        attach(one, "one")
        with connected_from(source, second) as two:
            assert kept(two) == "nothing"
            attach(two, "two")
            assert (kept(one), kept(two)) == ("one", "two")


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: lane
clusters: [{name: lane, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: lane, context: {cluster: lane, user: admin}}]
"""


def test_kubernetes_plugin_hands_no_kubeconfig_to_a_later_connection_from_the_same_address() -> None:
    (source,) = free_ports(1)
    request = provider_pb2.CheckRequest(
        urn="urn:pulumi:test::test::kubernetes:core/v1:ConfigMap::one", news=wire.encode({"metadata": {"name": "one"}})
    )

    def reasons(stub: Any) -> str:
        return "".join(failure.reason for failure in stub.Check(request).failures)

    with served(add_kubernetes) as port:
        with connected_from(source, port) as stub:
            stub.Configure(provider_pb2.ConfigureRequest(args=wire.encode({"kubeconfig": KUBECONFIG})))
            with pytest.raises(grpc.RpcError, match=r"127\.0\.0\.1:9 is unreachable"):
                stub.Check(request)
        with connected_from(source, port) as stub:
            assert "never configured" in reasons(stub)


def test_eks_component_reports_to_the_engine_that_attached_over_the_same_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Engines of several stacks attach to one process; the last one to do so got everybody's diagnostics."""

    async def construct(self: ProviderServicer, request: Any, context: Any) -> provider_pb2.ConstructResponse:
        return provider_pb2.ConstructResponse(urn=self.engine_address)

    monkeypatch.setattr(ProviderServicer, "Construct", construct)
    port = serve_in_thread("127.0.0.1:1")
    with connected(port) as one, connected(port) as two, connected(port) as started_by_its_engine:
        attach(one, "127.0.0.1:11")
        attach(two, "127.0.0.1:22")
        asked = [stub.Construct(provider_pb2.ConstructRequest()).urn for stub in (one, two, started_by_its_engine, one)]
    assert asked == ["127.0.0.1:11", "127.0.0.1:22", "127.0.0.1:1", "127.0.0.1:11"]

"""The part of Pulumi's ResourceProvider service that is the same in every plug-in.

An engine that attaches by port shares one server among all its provider instances, so that what Configure says is kept
per connection, which is unique to each instance, and dropped with it. A connection that was never configured is
rejected: another one's configuration would create a resource in the wrong account or cluster.
"""

from __future__ import annotations

import functools
import logging
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, cast

import grpc
from google.protobuf import empty_pb2

from shared.errors import PlatformError
from tooling.plugins.provider.connections import Connections
from tooling.plugins.provider.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

log = logging.getLogger(__name__)

Instance = TypeVar("Instance")
Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How a request fails: the text that the engine prints under the resource's name.

    `detail` describes a resource that exists despite the failure, which the engine then keeps in the state.
    """

    code: grpc.StatusCode
    text: str
    detail: provider_pb2.ErrorResourceInitFailed | None = None


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer, Generic[Instance]):
    """The base of a plug-in's service; `Instance` is what a plug-in keeps for one configured provider."""

    # The engine's names for the methods, hence no snake_case.
    # ruff: noqa: N802

    package: ClassVar[str]
    version: ClassVar[str]
    """The version that the Python SDK requests."""
    accepts_secrets: ClassVar[bool] = False
    """Whether values arrive with their marks; otherwise the engine removes the marks and restores them."""

    def __init__(self, server: grpc.Server) -> None:
        self.instances: Connections[Instance] = Connections(server)
        self.engines: Connections[str] = Connections(server)
        """Addresses of the engines that attached."""

    @abstractmethod
    def failure_of(self, error: Exception, request: Any) -> Failure | None:
        """How a request that raised `error` fails; `None` for an error of the plug-in itself."""

    @abstractmethod
    def not_configured(self) -> PlatformError:
        """The error of a request over a connection that was never configured."""

    def respond(self, method: Callable[..., Any], request: Any, context: grpc.ServicerContext) -> Any:
        """Calls one of the methods below."""
        return method(self, request, context)

    def instance(self, context: grpc.ServicerContext) -> Instance:
        """What was kept for the connection of this call. Raises: `not_configured`."""
        kept = self.instances.of(context)
        if kept is None:
            raise self.not_configured()
        return kept

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        self.engines.keep(context, request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=self.accepts_secrets, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.engines.keep(context, request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def configured(self, context: grpc.ServicerContext, instance: Instance) -> provider_pb2.ConfigureResponse:
        """Keeps the instance for its connection, and answers Configure."""
        self.instances.keep(context, instance)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=self.accepts_secrets, supportsPreview=True, supports_autonaming_configuration=True
        )


def responding(method: Method) -> Method:
    """Turns errors of a method of a `ProviderServicer` into a gRPC status."""

    @functools.wraps(method)
    def respond(self: ProviderServicer[Any], request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return self.respond(method, request, context)
        except Exception as error:
            failure = self.failure_of(error, request)
            if failure is None:
                log.exception("%s of %s", method.__name__, type_of(request))
                what = f"{type(error).__name__}: {error} ({method.__name__} of {type_of(request)})"
                internal = f"internal error of the local lane's {self.package} plug-in: {what}"
                failure = Failure(code=grpc.StatusCode.INTERNAL, text=internal)
            _abort(context, failure)

    return cast("Method", respond)


def type_of(request: Any) -> str:
    """The type token of the request's resource, without those of its parents, or the token of its function."""
    named = getattr(request, "type", "") or getattr(request, "tok", "")
    if not named and getattr(request, "urn", ""):
        named = request.urn.split("::")[2].rsplit("$", 1)[-1]
    return named


def name_of(request: Any) -> str:
    """The logical name of the request's resource."""
    return request.urn.split("::", 3)[3]


def _abort(context: grpc.ServicerContext, failure: Failure) -> NoReturn:
    if failure.detail is not None:
        status = status_pb2.Status(code=failure.code.value[0], message=failure.text)
        status.details.add().Pack(failure.detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(failure.code, failure.text)
    raise AssertionError("abort returned")

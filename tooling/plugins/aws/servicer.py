"""The gRPC service of the plug-in: answers the engine's requests from the table, independent of single rows.

One server handles many provider instances, since an engine that attaches by port shares it. Configuration is stored per
connection, which is unique to each instance, and dropped with it. An unconfigured connection is rejected: falling back
to another one's configuration would create a resource in the wrong account.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2

from shared.errors import PlatformError, nearest
from tooling.plugins import wire
from tooling.plugins.aws import autonaming, configuration, lifecycle
from tooling.plugins.aws.check import checked
from tooling.plugins.aws.clients import Connection, Scope
from tooling.plugins.aws.diff import Change, changes
from tooling.plugins.aws.errors import AwsRefused, NotModelled, PossiblyCreated, ProviderMisconfigured, message
from tooling.plugins.aws.functions import FUNCTIONS
from tooling.plugins.aws.lost_responses import ResponseLost
from tooling.plugins.aws.paths import parse, text
from tooling.plugins.aws.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from tooling.plugins.aws.row import Row
from tooling.plugins.aws.table import TABLE
from tooling.plugins.connections import Connections

VERSION = "7.51.1"
"""The version that the Python SDK requests; a test compares it with `pulumi_aws/pulumi-plugin.json`."""

log = logging.getLogger(__name__)
Method = TypeVar("Method", bound=Callable[..., Any])


def add_to_server(
    server: grpc.Server,
    *,
    endpoint_url: str | None,
    deletion_patience_seconds: float = lifecycle.DELETION_PATIENCE_SECONDS,
) -> None:
    """Adds the plug-in to a server that may host further services.

    Args:
        server: made by `tooling.plugins.grpc_server`.
        endpoint_url: the emulated AWS.
        deletion_patience_seconds: how long to retry a deletion that AWS refuses because of a dependent resource.

    Raises:
        NotLoopback: the endpoint is missing or not on this machine.
    """
    url = configuration.loopback_endpoint(endpoint_url, named_by=configuration.ENDPOINT_VARIABLE)
    servicer = Servicer(url, deletion_patience_seconds, Connections(server))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)


def _errors_as_status(method: Method) -> Method:
    """Turns every error into a gRPC status whose text is meant for the reader of the engine's output."""

    @functools.wraps(method)
    def answering(self: Servicer, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except lifecycle.PartialFailure as error:
            _abort_partial_failure(context, error)
        except PlatformError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, message(error))
        except ResponseLost as error:
            perhaps = PossiblyCreated(error.cause, pulumi_name=_pulumi_name(request), endpoint=self.endpoint_url)
            context.abort(grpc.StatusCode.UNKNOWN, message(perhaps))
        except (ClientError, BotoCoreError) as error:
            refused = AwsRefused(
                error, pulumi_name=_pulumi_name(request) or "the aws provider", endpoint=self.endpoint_url
            )
            context.abort(grpc.StatusCode.UNKNOWN, message(refused))
        except Exception as error:
            log.exception("%s of %s", method.__name__, _pulumi_name(request))
            what = f"{type(error).__name__}: {error} ({method.__name__} of {_pulumi_name(request)})"
            context.abort(grpc.StatusCode.INTERNAL, f"internal error of the local lane's aws plug-in: {what}")

    return answering  # type: ignore[return-value] - functools.wraps keeps the signature


def _abort_partial_failure(context: grpc.ServicerContext, error: lifecycle.PartialFailure) -> NoReturn:
    """Reports a resource that exists despite a failure, so that the engine keeps it in the state."""
    details = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=wire.encode(error.outputs), reasons=[error.reason]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=error.reason)
    status.details.add().Pack(details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, error.reason)


def _pulumi_name(request: Any) -> str:
    named = getattr(request, "type", "") or getattr(request, "tok", "")
    if not named and getattr(request, "urn", ""):
        named = request.urn.split("::")[2].split("$")[-1]
    return named


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """See `pulumirpc.ResourceProvider`: each method is one of its calls."""

    def __init__(
        self, endpoint_url: str, deletion_patience_seconds: float, connections: Connections[Connection]
    ) -> None:
        self.endpoint_url = endpoint_url
        self._deletion_patience_seconds = deletion_patience_seconds
        self._connections = connections

    # The engine's names for the methods, hence no snake_case.
    # ruff: noqa: N802

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False,
            accept_resources=False,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    @_errors_as_status
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        wrong = configuration.failures(wire.decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(wrong))

    @_errors_as_status
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """No argument replaces a provider, as in the released plug-in: a new region replaces individual resources."""
        old, new = wire.decode(request.old_inputs), wire.decode(request.news)
        different = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        return provider_pb2.DiffResponse(changes=_some(different), diffs=different)

    @_errors_as_status
    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        settings = configuration.read(wire.decode(request.args), endpoint_url=self.endpoint_url)
        self._connections.keep(context, Connection(settings))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    @_errors_as_status
    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        row, connection = self._row(request), self._connection(context)
        naming = _naming(request)
        inputs, wrong = checked(row, connection, wire.decode(request.olds), wire.decode(request.news), naming)
        return provider_pb2.CheckResponse(inputs=wire.encode(inputs), failures=_failures(wrong))

    @_errors_as_status
    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        row, new = self._row(request), wire.decode(request.news)
        ignored = [parse(path) for path in request.ignoreChanges]
        state = wire.decode(request.olds)
        found = changes(row, state, new, ignored)
        replacing = [change for change in found if change.replaces]
        if not replacing:
            _refuse_fixed(row, found)
        return provider_pb2.DiffResponse(
            changes=_some(found),
            diffs=sorted({str(change.path[0]) for change in found}),
            replaces=sorted({str(change.path[0]) for change in replacing}),
            detailedDiff={text(change.path): _property_diff(change) for change in found},
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replacing) and lifecycle.must_go_first(row, state, new),
        )

    @_errors_as_status
    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        row, inputs = self._row(request), wire.decode(request.properties)
        resource_id, outputs = lifecycle.create(row, self._scope(context, row, inputs), inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=wire.encode(outputs))

    @_errors_as_status
    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        row, known = self._row(request), wire.decode(request.properties)
        resource_id, region = lifecycle.split_region(row, request.id, known)
        scope = Scope(self._connection(context), region)
        found = lifecycle.read(row, scope, resource_id, known, wire.decode(request.inputs))
        if found is None:
            return provider_pb2.ReadResponse(id="")
        outputs, inputs = found
        return provider_pb2.ReadResponse(id=resource_id, properties=wire.encode(outputs), inputs=wire.encode(inputs))

    @_errors_as_status
    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        row, new, state = self._row(request), wire.decode(request.news), wire.decode(request.olds)
        ignored = [parse(path) for path in request.ignoreChanges]
        scope = self._scope(context, row, state)
        outputs = lifecycle.update(row, scope, request.id, state, new, ignored, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=wire.encode(outputs))

    @_errors_as_status
    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        row, state = self._row(request), wire.decode(request.properties)
        scope = self._scope(context, row, state)
        lifecycle.delete(row, scope, request.id, state, patience_seconds=self._deletion_patience_seconds)
        return empty_pb2.Empty()

    @_errors_as_status
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise NotModelled(
                f"the local lane does not model the function {request.tok}{nearest(request.tok, FUNCTIONS)}",
                at=request.tok,
            )
        arguments = wire.decode(request.args)
        wrong = function.failures(arguments)
        response = provider_pb2.InvokeResponse(failures=_failures(wrong))
        if not wrong:
            region = arguments.get("region") if function.regional else None
            result = function.answer(Scope(self._connection(context), region), arguments)
            getattr(response, "return").CopyFrom(wire.encode(result))
        return response

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Stops the waits of this connection's requests; other provider instances are not affected."""
        connection = self._connections.of(context)
        if connection is not None:
            connection.cancelled.set()
        return empty_pb2.Empty()

    def _row(self, request: Any) -> Row:
        pulumi_name = _pulumi_name(request)
        row = TABLE.get(pulumi_name)
        if row is None:
            raise NotModelled(
                f"the local lane does not model the resource type {pulumi_name}{nearest(pulumi_name, TABLE)}",
                at=pulumi_name,
            )
        return row

    def _connection(self, context: grpc.ServicerContext) -> Connection:
        connection = self._connections.of(context)
        if connection is None:
            raise ProviderMisconfigured(
                "the engine's connection to the local aws plug-in is not configured, or was lost and opened again",
                hint="run the same command again",
            )
        return connection

    def _scope(self, context: grpc.ServicerContext, row: Row, values: Mapping[str, Any]) -> Scope:
        return Scope(self._connection(context), values.get("region") if row.regional else None)


def _refuse_fixed(row: Row, found: list[Change]) -> None:
    """Reports already in a preview that the lane cannot make a change that AWS can."""
    for change in found:
        if change.fixed is not None:
            path = text(change.path)
            raise NotModelled(
                f"the local lane does not model changing `{path}` of {row.pulumi_name} in place: {change.fixed}",
                at=path,
            )


def _naming(request: Any) -> autonaming.Request:
    name = request.name or request.urn.split("::")[-1]
    if not request.HasField("autonaming"):
        return autonaming.Request(logical_name=name, seed=request.randomSeed)
    options = provider_pb2.CheckRequest.AutonamingOptions
    modes = {
        options.PROPOSE: autonaming.Mode.PROPOSE,
        options.ENFORCE: autonaming.Mode.ENFORCE,
        options.DISABLE: autonaming.Mode.DISABLE,
    }
    return autonaming.Request(
        logical_name=name,
        seed=request.randomSeed,
        mode=modes[request.autonaming.mode],
        proposed=request.autonaming.proposed_name,
    )


def _failures(wrong: list[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in wrong]


def _property_diff(change: Change) -> provider_pb2.PropertyDiff:
    kind = provider_pb2.PropertyDiff.Kind.Value(change.kind.engine_name(replaces=change.replaces))
    return provider_pb2.PropertyDiff(kind=kind, inputDiff=False)


def _some(found: Any) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE

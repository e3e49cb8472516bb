"""The gRPC service of the plug-in: answers the engine's requests from the table, independent of single rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2

from shared.errors import PlatformError, nearest
from tooling.plugins.aws.engine import autonaming, configuration, lifecycle
from tooling.plugins.aws.engine.check import checked
from tooling.plugins.aws.engine.clients import Connection, Scope
from tooling.plugins.aws.engine.diff import AwsChange, changes
from tooling.plugins.aws.engine.errors import AwsRefused, NotModelled, PossiblyCreated, ProviderMisconfigured, message
from tooling.plugins.aws.engine.lost_responses import ResponseLost
from tooling.plugins.aws.engine.row import Row
from tooling.plugins.aws.functions import FUNCTIONS
from tooling.plugins.aws.table import TABLE
from tooling.plugins.provider import wire
from tooling.plugins.provider.changes import diff_response, some
from tooling.plugins.provider.paths import parse, text
from tooling.plugins.provider.protocol import provider_pb2, provider_pb2_grpc
from tooling.plugins.provider.servicer import Failure, ProviderServicer, name_of, responding, type_of

VERSION = "7.51.1"
"""The version that the Python SDK requests; a test compares it with `pulumi_aws/pulumi-plugin.json`."""


def add_to_server(
    server: grpc.Server,
    *,
    endpoint_url: str | None,
    deletion_patience_seconds: float = lifecycle.DELETION_PATIENCE_SECONDS,
) -> None:
    """Adds the plug-in to a server that may host further services.

    Args:
        server: created by `tooling.plugins.provider.server`.
        endpoint_url: the emulated AWS.
        deletion_patience_seconds: how long to retry a deletion that AWS refuses because of a dependent resource.

    Raises:
        NotLoopback: the endpoint is missing or not on this machine.
    """
    url = configuration.loopback_endpoint(endpoint_url, named_by=configuration.ENDPOINT_VARIABLE)
    servicer = Servicer(server, url, deletion_patience_seconds)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)


class Servicer(ProviderServicer[Connection]):
    """See `pulumirpc.ResourceProvider`: each method is one of its calls."""

    # The engine's names for the methods, hence no snake_case.
    # ruff: noqa: N802

    package = "aws"
    version = VERSION

    def __init__(self, server: grpc.Server, endpoint_url: str, deletion_patience_seconds: float) -> None:
        super().__init__(server)
        self.endpoint_url = endpoint_url
        self._deletion_patience_seconds = deletion_patience_seconds

    def failure_of(self, error: Exception, request: Any) -> Failure | None:
        unknown, pulumi_name = grpc.StatusCode.UNKNOWN, type_of(request)
        if isinstance(error, lifecycle.PartialFailure):
            detail = provider_pb2.ErrorResourceInitFailed(
                id=error.resource_id, properties=wire.encode(error.outputs), reasons=[error.reason]
            )
            return Failure(code=unknown, text=error.reason, detail=detail)
        if isinstance(error, PlatformError):
            return Failure(code=grpc.StatusCode.FAILED_PRECONDITION, text=message(error))
        if isinstance(error, ResponseLost):
            perhaps = PossiblyCreated(error.cause, pulumi_name=pulumi_name, endpoint=self.endpoint_url)
            return Failure(code=unknown, text=message(perhaps))
        if isinstance(error, ClientError | BotoCoreError):
            refused = AwsRefused(error, pulumi_name=pulumi_name or "the aws provider", endpoint=self.endpoint_url)
            return Failure(code=unknown, text=message(refused))
        return None

    def not_configured(self) -> PlatformError:
        return ProviderMisconfigured(
            "the engine's connection to the local aws plug-in is not configured, or was lost and opened again",
            hint="run the same command again",
        )

    @responding
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        wrong = configuration.failures(wire.decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(wrong))

    @responding
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """No argument replaces a provider, as in the released plug-in: a new region replaces individual resources."""
        old, new = wire.decode(request.old_inputs), wire.decode(request.news)
        different = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        return provider_pb2.DiffResponse(changes=some(different), diffs=different)

    @responding
    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        settings = configuration.read(wire.decode(request.args), endpoint_url=self.endpoint_url)
        return self.configured(context, Connection(settings))

    @responding
    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        row, connection = self._row(request), self.instance(context)
        naming = _naming(request)
        inputs, wrong = checked(row, connection, wire.decode(request.olds), wire.decode(request.news), naming)
        return provider_pb2.CheckResponse(inputs=wire.encode(inputs), failures=_failures(wrong))

    @responding
    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        row, new = self._row(request), wire.decode(request.news)
        ignored = [parse(path) for path in request.ignoreChanges]
        state = wire.decode(request.olds)
        found = changes(row, state, new, ignored)
        replacing = [change for change in found if change.replaces]
        if not replacing:
            _refuse_fixed(row, found)
        return diff_response(
            found,
            replaces=sorted({change.root for change in replacing}),
            input_diff=False,
            delete_before_replace=bool(replacing) and lifecycle.must_go_first(row, state, new),
        )

    @responding
    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        row, inputs = self._row(request), wire.decode(request.properties)
        resource_id, outputs = lifecycle.create(row, self._scope(context, row, inputs), inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=wire.encode(outputs))

    @responding
    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        row, known = self._row(request), wire.decode(request.properties)
        resource_id, region = lifecycle.split_region(row, request.id, known)
        scope = Scope(self.instance(context), region)
        found = lifecycle.read(row, scope, resource_id, known, wire.decode(request.inputs))
        if found is None:
            return provider_pb2.ReadResponse(id="")
        outputs, inputs = found
        return provider_pb2.ReadResponse(id=resource_id, properties=wire.encode(outputs), inputs=wire.encode(inputs))

    @responding
    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        row, new, state = self._row(request), wire.decode(request.news), wire.decode(request.olds)
        ignored = [parse(path) for path in request.ignoreChanges]
        scope = self._scope(context, row, state)
        outputs = lifecycle.update(row, scope, request.id, state, new, ignored, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=wire.encode(outputs))

    @responding
    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        row, state = self._row(request), wire.decode(request.properties)
        scope = self._scope(context, row, state)
        lifecycle.delete(row, scope, request.id, state, patience_seconds=self._deletion_patience_seconds)
        return empty_pb2.Empty()

    @responding
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
            result = function.answer(Scope(self.instance(context), region), arguments)
            getattr(response, "return").CopyFrom(wire.encode(result))
        return response

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Stops the waits of this connection's requests; other provider instances are not affected."""
        connection = self.instances.of(context)
        if connection is not None:
            connection.cancelled.set()
        return empty_pb2.Empty()

    def _row(self, request: Any) -> Row:
        pulumi_name = type_of(request)
        row = TABLE.get(pulumi_name)
        if row is None:
            raise NotModelled(
                f"the local lane does not model the resource type {pulumi_name}{nearest(pulumi_name, TABLE)}",
                at=pulumi_name,
            )
        return row

    def _scope(self, context: grpc.ServicerContext, row: Row, values: Mapping[str, Any]) -> Scope:
        return Scope(self.instance(context), values.get("region") if row.regional else None)


def _refuse_fixed(row: Row, found: list[AwsChange]) -> None:
    """Reports already in a preview that the lane cannot make a change that AWS can."""
    for change in found:
        if change.fixed is not None:
            path = text(change.path)
            raise NotModelled(
                f"the local lane does not model changing `{path}` of {row.pulumi_name} in place: {change.fixed}",
                at=path,
            )


def _naming(request: Any) -> autonaming.Request:
    name = request.name or name_of(request)
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

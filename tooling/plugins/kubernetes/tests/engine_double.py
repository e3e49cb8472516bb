"""Calls the plug-in over gRPC in the order in which Pulumi's engine does, without an engine.

Like the engine it strips secret marks from what it sends, since the plug-in accepts none, and keeps inputs and state
from one step to the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import provider_pb2_grpc as service

from shared.engine_marks import without_secrets
from tooling.plugins.provider import wire
from tooling.plugins.provider.tests.engine import init_failed

STACK = "urn:pulumi:test::demo"
TIMEOUT_SECONDS = 120


class Refused(Exception):
    """The plug-in said no. `left` is what it stored all the same."""

    def __init__(self, message: str, left: Deployed | None = None, reasons: list[str] | None = None) -> None:
        self.message = message
        self.left = left
        self.reasons = reasons or []
        super().__init__(message)


@dataclass(frozen=True)
class Deployed:
    """One resource in the state file."""

    token: str
    name: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]

    @property
    def urn(self) -> str:
        return f"{STACK}::{self.token}::{self.name}"

    @property
    def object_name(self) -> str:
        return self.state["metadata"]["name"]


@dataclass(frozen=True)
class Difference:
    some: bool
    paths: dict[str, str]
    """Property path → kind of change, e.g. `UPDATE_REPLACE`."""
    replaces: list[str]
    delete_before_replace: bool


@dataclass
class Provider:
    """One provider of a program, on a connection of its own."""

    address: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Channels to one address share a connection unless told otherwise; the engine's providers do not.
        self._channel = grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = service.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def start(self) -> Provider:
        self.stub.Handshake(proto.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        self.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        failures = self.check_config()
        if failures:
            raise Refused("\n".join(failures.values()))
        _called(self.stub.Configure, proto.ConfigureRequest(args=wire.encode(self._wire_arguments())))
        return self

    def check_config(self) -> dict[str, str]:
        answer = _called(self.stub.CheckConfig, proto.CheckRequest(news=wire.encode(self._wire_arguments())))
        return {failure.property: failure.reason for failure in answer.failures}

    def diff_config(self, arguments: Mapping[str, Any]) -> Any:
        old = wire.encode(self._wire_arguments())
        return _called(self.stub.DiffConfig, proto.DiffRequest(old_inputs=old, olds=old, news=wire.encode(arguments)))

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())

    def check(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        old: Deployed | None = None,
        autonaming: proto.CheckRequest.AutonamingOptions | None = None,
        seed: str = "",
    ) -> dict[str, Any]:
        """The checked inputs, secret marks and all."""
        request = proto.CheckRequest(
            urn=f"{STACK}::{token}::{name}",
            olds=wire.encode(old.inputs) if old else None,
            news=wire.encode(inputs),
            randomSeed=hashlib.sha256(f"{token}{name}{seed}".encode()).digest(),
            autonaming=autonaming,
        )
        answer = _called(self.stub.Check, request)
        if answer.failures:
            raise Refused("\n".join(failure.reason for failure in answer.failures))
        return wire.decode(answer.inputs)

    def diff(self, old: Deployed, inputs: Mapping[str, Any], ignore_changes: tuple[str, ...] = ()) -> Difference:
        request = proto.DiffRequest(
            id=old.id,
            urn=old.urn,
            olds=wire.encode(old.state),
            old_inputs=wire.encode(old.inputs),
            news=wire.encode(inputs),
            ignoreChanges=ignore_changes,
        )
        answer = _called(self.stub.Diff, request)
        return Difference(
            some=answer.changes == proto.DiffResponse.DIFF_SOME,
            paths={path: proto.PropertyDiff.Kind.Name(change.kind) for path, change in answer.detailedDiff.items()},
            replaces=list(answer.replaces),
            delete_before_replace=answer.deleteBeforeReplace,
        )

    def preview(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What a preview of the creation says of the outputs."""
        checked = without_secrets(self.check(token, name, inputs))
        return without_secrets(wire.decode(self._create(token, name, checked, preview=True, timeout=0).properties))

    def create(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        *,
        timeout: float = TIMEOUT_SECONDS,
        previewed: bool = True,
        seed: str = "",
    ) -> Deployed:
        checked = without_secrets(self.check(token, name, inputs, seed=seed))
        if previewed:
            self._create(token, name, checked, preview=True, timeout=timeout)
        answer = self._create(token, name, checked, preview=False, timeout=timeout)
        return Deployed(token, name, answer.id, checked, without_secrets(wire.decode(answer.properties)))

    def update(
        self,
        old: Deployed,
        inputs: Mapping[str, Any],
        *,
        timeout: float = TIMEOUT_SECONDS,
        ignore_changes: tuple[str, ...] = (),
        stages: tuple[Literal["preview", "update"], ...] = ("preview", "update"),
    ) -> Deployed:
        checked = without_secrets(self.check(old.token, old.name, inputs, old))
        answer = proto.UpdateResponse()
        for preview in (stage == "preview" for stage in stages):
            request = proto.UpdateRequest(
                id=old.id,
                urn=old.urn,
                olds=wire.encode(old.state),
                old_inputs=wire.encode(old.inputs),
                news=wire.encode(checked),
                preview=preview,
                timeout=timeout,
                ignoreChanges=ignore_changes,
            )
            answer = _called(self.stub.Update, request, replace(old, inputs=checked))
        return replace(old, inputs=checked, state=without_secrets(wire.decode(answer.properties)))

    def up(self, old: Deployed, inputs: Mapping[str, Any]) -> Deployed:
        """One step of an update: the same, updated, or replaced."""
        found = self.diff(old, without_secrets(self.check(old.token, old.name, inputs, old)))
        if not found.some:
            return old
        if not found.replaces:
            return self.update(old, inputs)
        if found.delete_before_replace:
            self.delete(old)
            return self.create(old.token, old.name, inputs)
        new = self.create(old.token, old.name, inputs, seed=old.id)
        self.delete(old)
        return new

    def read(self, old: Deployed) -> Deployed | None:
        """A refresh."""
        request = proto.ReadRequest(
            id=old.id, urn=old.urn, properties=wire.encode(old.state), inputs=wire.encode(old.inputs)
        )
        return self._read(request, old)

    def fetch(self, token: str, name: str, identity: str) -> Deployed | None:
        """An import, or a program's `.get`."""
        empty = Deployed(token, name, identity, {}, {})
        return self._read(proto.ReadRequest(id=identity, urn=empty.urn), empty)

    def delete(self, old: Deployed, *, timeout: float = TIMEOUT_SECONDS) -> None:
        request = proto.DeleteRequest(
            id=old.id,
            urn=old.urn,
            properties=wire.encode(old.state),
            old_inputs=wire.encode(old.inputs),
            timeout=timeout,
        )
        _called(self.stub.Delete, request)

    def _wire_arguments(self) -> dict[str, Any]:
        """As the SDK for Python sends them: everything but text is JSON in text."""
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.arguments.items()}

    def _create(
        self, token: str, name: str, inputs: Mapping[str, Any], *, preview: bool, timeout: float
    ) -> proto.CreateResponse:
        urn = f"{STACK}::{token}::{name}"
        request = proto.CreateRequest(urn=urn, properties=wire.encode(inputs), preview=preview, timeout=timeout)
        return _called(self.stub.Create, request, Deployed(token, name, "", dict(inputs), {}))

    def _read(self, request: proto.ReadRequest, old: Deployed) -> Deployed | None:
        answer = _called(self.stub.Read, request, old)
        if not answer.id:
            return None
        inputs, state = wire.decode(answer.inputs), wire.decode(answer.properties)
        return replace(old, id=answer.id, inputs=without_secrets(inputs), state=without_secrets(state))


def _called(method: Any, request: Any, resource: Deployed | None = None) -> Any:
    try:
        return method(request)
    except grpc.RpcError as error:
        left, reasons = _left(error, resource)
        raise Refused(error.details() or "", left, reasons) from error


def _left(error: Any, resource: Deployed | None) -> tuple[Deployed | None, list[str]]:
    detail = init_failed(error) if resource is not None else None
    if resource is None or detail is None:
        return None, []
    state = without_secrets(wire.decode(detail.properties))
    return replace(resource, id=detail.id, state=state), list(detail.reasons)

"""A small engine: the calls that Pulumi's makes of a provider, in its order, over gRPC, without a state file.

It follows the engine's step generator closely enough for a plug-in to see no difference: check against old inputs, diff
against old outputs, a second check without old inputs where a resource is replaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from tooling.plugins.provider import wire

Values = Mapping[str, Any]


class CheckFailed(Exception):
    """The provider refused inputs; `failures` are reasons by property path."""

    def __init__(self, failures: dict[str, str]) -> None:
        super().__init__(failures)
        self.failures = failures


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What the engine's state holds of one resource."""

    type: str
    name: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a provider says to a change: kinds by property path (`ADD`, `UPDATE_REPLACE` …)."""

    inputs: dict[str, Any]
    detailed: dict[str, str]
    replaces: frozenset[str]
    delete_first: bool

    @property
    def empty(self) -> bool:
        return not self.detailed


@dataclass
class Engine:
    """One configured provider instance on a connection of its own."""

    stub: Any
    live: list[Resource] = field(default_factory=list)
    _attempts: int = 0

    def check(
        self, type_: str, name: str, inputs: Values, old: Values | None = None, autonaming: Any = None
    ) -> dict[str, Any]:
        self._attempts += 1
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=_urn(type_, name),
                name=name,
                type=type_,
                olds=wire.encode(old or {}),
                news=wire.encode(inputs),
                randomSeed=hashlib.sha256(f"{id(self)} {name} {self._attempts}".encode()).digest(),
                autonaming=autonaming,
            )
        )
        if answer.failures:
            raise CheckFailed({failure.property: failure.reason for failure in answer.failures})
        return wire.decode(answer.inputs)

    def plan(self, resource: Resource, inputs: Values, ignore_changes: tuple[str, ...] = ()) -> Plan:
        """What `preview` would show for a resource that exists."""
        checked = self.check(resource.type, resource.name, inputs, resource.inputs)
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                name=resource.name,
                type=resource.type,
                olds=wire.encode(resource.outputs),
                old_inputs=wire.encode(resource.inputs),
                news=wire.encode(checked),
                ignoreChanges=ignore_changes,
            )
        )
        assert answer.hasDetailedDiff
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(diff.kind) for path, diff in answer.detailedDiff.items()}
        some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert some == bool(kinds), "changes and detailedDiff disagree"
        return Plan(
            inputs=checked,
            detailed=kinds,
            replaces=frozenset(answer.replaces),
            delete_first=answer.deleteBeforeReplace,
        )

    def preview_creation(self, type_: str, name: str, inputs: Values) -> dict[str, Any]:
        """The outputs that a preview shows for a new resource."""
        checked = self.check(type_, name, inputs)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=_urn(type_, name), name=name, type=type_, properties=wire.encode(checked), preview=True
            )
        )
        return wire.decode(answer.properties)

    def preview_update(self, resource: Resource, inputs: Values) -> dict[str, Any]:
        """The outputs that a preview shows for an update."""
        return self._update(resource, self.check(resource.type, resource.name, inputs, resource.inputs), (), True)

    def create(self, type_: str, name: str, inputs: Values) -> Resource:
        checked = self.check(type_, name, inputs)
        try:
            answer = self.stub.Create(
                provider_pb2.CreateRequest(
                    urn=_urn(type_, name), name=name, type=type_, properties=wire.encode(checked)
                )
            )
        except grpc.RpcError as error:
            unfinished = init_failed(error)
            if unfinished is not None:
                outputs = wire.decode(unfinished.properties)
                self.live.append(Resource(type=type_, name=name, id=unfinished.id, inputs=checked, outputs=outputs))
            raise
        created = Resource(type=type_, name=name, id=answer.id, inputs=checked, outputs=wire.decode(answer.properties))
        self.live.append(created)
        return created

    def up(
        self,
        resource: Resource,
        inputs: Values,
        ignore_changes: tuple[str, ...] = (),
        delete_before_replace: bool = False,
    ) -> Resource:
        """Brings a resource to new inputs, whatever that takes."""
        plan = self.plan(resource, inputs, ignore_changes)
        if plan.empty:
            return resource
        if not plan.replaces:
            outputs = self._update(resource, plan.inputs, ignore_changes, False)
            return self._replaced(resource, replace(resource, inputs=plan.inputs, outputs=outputs))
        if plan.delete_first or delete_before_replace:
            self.delete(resource)
            return self.create(resource.type, resource.name, inputs)
        successor = self.create(resource.type, resource.name, inputs)
        self.delete(resource)
        return successor

    def refresh(self, resource: Resource) -> Resource | None:
        """What `refresh` makes of the state: the resource as it is now, or `None` if it is gone."""
        answer = self._read(resource.type, resource.name, resource.id, resource.outputs, resource.inputs)
        if not answer.id:
            self.live.remove(resource)
            return None
        fresh = replace(resource, inputs=wire.decode(answer.inputs), outputs=wire.decode(answer.properties))
        return self._replaced(resource, fresh)

    def imported(self, type_: str, name: str, id_: str) -> Resource | None:
        """What the state would hold after an import by `id_`."""
        answer = self._read(type_, name, id_, {}, {})
        if not answer.id:
            return None
        inputs, outputs = wire.decode(answer.inputs), wire.decode(answer.properties)
        return Resource(type=type_, name=name, id=answer.id, inputs=inputs, outputs=outputs)

    def delete(self, resource: Resource) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                name=resource.name,
                type=resource.type,
                properties=wire.encode(resource.outputs),
                old_inputs=wire.encode(resource.inputs),
            )
        )
        if resource in self.live:
            self.live.remove(resource)

    def invoke(self, name: str, arguments: Values) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=name, args=wire.encode(arguments)))
        if answer.failures:
            raise CheckFailed({failure.property: failure.reason for failure in answer.failures})
        return wire.decode(getattr(answer, "return"))

    def delete_what_is_left(self) -> None:
        for resource in reversed(list(self.live)):
            self.delete(resource)

    def _update(
        self, resource: Resource, inputs: Values, ignore_changes: tuple[str, ...], preview: bool
    ) -> dict[str, Any]:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                name=resource.name,
                type=resource.type,
                olds=wire.encode(resource.outputs),
                old_inputs=wire.encode(resource.inputs),
                news=wire.encode(inputs),
                ignoreChanges=ignore_changes,
                preview=preview,
            )
        )
        return wire.decode(answer.properties)

    def _read(self, type_: str, name: str, id_: str, outputs: Values, inputs: Values) -> Any:
        return self.stub.Read(
            provider_pb2.ReadRequest(
                id=id_,
                urn=_urn(type_, name),
                name=name,
                type=type_,
                properties=wire.encode(outputs),
                inputs=wire.encode(inputs),
            )
        )

    def _replaced(self, old: Resource, new: Resource) -> Resource:
        if old in self.live:
            self.live[self.live.index(old)] = new
        return new


@contextmanager
def configured(address: str, settings: Values) -> Iterator[Engine]:
    """An engine's provider instance, configured with `settings`; what a failed test leaves is deleted at the end."""
    with connected(address) as stub:
        checked = stub.CheckConfig(
            provider_pb2.CheckRequest(urn="urn:pulumi:test::test::pulumi:providers:aws::p", news=wire.encode(settings))
        )
        if checked.failures:
            raise CheckFailed({failure.property: failure.reason for failure in checked.failures})
        stub.Configure(provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=True, acceptResources=True))
        engine = Engine(stub=stub)
        try:
            yield engine
        finally:
            engine.delete_what_is_left()


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A stub on a connection of its own: gRPC shares one among all channels of a process unless told otherwise."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = cast(Any, provider_pb2_grpc.ResourceProviderStub)(channel)
        stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        assert stub.GetPluginInfo(empty_pb2.Empty()).version
        yield stub


def init_failed(error: Any) -> provider_pb2.ErrorResourceInitFailed | None:
    """What the provider says of a resource that exists although making or changing it failed."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for detail in status.details:
                message = provider_pb2.ErrorResourceInitFailed()
                if detail.Unpack(message):
                    return message
    return None


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:test::test::{type_}::{name}"

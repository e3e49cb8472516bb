"""Recovers one stack's state after an interrupted run, before the next operation on it.

An object that a pending or failed create may have made is looked up, added to the state, read by the engine, and kept
if it exists and belongs to the stack. Resources that were being changed are refreshed. Only `pulumi stack export`,
`import` and a targeted refresh are used, so it works with any backend and with the released plug-ins.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from shared.errors import PlatformError
from tooling.aws_types.identification import Account
from tooling.aws_types.table import description_of, ids_of
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId
from tooling.runner.messages import HELM_RELEASE, Result
from tooling.runner.recovery import failed_creates, helm_releases
from tooling.runner.recovery.accounts import account_of
from tooling.runner.recovery.deployment import (
    Deployment,
    UnconfirmedOperation,
    exists,
    ids,
    matches_request,
    names_any,
    pending_changes,
    pending_creates,
    pending_updates,
    with_adopted,
    without_pending,
)
from tooling.runner.stack_cluster import cluster_client
from tooling.whole_files import write_whole

Refresh = Callable[[Sequence[str]], Result]
"""Reads the resources with these URNs into the state."""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    create: UnconfirmedOperation
    resource_id: str


class Recovery:
    """For all stacks of one run; may be used by several threads, each with its own stack."""

    def __init__(self, engine: Engine, *, adopt: Set[str] = frozenset()) -> None:
        """Args:
        adopt: names of resources to adopt although nothing shows that the stack created them.
        """
        self._engine = engine
        self._adopt = adopt
        self._signing_in = threading.Lock()

    def recover(self, stack: StackId, refresh: Refresh) -> list[str]:
        """Returns a sentence for everything that was fixed; none if the last run completed.

        Raises:
            PlatformError: `create-unknown`: an object may exist but cannot be looked up; `recovery-failed`.
        """
        backup = _Backup(stack)
        before = backup.load()
        if before is None:
            if not self._engine.may_be_unfinished(stack) and not failed_creates.remembered(stack):
                return []
            before = self._engine.export(stack)
        pending = pending_creates(before)
        known = {create.urn for create in pending}
        remembered = failed_creates.remembered(stack)
        creates = [*pending, *(one for one in remembered if one.urn not in known and not one.is_update)]
        updates = [*pending_updates(before), *(one for one in remembered if one.is_update)]
        unblocked = [one for update in updates for one in self._unblocked(stack, update, before)]
        changed = pending_changes(before)
        if not creates and not before.get("pending_operations"):
            failed_creates.forget(stack)
            return unblocked
        candidates, remarks = self._candidates(stack, creates, before)
        backup.save(before)
        after = self._tried(stack, before, candidates, changed, refresh)
        kept = [one for one in candidates if self._is_kept(one, after)]
        if names_any(after, {one.create.urn for one in candidates if one not in kept}):
            # Not this stack's object, or one that was to be replaced: undo what the trial changed.
            self._tried(stack, before, kept, changed, refresh)
        backup.remove()
        failed_creates.forget(stack)
        taken = [
            f"{stack}: found {one.create} ({one.resource_id}), "
            f"{'adopted as requested' if self._is_wanted(one.create) else 'created but not recorded; adopted'}"
            for one in kept
        ]
        read = [f"{stack}: {len(changed)} resources with interrupted changes were refreshed"] if changed else []
        return [*taken, *unblocked, *remarks, *read]

    def _is_kept(self, candidate: _Candidate, after: Deployment) -> bool:
        if self._is_wanted(candidate.create):
            return exists(candidate.create, after, candidate.resource_id)
        return matches_request(candidate.create, after, candidate.resource_id)

    def _is_wanted(self, create: UnconfirmedOperation) -> bool:
        return create.name in self._adopt and description_of(create.type).adoptable

    def _candidates(
        self, stack: StackId, creates: Sequence[UnconfirmedOperation], before: Deployment
    ) -> tuple[list[_Candidate], list[str]]:
        found, remarks = [], []
        for create in creates:
            if create.type == HELM_RELEASE:
                possible: list[str] | str = self._release_ids(stack, create, before, remarks)
            elif create.type.startswith("kubernetes:"):
                possible = self._object_ids(stack, create, before, remarks)
            elif create.type.startswith("aws:"):
                with self._signing_in:
                    possible = ids_of(create.type, create.inputs, self._account)
            else:
                possible = "its type is not supported"
            if isinstance(possible, str):
                raise PlatformError(
                    "create-unknown",
                    f"{create} may have been created when the last run was interrupted, and cannot be looked up: "
                    f"{possible}",
                    at=f"{stack}, {create.urn}",
                    hint=f"check whether it exists, delete it if it does, then: "
                    f"pulumi refresh --stack {stack.stack} --clear-pending-creates",
                )
            unknown = [one for one in possible if one not in ids(before, create.type)]
            if unknown:
                found.append(_Candidate(create=create, resource_id=unknown[0]))
            remarks += [
                f"warning: {stack}: {one} looks like {create} too, and no state contains it: delete it by hand"
                for one in unknown[1:]
            ]
        return found, remarks

    def _object_ids(
        self, stack: StackId, create: UnconfirmedOperation, before: Deployment, remarks: list[str]
    ) -> list[str]:
        """The id of an object that may exist; none if the stack's credentials may not read it.

        A role that may not read an object may not create it either: the API server refused the create.
        """
        possible = _kubernetes_ids(create)
        if not possible or not self._is_forbidden(stack, create, before):
            return possible
        remarks.append(
            f"{stack}: {create} ({possible[0]}) is not looked up: "
            "the stack's credentials may neither read nor create it"
        )
        return []

    def _is_forbidden(self, stack: StackId, create: UnconfirmedOperation, before: Deployment) -> bool:
        # Imported here, as in `stack_cluster`.
        from tooling.plugins.kubernetes.client import ApiError
        from tooling.plugins.kubernetes.discovery import Discovery

        metadata = create.inputs.get("metadata") or {}
        try:
            client = cluster_client(self._engine, before, create.resource)
        except PlatformError:
            return False  # the refresh, in which the engine reads the kubeconfig, says what is wrong with it
        with _readable(stack, create):
            kind = Discovery(client).find(str(create.inputs.get("apiVersion")), str(create.inputs.get("kind")))
            if kind is None:
                return False
            try:
                client.request("GET", kind.path(metadata.get("namespace"), metadata["name"]))
            except ApiError as error:
                if error.status not in (403, 404):
                    raise
                return error.status == 403
        return False

    def _release_ids(
        self, stack: StackId, create: UnconfirmedOperation, before: Deployment, remarks: list[str]
    ) -> list[str]:
        """The id of an installed release; after an interrupted installation, prepares the next one."""
        inputs = create.inputs
        if not inputs.get("name") or not inputs.get("namespace"):
            return []
        identity = helm_releases.identity(inputs)
        if identity in ids(before, create.type):
            # It failed and was recorded: the next update continues from there.
            return [identity]
        with _readable(stack, create):
            client = cluster_client(self._engine, before, create.resource)
            record = helm_releases.latest(client, inputs)
            if record is None or not record.matches(inputs):
                return []
            if record.is_installed:
                return [identity]
            helm_releases.remove(client, record)
        remarks.append(
            f"{stack}: removed Helm's record of {create} ({identity}, {record.status}); up installs it again"
        )
        return []

    def _unblocked(self, stack: StackId, update: UnconfirmedOperation, before: Deployment) -> list[str]:
        """Makes a Helm release upgradable again after an interrupted upgrade."""
        if update.type != HELM_RELEASE:
            return []
        with _readable(stack, update):
            client = cluster_client(self._engine, before, update.resource)
            record = helm_releases.latest(client, update.inputs)
            if record is None or not record.is_pending:
                return []
            helm_releases.remove(client, record)
        revision = f"revision {record.revision}, {record.status}"
        return [f"{stack}: removed Helm's record of {update} ({revision}); up upgrades it again"]

    def _tried(
        self,
        stack: StackId,
        before: Deployment,
        candidates: Sequence[_Candidate],
        changed: Sequence[str],
        refresh: Refresh,
    ) -> Deployment:
        """The state with the candidates added and refreshed; a refresh removes those that do not exist."""
        trial = with_adopted(without_pending(before), [(one.create.resource, one.resource_id) for one in candidates])
        self._engine.import_(stack, trial)
        targets = list(dict.fromkeys([*(one.create.urn for one in candidates), *changed]))
        if targets:
            result = refresh(targets)
            if result.failure is not None:
                why = result.failure.message or "see above"
                raise PlatformError(
                    "recovery-failed",
                    f"the state of {stack} after the interrupted run cannot be read: {why}",
                    at=str(stack),
                    hint="fix this error, then run the same command again",
                )
        return self._engine.export(stack)

    @cached_property
    def _account(self) -> Account:
        return account_of(self._engine)


class _Backup:
    """A backup of the state, kept until the recovery is complete: after a kill, the recovery starts from it again."""

    def __init__(self, stack: StackId) -> None:
        self._file = failed_creates.directory() / stack.project / f"{stack.stack}.before.json"

    def load(self) -> Deployment | None:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def save(self, deployment: Deployment) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, json.dumps(deployment), private=True)

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


@contextmanager
def _readable(stack: StackId, what: UnconfirmedOperation) -> Iterator[None]:
    """Converts errors of the API server into a `recovery-failed` error."""
    # Imported here, as in `stack_cluster`: few runs have anything to recover.
    from tooling.plugins.kubernetes.client import ApiError

    try:
        yield
    except (ApiError, PlatformError) as error:
        raise PlatformError(
            "recovery-failed",
            f"the state of {what} after the interrupted run cannot be read: {error}",
            at=str(stack),
            hint="fix this error, then run the same command again",
        ) from error


def _kubernetes_ids(create: UnconfirmedOperation) -> list[str]:
    """`<namespace>/<name>`, or the name alone; both are in the inputs, since the plug-in adds them."""
    metadata = create.inputs.get("metadata") or {}
    if not metadata.get("name"):
        return []
    return ["/".join(filter(None, (metadata.get("namespace"), metadata["name"])))]

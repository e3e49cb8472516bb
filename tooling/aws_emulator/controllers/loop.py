"""Reconciles once a second, and at once after a change in the account."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from shared.errors import PlatformError
from tooling.aws_emulator.controllers.kubernetes_api import KubernetesApi, Unreachable
from tooling.aws_emulator.controllers.reconcile import Outcome, Reconciler
from tooling.aws_emulator.controllers.snapshot import take
from tooling.aws_emulator.kubeconfig import AdministratorAccess, read_access

_INTERVAL_SECONDS = 1.0
_PENDING_SECONDS = 0.25
_log = logging.getLogger(__name__)


class ControllerLoop:
    """Args:
    kubeconfig: read when it is there, and again when it changes; None leaves the loop idle.
    """

    def __init__(self, kubeconfig: Path | None) -> None:
        self._kubeconfig = kubeconfig
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._changes = 0
        self._seen = -1
        self._state = "idle"
        self._outcome = Outcome()
        self._access: AdministratorAccess | None = None
        self._reconciler: Reconciler | None = None

    def wake(self) -> None:
        """The account changed."""
        with self._lock:
            self._changes += 1
        self._wanted.set()

    def stop(self) -> None:
        self._stopped.set()
        self._wanted.set()

    def health(self) -> dict[str, Any]:
        """`settled`: the last pass saw the account as it is now, and found nothing left to do after it."""
        with self._lock:
            outcome = self._outcome
            settled = self._state == "reconciled" and outcome.settled and self._seen == self._changes
            facts = {"failures": outcome.failures[:10], "pending": outcome.pending[:10]}
            return {"controllers": {"state": self._state, "settled": settled, **facts}}

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopped.is_set():
            self._wanted.clear()
            with self._lock:
                changes = self._changes
            state, outcome = self._pass()
            if (state, outcome.failures) != (self._state, self._outcome.failures):
                _log.info("controllers: %s %s", state, "; ".join(outcome.failures))
            with self._lock:
                self._state, self._outcome, self._seen = state, outcome, changes
            self._wanted.wait(_PENDING_SECONDS if outcome.pending else _INTERVAL_SECONDS)

    def _pass(self) -> tuple[str, Outcome]:
        try:
            reconciler = self._connected()
            if reconciler is None:
                return "idle", Outcome()
            return "reconciled", reconciler.run(take())
        except (Unreachable, PlatformError) as error:
            return "unreachable", Outcome(failures=[str(error).splitlines()[0]])
        except Exception as error:  # the loop must outlive a fault of its own; it is logged and shown in the health
            _log.exception("a pass of the controllers failed")
            return "failed", Outcome(failures=[f"{type(error).__name__}: {error}"])

    def _connected(self) -> Reconciler | None:
        if self._kubeconfig is None or not self._kubeconfig.exists():
            return None
        access = read_access(self._kubeconfig)
        if self._reconciler is None or access != self._access:
            self._access, self._reconciler = access, Reconciler(KubernetesApi(access))
        return self._reconciler

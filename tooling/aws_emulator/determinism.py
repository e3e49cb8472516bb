"""Makes a request's outcome depend on the request alone, so that a replay gives the same ids and dates.

moto draws nearly every identifier from one generator and nearly every date from one function; the few other places
that matter here are redirected by module. Before each request the generator is
seeded: from the journal's salt and the request's number if the request is journalled, from the operating system if it
is not (else two STS sessions, one before and one after a restart, could be handed the same access key). An account's
backends are made on first use, default VPC and all, maybe by a request that is not journalled: they get a seed of their
own. Not its business: which requests are journalled.
"""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import moto.core.utils
import moto.kms.utils
import moto.s3.models
import moto.secretsmanager.models
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random

STATE_LOCK = threading.RLock()
"""Held while anything reads or changes moto's state. moto itself is not safe for threads, and a second request would
draw from the generator between two draws of the first."""

_real_getitem = AccountSpecificBackend.__getitem__
_real_datetime = datetime.datetime


class _Now:
    """What the request being served draws on; guarded by STATE_LOCK."""

    salt = ""
    thread: int | None = None
    time: datetime.datetime | None = None


@contextmanager
def numbered_request(salt: str, number: int, at: datetime.datetime) -> Iterator[None]:
    """Random values are those of request `number`; the clock is fixed at `at` (with zone). STATE_LOCK must be held."""
    mock_random.seed(f"{salt}:{number}")
    _Now.thread, _Now.time = threading.get_ident(), at
    try:
        yield
    finally:
        _Now.thread = _Now.time = None
        unnumbered_request()


def unnumbered_request() -> None:
    """Random values are unpredictable. STATE_LOCK must be held."""
    mock_random.seed(int.from_bytes(os.urandom(32), "big"))


def install(salt: str) -> None:
    """Replaces moto's sources of randomness and time for the lifetime of this process."""
    _Now.salt = salt
    # KMS keys and S3 upload ids come straight from the operating system.
    for module in (moto.kms.utils, moto.s3.models):
        module.os = _Stand(os, urandom=_urandom)  # type: ignore[attr-defined]
    AccountSpecificBackend.__getitem__ = _getitem  # type: ignore[method-assign]
    for module in (moto.core.utils, moto.s3.models):
        module.datetime = _Stand(datetime, datetime=_StandingClock)  # type: ignore[attr-defined]
    moto.secretsmanager.models.time = _Stand(time, time=lambda: _StandingClock.now(datetime.UTC).timestamp())  # type: ignore[attr-defined]


def set_salt(salt: str) -> None:
    """Sets the salt of an emptied account, so that new resources get other ids than before."""
    _Now.salt = salt


def _urandom(size: int, /) -> bytes:
    return mock_random.randbytes(size) if _Now.thread == threading.get_ident() else os.urandom(size)


def _getitem(self: AccountSpecificBackend[Any], region: str) -> Any:
    name = "aws" if region == "global" else region
    if name in self.keys():
        return _real_getitem(self, region)
    with draws_of_its_own(f"{self.service_name}:{self.account_id}:{name}"):
        return _real_getitem(self, region)


@contextmanager
def draws_of_its_own(name: str) -> Iterator[None]:
    """What is made inside has the same ids whichever request, journalled or not, is the first to need it."""
    with STATE_LOCK:
        before = mock_random.getstate()
        mock_random.seed(f"{_Now.salt}:{name}")
        try:
            yield
        finally:
            mock_random.setstate(before)


class _StandingClock(_real_datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        if _Now.time is not None and _Now.thread == threading.get_ident():
            return _Now.time.astimezone(tz) if tz else _Now.time.replace(tzinfo=None)
        return _real_datetime.now(tz)


class _Stand:
    """A module as one of moto's modules sees it, with some names replaced."""

    def __init__(self, module: ModuleType, **replaced: Any) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

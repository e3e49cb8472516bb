"""Imported by the process that emulators of tests are forked from: everything that does not depend on an account."""

from __future__ import annotations

import importlib
import os

from moto.core.base_backend import AccountSpecificBackend
from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

import tooling.aws_emulator.assembly  # noqa: F401  what is preloaded

_SERVICES = ("ec2", "iam", "eks", "sts", "kms", "logs", "s3", "ecr", "autoscaling")

for _service in _SERVICES:
    importlib.import_module(f"moto.{_service}.urls")
    get_service_model(_service)
    for _partition in AccountSpecificBackend.get_session().get_available_partitions():
        AccountSpecificBackend.get_session().get_available_regions(_service, partition_name=_partition)

# As after an import of its own: no two emulators draw the same where a journal does not say what is drawn.
os.register_at_fork(after_in_child=mock_random.seed)

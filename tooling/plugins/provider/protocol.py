"""The engine's protocol without the rest of Pulumi's SDK.

The generated modules are part of the SDK. Importing the whole SDK takes most of a plug-in's start (0.6 s of 1 s), for
which the engine waits at every preview and update, once per provider instance. The plug-ins need the generated modules
only, so the code of the packages around them is skipped unless it is already imported. The SDK can still be imported
afterwards.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


@contextmanager
def _packages_passed_over() -> Iterator[None]:
    found = importlib.util.find_spec("pulumi") if "pulumi" not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        yield
        return
    root = Path(found.submodule_search_locations[0])
    for package in _PACKAGES:
        bare = ModuleType(package)
        bare.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[package] = bare
    try:
        yield
    finally:
        for package in _PACKAGES:
            del sys.modules[package]


with _packages_passed_over():
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]

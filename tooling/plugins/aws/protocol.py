"""The engine's protocol without Pulumi's SDK around it.

The generated modules lie inside the SDK, and importing the SDK takes longer than all else that a plug-in does at its
start (0.6 s of 1 s), which the engine waits for at every preview and every update, once a provider instance. Nothing of
the SDK but these modules is needed here, so its packages' own code is passed over, unless somebody has run it already.
Afterwards the SDK can still be imported as ever.
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
    from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

__all__ = ["plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]

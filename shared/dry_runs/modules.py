"""Isolates the modules of one project from those of another: every project has a `settings.py`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


@contextmanager
def project_modules(directory: Path) -> Generator[None]:
    """Puts `directory` first on `sys.path`; its modules are imported afresh inside the block and removed afterwards."""
    names = {path.stem for path in directory.glob("*.py")} | {
        path.parent.name for path in directory.glob("*/__init__.py")
    }
    names -= {"__main__", "tests"}
    shadowed = {name: sys.modules.pop(name) for name in _loaded(names)}
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        for name in _loaded(names):
            del sys.modules[name]
        sys.modules.update(shadowed)


def load_module(directory: Path, name: str) -> ModuleType:
    """Imports one module of a project, to call its pure functions or build its settings."""
    with project_modules(directory):
        return importlib.import_module(name)


def _loaded(names: set[str]) -> list[str]:
    return [name for name in sys.modules if name.split(".", 1)[0] in names]

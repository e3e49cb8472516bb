"""Which modules of Pulumi's SDKs and of `shared` a project's program uses, read from its source.

`import pulumi_aws as aws` loads next to nothing; each `aws.ec2.Vpc` loads `pulumi_aws.ec2` when it is first touched.
The source is searched, not parsed, which takes a twentieth of the time: a module too many is loaded for nothing, one
that is missed is loaded by the program.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

_IMPORT = re.compile(r"^import (pulumi_[\w.]+)(?: as (\w+))?", re.MULTILINE)
_FROM = re.compile(r"^from ((?:pulumi_|shared)[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
_IMPORTED = re.compile(r"(?:^|[(,])\s*(\w+)")


def used_by(project: Path) -> list[str]:
    """Names such as `pulumi_aws.ec2` and `pulumi_kubernetes.core.v1`, in alphabetical order.

    Modules of `shared` that it uses are searched too. A file that is not Python is passed over: running it says better
    what is wrong with it.
    """
    found: set[str] = set()
    waiting = [file for file in project.rglob("*.py") if "tests" not in file.relative_to(project).parts]
    while waiting:
        for name in set(_named_in(waiting.pop().read_text(encoding="utf-8", errors="replace"))) - found:
            spec = _spec(name)
            if spec is not None:
                found.add(name)
                if name.startswith("shared") and spec.origin is not None:
                    waiting.append(Path(spec.origin))
    return sorted(found)


def load(name: str) -> None:
    """Imports a module, and lets it load: Pulumi's SDKs put modules into `sys.modules` that load when first used."""
    hasattr(importlib.import_module(name), "used")


def _named_in(source: str) -> Iterator[str]:
    packages: dict[str, str] = {}
    for package, alias in _IMPORT.findall(source):
        packages[alias or package] = package
        yield package
    for module, names in _FROM.findall(source):
        yield module
        for name in _IMPORTED.findall(names):
            yield f"{module}.{name}"
    if packages:
        attributes = re.compile(rf"\b({'|'.join(map(re.escape, packages))})\.(\w+)(?:\.(\w+))?")
        for package, name, below in attributes.findall(source):
            yield f"{packages[package]}.{name}"
            if below:
                yield f"{packages[package]}.{name}.{below}"


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None

"""Which modules of Pulumi's SDKs and of `shared` a project's program uses, read from its source.

`import pulumi_aws as aws` loads next to nothing; each `aws.ec2.Vpc` loads `pulumi_aws.ec2` when it is first touched.
The source is searched, not parsed, which takes a twentieth of the time: a module too many is loaded for nothing, one
that is missed is loaded by the program.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

_IMPORT = re.compile(r"^import (pulumi_[\w.]+)(?: as (\w+))?", re.MULTILINE)
_FROM = re.compile(r"^from ((?:pulumi_|shared)[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
_IMPORTED = re.compile(r"(?:^|[(,])\s*(\w+)")


def used_by(project: Path) -> list[str]:
    """Names such as `pulumi_aws.ec2` and `pulumi_kubernetes.core.v1`, in alphabetical order.

    A file that is not Python is passed over: running it says better what is wrong with it.
    """
    found: set[str] = set()
    for file in project.rglob("*.py"):
        if "tests" not in file.relative_to(project).parts:
            found.update(_named_in(file.read_text(encoding="utf-8", errors="replace")))
    return sorted(name for name in found if _exists(name))


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
        attributes = re.compile(rf"\b({'|'.join(map(re.escape, packages))})\.(\w+)")
        for package, name in attributes.findall(source):
            yield f"{packages[package]}.{name}"


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False

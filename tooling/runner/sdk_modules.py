"""Which modules of Pulumi's SDKs and of `shared` a project's program uses, read from its source.

`import pulumi_aws as aws` loads next to nothing; each `aws.ec2.Vpc` loads `pulumi_aws.ec2` when it is first touched.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "pulumi_"


def used_by(project: Path) -> list[str]:
    """Names such as `pulumi_aws.ec2` and `pulumi_kubernetes.core.v1`, in alphabetical order.

    A file that is not Python is passed over: running it says better what is wrong with it.
    """
    found: set[str] = set()
    for file in sorted(file for file in project.rglob("*.py") if "tests" not in file.relative_to(project).parts):
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        found.update(_of_file(tree))
    return sorted(name for name in found if _exists(name))


def _of_file(tree: ast.Module) -> Iterator[str]:
    packages: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(_PREFIX):
                    packages[alias.asname or alias.name] = alias.name
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith((_PREFIX, "shared")):
            yield node.module or ""
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
            yield f"{packages[node.value.id]}.{node.attr}"


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False

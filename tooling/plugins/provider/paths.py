"""Property paths as the engine writes them: `vpcConfig.subnetIds[0]`, `tags["kubernetes.io/role/elb"]`, `rules[*]`.

The engine escapes quotes only, so that a name with a backslash before a quote, or at its end, has no spelling. Source:
pulumi, sdk/go/common/resource/property_path.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]

WILDCARD = "*"
_SIMPLE = re.compile(r"[A-Za-z_$][\w$-]*")
_STEP = re.compile(r'\.?(?:(?P<name>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\["(?P<quoted>(?:\\"|[^"])*)"\])')


def text(path: Path) -> str:
    """The path as text. A name that is not a plain identifier is quoted, so that the engine parses the same path."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif _SIMPLE.fullmatch(step):
            written += f".{step}" if written else step
        else:
            escaped = step.replace('"', '\\"')
            written += f'["{escaped}"]'
    return written


def parse(written: str) -> Path:
    """The reverse of `text`; `*` and `[*]` become `WILDCARD`.

    Raises:
        ValueError: it is not a property path.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(written):
        match = _STEP.match(written, position)
        if match is None:
            raise ValueError(f"{written!r} is not a property path")
        position = match.end()
        name, index, quoted = match.group("name"), match.group("index"), match.group("quoted")
        if quoted is not None:
            steps.append(quoted.replace('\\"', '"'))
        elif index is not None:
            steps.append(WILDCARD if index == WILDCARD else int(index))
        else:
            steps.append(name)
    return tuple(steps)


def covers(pattern: Path, path: Path) -> bool:
    """Whether `path` matches `pattern` or lies inside it."""
    return len(pattern) <= len(path) and all(
        wanted in (WILDCARD, step) for wanted, step in zip(pattern, path, strict=False)
    )


def overlaid(new: Any, old: Any, pattern: Path) -> Any:
    """A copy of `new` with the values at `pattern` taken from `old`, or removed if `old` does not have them."""
    if not pattern:
        return old
    step, rest = pattern[0], pattern[1:]
    if isinstance(new, Mapping) or isinstance(old, Mapping):
        return _overlaid_mapping(
            new if isinstance(new, Mapping) else {}, old if isinstance(old, Mapping) else {}, step, rest
        )
    if isinstance(new, list) and isinstance(old, list):
        indexes = range(len(new)) if step == WILDCARD else [step]
        result = list(new)
        for index in indexes:
            if isinstance(index, int) and index < len(new) and index < len(old):
                result[index] = overlaid(new[index], old[index], rest)
        return result
    return new


def _overlaid_mapping(new: Mapping[str, Any], old: Mapping[str, Any], step: str | int, rest: Path) -> dict[str, Any]:
    result = dict(new)
    for key in {*new, *old} if step == WILDCARD else {str(step)}:
        if key in new and rest:
            result[key] = overlaid(new[key], old.get(key), rest)
        elif key in old and (not rest or key not in new):
            result[key] = old[key]
        else:
            result.pop(key, None)
    return result

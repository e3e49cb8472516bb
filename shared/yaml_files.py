"""Loads the YAML files that users write: catalog, environments, `tiers.yaml`, projects and stack files.

One loader for all of them, stricter than YAML: it rejects duplicate keys, of which PyYAML would silently use the last
one, aliases, which can expand a few lines to gigabytes, nesting that would overflow the parser's stack, large files and
anything but regular files. Every error names file and line.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import yaml

from shared.errors import BadInput

# PyYAML's C parser, if available, is about ten times faster. Both are safe loaders.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 50
"""A tenant file is nested three levels deep, a stack file with structured settings slightly deeper."""
_LARGEST = 64 * 1024
"""In bytes; ten times the largest such file in the repository, a Pulumi.yaml."""
_TEXT = "tag:yaml.org,2002:str"


def read_mapping(path: Path, *, at: str, code: str) -> dict[str, Any]:
    """The keys and values of a YAML file; empty if the file is.

    Args:
        at: the file's path in the repository, for errors.
        code: code of the error raised.

    Raises:
        BadInput: the file cannot be read, is not a regular file, is too large, is not UTF-8 or not YAML, is not a
            mapping, has a duplicate key, a key that is not a string or an alias, or is nested too deeply.
    """
    return parse_mapping(_text(path, at, code), at=at, code=code)


def parse_mapping(text: str, *, at: str, code: str) -> dict[str, Any]:
    """As `read_mapping`, for text that has already been read."""
    try:
        _refuse_what_explodes(text, at, code)
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "one value"
            raise _bad(code, f"{at} contains {kind}, not a mapping of keys to values", at, node.start_mark.line)
        _check_keys(node, at, code)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        # The parser reports the end of a text one line after the last.
        line = min(error.problem_mark.line, len(text.splitlines()) - 1) if error.problem_mark else 0
        raise _bad(code, f"{at} is not YAML: {error.problem}", at, line) from error
    except yaml.YAMLError as error:
        raise _bad(code, f"{at} is not YAML: {getattr(error, 'reason', 'it cannot be read')}", at) from error
    except ValueError as error:  # of a value's own constructor: the 31st of February is a timestamp to YAML
        raise _bad(code, f"{at} has a value that is invalid in YAML: {error}", at) from error


def _text(path: Path, at: str, code: str) -> str:
    content = _content(path, at, code)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(code, f"{at} is not UTF-8 text", at=f"{at}, line {line}", hint=f"save {at} as UTF-8") from error


def _content(path: Path, at: str, code: str) -> bytes:
    """Reads regular files only: a link may lead out of the repository, a pipe never ends, a device has no size."""
    try:
        # Non-blocking, because opening a pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise BadInput(code, f"{at} cannot be read: {why}", at=at, hint=f"make {at} a readable file") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadInput(code, f"{at} is not a regular file", at=at, hint=f"make {at} a readable file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise BadInput(code, f"{at} is larger than {_LARGEST // 1024} KiB", at=at, hint=f"shorten {at}")
    return content


def _refuse_what_explodes(text: str, at: str, code: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            raise _bad(code, f"alias *{event.anchor} is not supported here", at, line, "write the value out in")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _bad(code, f"{at} is nested more than {_DEEPEST} levels deep", at, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_keys(node: yaml.Node, at: str, code: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, at, code)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        if key.tag != _TEXT:
            shown = f"key `{key.value}`" if isinstance(key, yaml.ScalarNode) else "a key"
            raise _bad(code, f"{shown} is not a string in YAML", at, key.start_mark.line, "put the key into quotes in")
        if key.value in seen:
            raise _bad(
                code,
                f"key `{key.value}` is used twice, in line {seen[key.value]} and here",
                at,
                key.start_mark.line,
                "remove one of the two in",
            )
        seen[key.value] = key.start_mark.line + 1
        _check_keys(value, at, code)


def _bad(code: str, what: str, at: str, line: int | None = None, hint: str = "edit") -> BadInput:
    """`line` counts from 0, as in the parser; `hint` is the verb phrase before the file name."""
    place = at if line is None else f"{at}, line {line + 1}"
    return BadInput(code, what, at=place, hint=f"{hint} {at}")

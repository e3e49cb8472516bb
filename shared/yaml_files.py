"""Reading the YAML that people write here: catalog, environments, `tiers.yaml`, projects and stack files.

One loader for all of it, stricter than YAML: a key that stands twice is refused, where PyYAML would silently take the
last one; so are aliases, of which a few lines can grow to gigabytes, nesting that would overflow the parser's stack,
and whatever is large or no regular file. Every complaint names file and line.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import yaml

from shared.errors import BadInput

# The C parser, where PyYAML has it, reads a thousand files in a tenth of the time. Both are safe loaders.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 50
"""A tenant's file nests three deep, a stack file with structured settings some more."""
_LARGEST = 64 * 1024
"""Bytes. The largest of these files in the repository, a Pulumi.yaml, has a tenth of it."""
_TEXT = "tag:yaml.org,2002:str"


def read_mapping(path: Path, *, at: str, code: str) -> dict[str, Any]:
    """The keys and values of a YAML file; none where it is empty.

    Args:
        at: how people know the file: its path in the repository.
        code: code of the error raised.

    Raises:
        BadInput: the file cannot be read, is no regular file, is too large, not UTF-8 or not YAML, holds something else
            than keys and values, a key twice, a key that is no text, an alias, or nests too deep.
    """
    return parse_mapping(_text(path, at, code), at=at, code=code)


def parse_mapping(text: str, *, at: str, code: str) -> dict[str, Any]:
    """As `read_mapping`, of text that has been read."""
    try:
        _refuse_what_explodes(text, at, code)
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "one value"
            raise _bad(code, f"{at} holds {kind}, and no mapping of keys to values", at, node.start_mark.line)
        _check_keys(node, at, code)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        # The parser places the end of a text one line below its last.
        line = min(error.problem_mark.line, len(text.splitlines()) - 1) if error.problem_mark else 0
        raise _bad(code, f"{at} is not YAML: {error.problem}", at, line) from error
    except yaml.YAMLError as error:
        raise _bad(code, f"{at} is not YAML: {getattr(error, 'reason', 'it cannot be read')}", at) from error
    except ValueError as error:  # of a value's own constructor: the 31st of February is a timestamp to YAML
        raise _bad(code, f"{at} holds a value that YAML cannot take: {error}", at) from error


def _text(path: Path, at: str, code: str) -> str:
    content = _content(path, at, code)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(code, f"{at} is not UTF-8 text", at=f"{at}, line {line}", hint=f"save {at} as UTF-8") from error


def _content(path: Path, at: str, code: str) -> bytes:
    """What a regular file holds: a link may lead out of the repository, a pipe never ends, a device has no size."""
    try:
        # Without blocking: opening a pipe would wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise BadInput(code, f"{at} cannot be read: {why}", at=at, hint=f"let {at} be a readable file") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadInput(code, f"{at} is no regular file", at=at, hint=f"let {at} be a readable file")
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
            raise _bad(code, f"alias *{event.anchor} is not taken here", at, line, "write the value out in")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _bad(code, f"{at} nests more than {_DEEPEST} levels deep", at, line)
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
            raise _bad(code, f"{shown} is no text to YAML", at, key.start_mark.line, "put the key into quotes in")
        if key.value in seen:
            raise _bad(
                code,
                f"key `{key.value}` stands twice, in line {seen[key.value]} and here",
                at,
                key.start_mark.line,
                "keep one of the two in",
            )
        seen[key.value] = key.start_mark.line + 1
        _check_keys(value, at, code)


def _bad(code: str, what: str, at: str, line: int | None = None, hint: str = "edit") -> BadInput:
    """`line` is counted from 0, as the parser does; `hint` is what to do with the file."""
    place = at if line is None else f"{at}, line {line + 1}"
    return BadInput(code, what, at=place, hint=f"{hint} {at}")

"""Loads the YAML files that users write: catalog, environments, `tiers.yaml`, projects and stack files.

One loader for all of them, stricter than YAML: it rejects duplicate keys, of which PyYAML would silently use the last
one, aliases, which can expand a few lines to gigabytes, nesting that would overflow the parser's stack, large files and
anything but regular files. Every error names file, line and column.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
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


KeyPath = tuple[str | int, ...]
"""Keys and list indices that lead to a value: `("hosts", 0)`."""


@dataclass(frozen=True)
class Mark:
    """A position in a text; both count from 1, as editors do."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the values of a file are written: the position of each key, and of each item of a list."""

    file: str
    """Path in the repository."""
    marks: Mapping[KeyPath, Mark] = field(default_factory=dict[KeyPath, Mark])
    overlay: KeyPath = ()
    """Mapping inside the file whose values replace those of the same keys at its root; empty: none."""

    def key(self, path: KeyPath) -> str:
        """The key as written, such as `environments.dev.hosts.0` where the overlay sets it."""
        return ".".join(str(part) for part in self._written(path))

    def mark(self, path: KeyPath) -> Mark | None:
        """The position of the value, or of the nearest one that contains it; `None` if that is the whole file."""
        written = self._written(path)
        return next((self.marks[written[:n]] for n in range(len(written), 0, -1) if written[:n] in self.marks), None)

    def sets(self, path: KeyPath) -> bool:
        """Whether the file sets this very value, not only a mapping around it."""
        return self._written(path) in self.marks

    def at(self, path: KeyPath) -> str:
        """For an error: file, key, line and column."""
        mark = self.mark(path)
        return ", ".join([self.file, *([self.key(path)] if path else []), *([str(mark)] if mark else [])])

    def _written(self, path: KeyPath) -> KeyPath:
        for length in range(len(path), 0, -1):
            if self.overlay and (*self.overlay, *path[:length]) in self.marks:
                return (*self.overlay, *path)
            if path[:length] in self.marks:
                break
        return path


def read_document(path: Path, *, at: str, code: str) -> tuple[dict[str, Any], Source]:
    """As `read_mapping`, with the position of every key and list item."""
    marks: dict[KeyPath, Mark] = {}
    return _parsed(_text(path, at, code), at, code, marks), Source(file=at, marks=marks)


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
    return _parsed(text, at, code, {})


def _parsed(text: str, at: str, code: str, marks: dict[KeyPath, Mark]) -> dict[str, Any]:
    """The content of the document; adds its positions to `marks`."""
    try:
        _refuse_what_explodes(text, at, code)
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "one value"
            raise _bad(code, f"{at} contains {kind}, not a mapping of keys to values", at, node.start_mark)
        _check_keys(node, at, code, (), marks)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _bad(code, f"{at} is not YAML: {error.problem}", at, _inside(text, error.problem_mark)) from error
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
        if isinstance(event, yaml.AliasEvent):
            raise _bad(
                code, f"alias *{event.anchor} is not supported here", at, event.start_mark, "write the value out in"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _bad(code, f"{at} is nested more than {_DEEPEST} levels deep", at, event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_keys(node: yaml.Node, at: str, code: str, path: KeyPath, marks: dict[KeyPath, Mark]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            marks[*path, index] = _mark(item.start_mark)
            _check_keys(item, at, code, (*path, index), marks)
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.tag != _TEXT:
            shown = f"key `{key.value}`" if isinstance(key, yaml.ScalarNode) else "a key"
            raise _bad(code, f"{shown} is not a string in YAML", at, key.start_mark, "put the key into quotes in")
        below = (*path, key.value)
        if below in marks:
            raise _bad(
                code,
                f"key `{key.value}` is used twice, in line {marks[below].line} and here",
                at,
                key.start_mark,
                "remove one of the two in",
            )
        marks[below] = _mark(key.start_mark)
        _check_keys(value, at, code, below, marks)


def _mark(mark: Any) -> Mark:
    """Of the parser's own mark, of which the C parser has another class; it counts from 0."""
    return Mark(mark.line + 1, mark.column + 1)


def _inside(text: str, mark: Any) -> Mark | None:
    """The parser reports the end of a text one line after the last."""
    lines = text.splitlines()
    if mark is None or not lines:
        return None
    return _mark(mark) if mark.line < len(lines) else Mark(len(lines), len(lines[-1]) + 1)


def _bad(code: str, what: str, at: str, mark: Any = None, hint: str = "edit") -> BadInput:
    """`mark` is the parser's or one of this module; `hint` is the verb phrase before the file name."""
    position = mark if isinstance(mark, Mark) or mark is None else _mark(mark)
    return BadInput(code, what, at=f"{at}, {position}" if position else at, hint=f"{hint} {at}")

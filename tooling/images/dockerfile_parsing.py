"""Dockerfiles: instructions, stages, and the values of build arguments in them.

Source: Docker, "Dockerfile reference". Tests compare the instructions with those of BuildKit's own parser.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"#\s*([a-z]+)\s*=\s*(\S+)\s*", re.IGNORECASE)
_HEREDOC = re.compile(r"(?:^|\s)\d*<<(-?)([\"']?)([a-zA-Z_]\w*)\2(?=\s|$)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    name: str
    """In capitals."""
    value: str
    """Without flags; continued lines are joined."""
    flags: tuple[str, ...]
    """Such as `--from=build`."""
    line: int

    @property
    def is_exec_form(self) -> bool:
        try:
            words = json.loads(self.value)
        except ValueError:
            return False
        return isinstance(words, list) and all(isinstance(word, str) for word in words)

    def pairs(self) -> dict[str, str]:
        """Names and values of an ARG, ENV or LABEL; an ARG without a value has an empty one."""
        try:
            words = shlex.split(self.value)
        except ValueError:
            words = self.value.split()
        if self.name != "ARG" and words and "=" not in words[0]:
            # The older form of ENV and LABEL: a name, a blank, and everything else is the value.
            return {words[0]: " ".join(words[1:])}
        return {name: value for name, _, value in (word.partition("=") for word in words)}


@dataclass(frozen=True, kw_only=True)
class Stage:
    name: str
    """In lower case; empty if it has none."""
    base: str
    line: int
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, *names: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name in names]


def instructions(text: str) -> list[Instruction]:
    lines = text.split("\n")
    escape = _escape(lines)
    found: list[Instruction] = []
    position = 0
    while position < len(lines):
        start = position
        joined = ""
        continues = True
        while continues and position < len(lines):
            line = lines[position].rstrip("\r")
            position += 1
            if line.lstrip().startswith("#") or (joined and not line.strip()):
                # Comments and empty lines do not end an instruction that is continued.
                continues = bool(joined)
                continue
            continues = line.rstrip().endswith(escape)
            joined += line.rstrip()[:-1] if continues else line
        name, _, rest = joined.strip().partition(" ")
        if not name:
            continue
        name = name.upper()
        if name in ("RUN", "COPY", "ADD"):
            for dash, _, word in _HEREDOC.findall(rest):
                while position < len(lines) and (lines[position].lstrip("\t") if dash else lines[position]) != word:
                    position += 1
                position += 1
        flags = re.match(r"(?:\s*--\S+)*", rest)
        assert flags is not None
        found.append(
            Instruction(name=name, value=rest[flags.end() :].strip(), flags=tuple(flags[0].split()), line=start + 1)
        )
    return found


def stages(found: list[Instruction]) -> list[Stage]:
    """The stages, with the values of build arguments in their base images."""
    arguments: dict[str, str] = {}
    made: list[Stage] = []
    for each in found:
        if each.name == "FROM":
            base, _, name = re.sub(r"\s+as\s+", "\0", each.value, flags=re.IGNORECASE).partition("\0")
            made.append(Stage(name=name.strip().lower(), base=expanded(base.strip(), arguments), line=each.line))
        elif made:
            made[-1].instructions.append(each)
        elif each.name == "ARG":
            arguments |= each.pairs()
    return made


def expanded(text: str, values: Mapping[str, str]) -> str:
    """`$NAME`, `${NAME}` and `${NAME:-default}` replaced; a name without a value becomes empty."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2]) or found[3] or "", text)


def _escape(lines: list[str]) -> str:
    """The character that continues a line: the directive `# escape=` at the top changes it."""
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"

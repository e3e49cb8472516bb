"""Conversion between wire names (`cidrBlock`) and AWS API names (`CidrBlock` or the same), and of tags to lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tooling.plugins.aws.engine.errors import error_code, is_gone

AWS_OWN_TAGS = "aws:"
"""Reserved prefix of the keys of tags that AWS sets."""


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def small(name: str) -> str:
    return name[:1].lower() + name[1:]


def picked(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members that are set, under the same names; for services whose API uses the wire names."""
    return {name: values[name] for name in names if values.get(name) is not None}


def capitals(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members that are set, under API names."""
    return {capital(name): value for name, value in picked(values, names).items()}


def smalls(answer: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members of an API response for these wire names; missing ones are `None`."""
    return {name: answer.get(capital(name)) for name in names}


def capitals_within(value: Any) -> Any:
    """A block and all nested blocks under API names. Not for maps, whose keys belong to the user."""
    if isinstance(value, Mapping):
        return {capital(key): capitals_within(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [capitals_within(item) for item in value]
    return value


def smalls_within(value: Any) -> Any:
    """The reverse of `capitals_within`."""
    if isinstance(value, Mapping):
        return {small(key): smalls_within(item) for key, item in value.items()}
    if isinstance(value, list):
        return [smalls_within(item) for item in value]
    return value


def tag_list(tags: Mapping[str, str] | None, *, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: tags[name]} for name in sorted(tags or {})] if tags else []


def tag_map(tags: Iterable[Mapping[str, str]] | None, *, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Tags as a map, without those that AWS sets."""
    return {tag[key]: tag.get(value, "") for tag in tags or () if not tag[key].startswith(AWS_OWN_TAGS)}


def without_aws_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (tags or {}).items() if not key.startswith(AWS_OWN_TAGS)}


def unless_gone(call: Callable[..., Any], *gone: str, **arguments: Any) -> Any:
    """The response, or `None` if AWS reports that the resource does not exist.

    Args:
        gone: further error codes with this meaning.
    """
    try:
        return call(**arguments)
    except ClientError as error:
        if is_gone(error) or error_code(error) in gone:
            return None
        raise


def first(items: Iterable[Any] | None) -> Any:
    return next(iter(items or ()), None)

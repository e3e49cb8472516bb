"""Parses user input into a pydantic model, and turns pydantic's errors into `PlatformError`s.

Environments, settings and the tenant catalog all use it, so that every unknown key is reported with the nearest known
one and every invalid value with its location.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeGuard, TypeVar, get_origin

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from shared.errors import BadInput, nearest
from shared.narrowing import is_mapping
from shared.yaml_files import KeyPath, Source

Model = TypeVar("Model", bound=BaseModel)


def no_truth_value(value: Any) -> Any:
    """Rejects booleans in a numeric field: YAML's `yes` would otherwise become 1."""
    if isinstance(value, bool):
        raise ValueError("give a whole number, not true or false")
    return value


WholeNumber = Annotated[int, BeforeValidator(no_truth_value)]
"""A pydantic field for an `int`."""


class WrongValue(ValueError):
    """A value that is wrong beside another one, with the key to point at; raised by a validator of a whole model.

    Args:
        key: path of the value inside the model, by the names in the file.
    """

    def __init__(self, message: str, *key: str | int) -> None:
        super().__init__(message)
        self.key: KeyPath = key


def parse(
    model: type[Model],
    content: Any,
    *,
    at: str,
    code: str,
    error: type[BadInput] = BadInput,
    source: Source | None = None,
) -> Model:
    """Validates `content` as `model`.

    Args:
        at: the file or stack that `content` came from; the invalid key is appended.
        code: code of the error raised.
        error: class of the error raised.
        source: positions in the file that `content` came from, for the error.

    Raises:
        BadInput: the first problem, and the number of further ones.
    """
    if not is_mapping(content):
        raise error(code, f"{at} is not a mapping of keys to values", at=at, hint=f"edit {at}")
    try:
        return model.model_validate(dict(content))
    except ValidationError as failure:
        problems = failure.errors(include_url=False)
        # A misspelt required key is also reported as missing; the misspelling is what has to be fixed.
        first = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
        source, path = source or Source(file=at), _path(first)
        place = source.key(path)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        if first["type"] == "extra_forbidden":
            what = f"unknown key `{place}`{nearest(str(first['loc'][-1]), _keys_at(model, first['loc'][:-1]))}{more}"
        elif first["type"] == "missing":
            what = f"`{place}` is missing{more}"
        else:
            said = first["msg"].removeprefix("Value error, ")
            # A validator of a whole model names the key itself.
            what = f"`{place}`: {said}{more}" if place and path == first["loc"] else f"{said}{more}"
        raise error(code, what, at=source.at(path), hint=f"edit {at}") from failure


def _path(problem: ErrorDetails) -> KeyPath:
    raised = problem.get("ctx", {}).get("error")
    return (*problem["loc"], *(raised.key if isinstance(raised, WrongValue) else ()))


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys known at `path` inside `model`; empty where the path leaves the models."""
    current: Any = model
    keyed = False
    for part in path:
        if isinstance(part, int) or keyed:
            # A list index, or a key that the user chose.
            keyed = False
            continue
        field = _fields(current).get(part)
        if field is None:
            return []
        current, keyed = _model_in(field.annotation), get_origin(field.annotation) is dict
    return list(_fields(current))


def _fields(model: Any) -> dict[str, FieldInfo]:
    """Fields by their key in the file; empty if `model` is not a model."""
    if not _is_model(model):
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _model_in(annotation: Any) -> Any:
    if _is_model(annotation):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None

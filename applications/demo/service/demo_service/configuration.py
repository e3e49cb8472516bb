"""The configuration: environment variables, and `config.ini` for what the service answers.

Everything is read and checked once, before the server starts, so that a pod with a wrong value never becomes ready.
Nothing here imports the web framework: a wrong value is reported at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from configparser import ConfigParser, ExtendedInterpolation, InterpolationError
from configparser import Error as IniError
from dataclasses import dataclass
from pathlib import Path

CONFIG_INI = Path(__file__).with_name("config.ini")

_ENVIRONMENT = "environment"
_RESPONSES = "responses"
_KEYS = ("root", "api", "delay_seconds")
_MOST_DELAY_SECONDS = 60
_LEVELS = ("debug", "info", "warning", "error")


class ConfigurationError(Exception):
    """A wrong value: what is wrong, where, and what to do about it."""

    def __init__(self, what: str, *, at: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.at, self.hint = what, at, hint


@dataclass(frozen=True, kw_only=True)
class Responses:
    root: str
    api: str
    delay_seconds: float


@dataclass(frozen=True, kw_only=True)
class Configuration:
    host: str
    port: int
    """0: any free port; the log says which."""
    log_level: int
    shutdown_seconds: int
    """Longest time from SIGTERM to exit. Less than the time that the Deployment gives between its `preStop` hook and
    SIGKILL, which is 20 seconds by default."""
    responses: Responses


def load_configuration(environment: Mapping[str, str] = os.environ) -> Configuration:
    """Raises:
    ConfigurationError: a variable or a value of `config.ini` is wrong.
    """
    return Configuration(
        # All interfaces: the kubelet and the load balancer connect to the pod's address.
        host=environment.get("HOST") or "0.0.0.0",  # noqa: S104
        port=_number(environment, "PORT", default=8080, least=0, most=65535),
        log_level=_log_level(environment),
        shutdown_seconds=_number(environment, "SHUTDOWN_SECONDS", default=10, least=1, most=3600),
        responses=load_responses(Path(environment.get("DEMO_CONFIG") or CONFIG_INI), environment),
    )


def load_responses(path: Path, environment: Mapping[str, str]) -> Responses:
    """Raises:
    ConfigurationError: the file cannot be read or parsed, or a key is missing, unknown or invalid.
    """
    parser = ConfigParser(interpolation=ExtendedInterpolation())
    parser.optionxform = str  # type: ignore[method-assign]  # names of variables keep their case
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(
            f"the configuration file cannot be read: {reason}",
            at=str(path),
            hint="correct DEMO_CONFIG, or unset it to use the file of the service",
        ) from error
    except IniError as error:
        raise ConfigurationError(
            f"not a valid INI file: {' '.join(error.message.split())}", at=str(path), hint=f"correct it as {CONFIG_INI}"
        ) from error
    if parser.has_section(_ENVIRONMENT):
        for name in parser.options(_ENVIRONMENT):
            if name in environment:
                # `$$` is a literal dollar sign: a response may contain one.
                parser.set(_ENVIRONMENT, name, environment[name].replace("$", "$$"))
    _check_keys(parser, path)
    root, api, delay = (_value(parser, path, key) for key in _KEYS)
    return Responses(root=root, api=api, delay_seconds=_delay(delay, path))


def _check_keys(parser: ConfigParser, path: Path) -> None:
    found = set(parser.options(_RESPONSES)) if parser.has_section(_RESPONSES) else set[str]()
    for words, keys in (("is missing", set(_KEYS) - found), ("is unknown", found - set(_KEYS))):
        if keys:
            raise ConfigurationError(
                f"key {min(keys)!r} of section [{_RESPONSES}] {words}",
                at=f"{path}, [{_RESPONSES}]",
                hint=f"write exactly the keys {', '.join(_KEYS)}",
            )


def _value(parser: ConfigParser, path: Path, key: str) -> str:
    try:
        return parser.get(_RESPONSES, key)
    except InterpolationError as error:
        raise ConfigurationError(
            f"the value of {key!r} refers to something that does not exist, or has a single $",
            at=f"{path}, [{_RESPONSES}] {key}",
            hint=f"name a key of [{_ENVIRONMENT}], as in ${{{_ENVIRONMENT}:NAME}}, and write $$ for a dollar sign",
        ) from error


def _delay(text: str, path: Path) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _MOST_DELAY_SECONDS:
        raise ConfigurationError(
            f"the delay must be a number from 0 to {_MOST_DELAY_SECONDS}, not {text!r}",
            at=f"{path}, [{_RESPONSES}] delay_seconds",
            hint="correct DEMO_DELAY_SECONDS, or unset it",
        )
    return seconds


def _number(environment: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ConfigurationError(
            f"{name} must be a whole number from {least} to {most}, not {text!r}",
            at=f"environment variable {name}",
            hint=f"correct it, or unset it for {default}",
        )
    return int(text)


def _log_level(environment: Mapping[str, str]) -> int:
    text = environment.get("LOG_LEVEL") or "info"
    if text.lower() not in _LEVELS:
        raise ConfigurationError(
            f"LOG_LEVEL must be one of {', '.join(_LEVELS)}, not {text!r}",
            at="environment variable LOG_LEVEL",
            hint="correct it, or unset it for info",
        )
    return logging.getLevelNamesMapping()[text.upper()]

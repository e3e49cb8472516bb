"""EKS' own errors, raised in one line. moto's classes carry the HTTP status and take any fields."""

from __future__ import annotations

from typing import NoReturn

from moto.eks.exceptions import (
    EKSError,
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)


class ResourceLimitExceededException(EKSError):
    TYPE = "ResourceLimitExceededException"
    STATUS = 400


def invalid_parameter(message: str) -> NoReturn:
    raise InvalidParameterException(message=message)


def invalid_request(message: str) -> NoReturn:
    raise InvalidRequestException(message=message)


def in_use(message: str) -> NoReturn:
    raise ResourceInUseException(message=message)


def not_found(message: str) -> NoReturn:
    raise ResourceNotFoundException(message=message)


def limit_exceeded(message: str) -> NoReturn:
    raise ResourceLimitExceededException(message=message)

"""Questions about requests to every service but S3, a module each.

What names a thing that does not exist is asked about by the ARN that it would have: the answer then says nothing about
whether it exists.

Source: Service Authorization Reference of each service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tooling.aws_emulator.authorization.questions import Place, Question
from tooling.aws_emulator.authorization.reading import Call
from tooling.aws_emulator.authorization.services import ecr, eks, iam, kms, logs, secretsmanager, sts

PREFIXES = {"monitoring": "cloudwatch"}
"""Prefix of the actions of services that sign with another name."""

QUESTIONS: Mapping[str, Callable[[Call, Place], Iterator[Question]]] = {
    "ecr": ecr.questions,
    "eks": eks.questions,
    "eks-auth": eks.questions_of_auth,
    "iam": iam.questions,
    "kms": kms.questions,
    "logs": logs.questions,
    "secretsmanager": secretsmanager.questions,
    "sts": sts.questions,
}

"""Conformance cases of ECR."""

from __future__ import annotations

import json

from tooling.plugins.aws.tests.case import Case, World


def _other_repository(world: World) -> str:
    return world.repositories[1]


def _lifecycle(days: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def _pull(account: str) -> str:
    statement = {
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = (
    Case(
        pulumi_name="aws:ecr/repository:Repository",
        inputs=lambda world: {
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": world.key_arns[0]}],
            "forceDelete": True,
            "imageScanningConfiguration": {"scanOnPush": True},
            "imageTagMutability": "IMMUTABLE",
        },
        updates={
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration.scanOnPush": False,
            "forceDelete": False,
        },
        replaces={
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "encryptionConfigurations[0].kmsKey": lambda world: world.key_arns[1],
        },
    ),
    Case(
        pulumi_name="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        inputs=lambda world: {"repository": world.repositories[0], "policy": _lifecycle(7)},
        updates={"policy": _lifecycle(14)},
        replaces={"repository": _other_repository},
    ),
    Case(
        pulumi_name="aws:ecr/repositoryPolicy:RepositoryPolicy",
        inputs=lambda world: {"repository": world.repositories[0], "policy": _pull("111122223333")},
        updates={"policy": _pull("444455556666")},
        replaces={"repository": _other_repository},
    ),
)

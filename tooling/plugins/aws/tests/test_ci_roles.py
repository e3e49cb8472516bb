"""The plug-in and the emulated IAM take the pipelines' roles as the program writes them."""

from __future__ import annotations

import json
from pathlib import Path

from shared.testing import run_program
from tooling.paths import REPOSITORY
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.tests.engine import Engine

_KINDS = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "github",
    "aws:iam/role:Role": "ci-",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "ci-",
    "aws:iam/rolePolicy:RolePolicy": "ci-",
}


def test_every_resource_of_the_pipelines_is_made_and_read_back_unchanged(engine: Engine, lane: Lane) -> None:
    github = {"repository": "example/platform", "state_bucket_arn": "arn:aws:s3:::pulumi-state"}
    run = run_program(Path(REPOSITORY / "infrastructure"), stack="dev", config={"github": github})
    wanted = [
        resource
        for kind, prefix in _KINDS.items()
        for resource in run.registered(kind)
        if resource.name.startswith(prefix)
    ]
    assert len(wanted) == 1 + 3 + 3 + 3
    for resource in wanted:
        made = engine.create(resource.type, resource.name, resource.inputs)
        assert engine.plan(made, resource.inputs).empty, resource.name
        assert engine.refresh(made) is not None
    document = lane.emulator.client("iam").get_role(RoleName="eks-ci-preview-dev")["Role"]["AssumeRolePolicyDocument"]
    subject = document["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert (subject, json.dumps(document).count("pull_request")) == ("repo:example/platform:pull_request", 1)

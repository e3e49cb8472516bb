"""The guided tour: its settings and what it finds."""

from __future__ import annotations

from shared.errors import ExitCode
from tests.bad_input.case import Case, append, edit, write

_ACCOUNT = {"PLATFORM_ACCOUNT_ID": "123456789012"}

CASES = [
    Case(
        id="guide: no terminal to ask on",
        command="guide",
        exit_code=ExitCode.REFUSED,
        code="confirmation-missing",
        place="--stack local",
        says="there is no terminal to ask on",
    ),
    Case(
        id="guide: unknown step",
        command="guide deploy-clutser",
        code="usage",
        place="tiers guide",
        nearest="deploy-cluster",
    ),
    Case(
        id="guide: unknown stack in its file",
        command="guide --yes",
        wrong=(edit("guide.toml", 'STACK = "local"', 'STACK = "prd"'),),
        code="environment-unknown",
        place="guide.toml, STACK",
        nearest="prod",
    ),
    Case(
        id="guide: unknown application",
        command="guide --yes",
        wrong=(edit("guide.toml", 'APPLICATION = "demo"', 'APPLICATION = "dmo"'),),
        code="application-unknown",
        place="applications/",
        nearest="demo",
    ),
    Case(
        id="guide: unknown key",
        command="guide --yes",
        wrong=(append("guide.toml", 'AWS_REGON = "eu-central-1"\n'),),
        code="guide-invalid",
        place="guide.toml, AWS_REGON",
        nearest="AWS_REGION",
    ),
    Case(
        id="guide: not TOML",
        command="guide --yes",
        wrong=(write("guide.toml", "STACK: local\n"),),
        code="guide-invalid",
        place="guide.toml",
        says="cannot be read",
    ),
    Case(
        id="guide: credentials in its file",
        command="guide --yes",
        wrong=(append("guide.toml", 'AWS_SECRET_ACCESS_KEY = "x"\n'),),
        code="guide-credentials",
        place="guide.toml",
        says="AWS_SECRET_ACCESS_KEY",
    ),
    Case(
        id="guide: region of another environment",
        command="guide --yes",
        wrong=(edit("guide.toml", 'AWS_REGION = ""', 'AWS_REGION = "eu-central-1"'),),
        code="guide-region",
        place="guide.toml, AWS_REGION",
        says="environment local is in us-east-1",
    ),
    Case(
        id="guide: no credentials",
        command="guide deploy-cluster --stack dev --yes",
        variables=_ACCOUNT,
        code="credentials-missing",
        place="environment dev",
    ),
    Case(
        id="guide: no kubectl",
        command="guide set-kubectl-context --stack dev --yes",
        variables={**_ACCOUNT, "PATH": "/nowhere"},
        caller="123456789012",
        code="kubectl-missing",
        place="PATH",
    ),
    Case(
        id="guide: no docker",
        command="guide update-version --stack dev --yes",
        variables={**_ACCOUNT, "PATH": "/nowhere"},
        caller="123456789012",
        code="docker-missing",
        place="PATH",
    ),
]

"""What programs refuse while they run, on a lane that runs and holds what earlier tiers are said to have published."""

from __future__ import annotations

from typing import Any

from shared.errors import ExitCode
from tests.bad_input.case import Case, edit, write
from tests.bad_input.stacks import deployed, infrastructure

_ADDONS = "up platform-addons --stack local"
_DEMO = "up applications --stack local"
_PROGRAM = "applications/demo/__main__.py"
_SECRET = """
from dataclasses import dataclass
from typing import ClassVar

import pulumi

from shared.contracts import publish

@dataclass(frozen=True, kw_only=True)
class Shown:
    project: ClassVar[str] = "demo"
    version: ClassVar[int] = 1
    token: pulumi.Output[str]

publish(Shown(token=pulumi.Output.secret("hush").apply(str.upper)))
"""


def _upstream(id_: str, code: str, says: str, **changed: Any) -> Case:
    return Case(
        id=f"upstream: {id_}",
        command=_ADDONS,
        lane="running",
        wrong=(infrastructure(**changed),),
        code=code,
        place="contract Infrastructure",
        says=says,
    )


CASES = [
    Case(
        id="upstream: not deployed",
        command=_ADDONS,
        lane="running",
        code="stack-missing",
        place="contract Infrastructure",
        says="of infrastructure/local, which does not exist",
    ),
    Case(
        id="upstream: deployed without outputs",
        command=_ADDONS,
        lane="running",
        wrong=(deployed("infrastructure", "local", {}),),
        code="output-missing",
        place="contract Infrastructure",
    ),
    _upstream("one output is missing", "output-missing", "`oidc_issuer_url`", oidc_issuer_url=None),
    _upstream("contract too old", "contract-too-old", "has published version 0", contract_version=0),
    _upstream("empty kubeconfig", "output-empty", "`kubeconfig`", kubeconfig=""),
    _upstream("output of another type", "output-invalid", "`private_subnet_ids`", private_subnet_ids="subnet-1"),
    Case(
        id="program: secret in a contract",
        command=_DEMO,
        lane="running",
        wrong=(write(_PROGRAM, _SECRET),),
        exit_code=ExitCode.REFUSED,
        code="secret-in-contract",
        place="contract Shown",
        says="`token`",
    ),
    Case(
        id="program: a bug",
        command=_DEMO,
        lane="running",
        wrong=(edit(_PROGRAM, "settings.tenant", "settings.tenants"),),
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        code="program-failed",
        place="applications/demo/__main__.py:",
        says="AttributeError",
    ),
]

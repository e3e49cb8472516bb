"""Every code that a person can be refused with has a row in the table, or a reason why it has none."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad_input.test_bad_input import CASES
from tooling.paths import REPOSITORY

_ERRORS = {"BadInput", "Refused", "ProgramInputError", "ProgramRefused"}
_HELPERS = {"_error": 2, "_unknown_or_raise": 2}
"""Functions that make such an error, with the place of the code among their arguments."""

_SOURCES = (
    "shared",
    "tenants",
    "infrastructure",
    "platform-addons",
    "applications",
    "tooling/runner",
    "tooling/cli",
    "tooling/guide",
    "tooling/applications",
    "tooling/images",
    "tooling/iam",
    "tooling/imported_clusters",
    "tooling/manifests",
    "tooling/tenants",
)
_LANE = "tooling/lane"
_MANIFESTS = "tooling/manifests/tests"


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A code that no command line provokes in a test of seconds."""

    code: str
    why: str
    test: str
    """File that provokes it."""


ELSEWHERE = [
    Elsewhere(
        code="audit-of-living-stacks",
        why="needs stacks deployed in an account",
        test="tooling/audit/tests/test_audit_by_tag.py",
    ),
    Elsewhere(
        code="endpoint-open-to-everybody",
        why="refused in staging and prod, once the program runs",
        test="infrastructure/tests/test_settings.py",
    ),
    Elsewhere(
        code="exemption-invalid",
        why="read by the process that serves the policies",
        test="shared/policies/tests/test_exemptions.py",
    ),
    Elsewhere(
        code="strict-too-early",
        why="told once the program runs, from what tier 2 has published",
        test="infrastructure/tests/test_settings.py",
    ),
    Elsewhere(
        code="addon-version-unknown",
        why="needs a cluster of another minor",
        test="platform-addons/tests/test_addon_graph.py",
    ),
    Elsewhere(
        code="cluster-renamed",
        why="needs a cluster that was deployed",
        test="infrastructure/tests/test_cluster_name.py",
    ),
    Elsewhere(
        code="upgrade-refused",
        why="needs a cluster that was deployed",
        test="infrastructure/tests/test_upgrades.py",
    ),
    Elsewhere(
        code="dependency-not-locked",
        why="said by `make update-generated`",
        test="tooling/images/tests/test_requirements.py",
    ),
    Elsewhere(
        code="engine-too-old",
        why="the rows' machine has an engine that fits",
        test="tests/faults/test_set_up.py",
    ),
    Elsewhere(
        code="argument-invalid",
        why="the demo's settings set none of these arguments; it is for application programs",
        test="shared/tests/test_components_of_applications.py",
    ),
    Elsewhere(
        code="arguments-conflict",
        why="the demo's settings set none of these arguments; it is for application programs",
        test="shared/tests/test_components_of_applications.py",
    ),
    Elsewhere(
        code="replicas-out-of-order",
        why="the demo's settings refuse it first; it is for application programs with other settings",
        test="shared/tests/test_web_application.py",
    ),
    Elsewhere(
        code="shutdown-out-of-range",
        why="the demo has no setting for it; it is for application programs that set the times of a shutdown",
        test="shared/tests/test_web_application.py",
    ),
    Elsewhere(
        code="namespace-not-the-tenants",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_components_of_applications.py",
    ),
    Elsewhere(
        code="host-not-the-tenants",
        why="known once the tenant's stack is deployed on a cluster",
        test="tooling/runner/tests/test_how_programs_end.py",
    ),
    Elsewhere(
        code="registry-not-allowed",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="image-without-version",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="repository-missing",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="quota-exceeded",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="component-name-taken",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="container-too-large",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_quotas_of_applications.py",
    ),
    Elsewhere(
        code="host-missing",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_web_application.py",
    ),
    Elsewhere(
        code="port-not-open",
        why="known once the tenant's stack is deployed on a cluster",
        test="shared/tests/test_web_application.py",
    ),
    Elsewhere(
        code="host-in-use",
        why="needs a cluster with tenants on it",
        test="tooling/runner/tests/test_what_tenants_still_use.py",
    ),
    Elsewhere(
        code="namespace-in-use",
        why="needs a cluster with tenants on it",
        test="tooling/runner/tests/test_what_tenants_still_use.py",
    ),
    Elsewhere(
        code="egress-inside",
        why="known once tier 1 is deployed",
        test="tenants/tests/test_choices_of_the_file.py",
    ),
    Elsewhere(
        code="network-policies-not-enforced",
        why="known once tier 1 is deployed",
        test="tenants/tests/test_choices_of_the_file.py",
    ),
    Elsewhere(
        code="guardrails-in-use",
        why="needs a cluster with tenants on it",
        test="tooling/runner/tests/test_what_tenants_still_use.py",
    ),
    Elsewhere(
        code="kubeconfig-empty",
        why="the contract refuses an empty one first; it is for providers made without a contract",
        test="shared/tests/test_provider_factories.py",
    ),
    Elsewhere(
        code="stack-name-invalid",
        why="`tiers` makes the names of stacks; it is for plain `pulumi up`",
        test="tenants/tests/test_stacks_of_tenants.py",
    ),
    Elsewhere(
        code="settings-model-missing",
        why="the check of every setting refuses most such projects first",
        test="tooling/applications/tests/test_lookup.py",
    ),
    Elsewhere(
        code="release-none-before",
        why="needs an application that was deployed",
        test="tooling/applications/tests/test_releasing.py",
    ),
    Elsewhere(
        code="image-unknown",
        why="needs a tenant that was deployed, with its image repositories",
        test="tooling/applications/tests/test_registry.py",
    ),
    Elsewhere(
        code="setting-secret",
        why="the demo has no secret setting",
        test="tooling/applications/tests/test_proposal.py",
    ),
    Elsewhere(
        code="release-unknown",
        why="needs an application that was deployed",
        test="tooling/applications/tests/test_history.py",
    ),
    Elsewhere(
        code="guide-elsewhere",
        why="the rows run in the clone that `tiers` belongs to",
        test="tooling/guide/tests/test_prerequisites.py",
    ),
    Elsewhere(
        code="docker-not-running",
        why="needs a docker",
        test="tooling/guide/tests/test_prerequisites.py",
    ),
    Elsewhere(
        code="version-invalid",
        why="asked on a terminal only",
        test="tooling/guide/tests/test_versions.py",
    ),
    Elsewhere(
        code="stack-locked",
        why="a living engine is given a minute to end",
        test="tooling/runner/tests/test_stack_locks.py",
    ),
    Elsewhere(
        code="not-confirmed",
        why="asked on a terminal only",
        test="tooling/lane/tests/test_local_command.py",
    ),
    Elsewhere(
        code="operation-running",
        why="needs an operation that is under way",
        test="tooling/lane/tests/test_snapshots.py",
    ),
    *(
        Elsewhere(
            code=code,
            why="needs a commit of the service, or an ECR to ask, which no command line of this table has",
            test="tooling/images/tests/test_publishing.py",
        )
        for code in (
            "image-digest-invalid",
            "image-not-promoted",
            "image-tag-taken",
            "repository-undeployed",
            "service-missing",
            "service-uncommitted",
        )
    ),
    *(
        Elsewhere(
            code=code, why="needs an application whose program creates it", test=f"{_MANIFESTS}/test_rendering.py"
        )
        for code in ("render-secret", "render-unsupported")
    ),
    *(
        Elsewhere(code=code, why="needs a tenant that was deployed", test=f"{_MANIFESTS}/test_output.py")
        for code in ("directory-taken", "kustomize-failed", "repository-url-missing")
    ),
    Elsewhere(
        code="programs-mirror-invalid",
        why="read when something is downloaded, and the rows' machine has every program",
        test="tooling/lane/tests/test_downloads.py",
    ),
    *(
        Elsewhere(
            code=code,
            why="needs an account with a cluster",
            test="tooling/imported_clusters/tests/test_contract.py",
        )
        for code in (
            "cluster-imported",
            "cluster-unfit",
            "cluster-unknown",
            "contract-disagrees",
            "contract-invalid",
            "infrastructure-deployed",
        )
    ),
    Elsewhere(
        code="owned-elsewhere",
        why="needs an application that was deployed",
        test="tests/chain/test_the_whole_chain.py",
    ),
    Elsewhere(
        code="host-unsupported",
        why="needs a machine that the lane does not run on",
        test="tooling/lane/tests/test_obtaining_programs.py",
    ),
]


@functools.cache
def codes() -> dict[str, str]:
    """Every code of a `BadInput` or `Refused`, and where it is raised."""
    found = {}
    for source in (*_SOURCES, _LANE):
        for path in sorted((REPOSITORY / source).rglob("*.py")):
            if "tests" in path.relative_to(REPOSITORY).parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    for code in _codes(node):
                        found[code] = str(path.relative_to(REPOSITORY))
    return found


def _codes(call: ast.Call) -> list[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    if name in _ERRORS and call.args:
        given.append(call.args[0])
    if name in _HELPERS and len(call.args) > _HELPERS[name]:
        given.append(call.args[_HELPERS[name]])
    return [value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)]


def test_the_search_finds_what_is_known_to_be_there() -> None:
    assert {"tenant-unknown", "lane-down", "contract-too-old", "output-missing", "tiers-invalid"} <= set(codes())


def test_every_code_has_a_row_or_a_reason() -> None:
    covered = {case.code for case in CASES} | {entry.code for entry in ELSEWHERE}
    lost = {code: path for code, path in codes().items() if code not in covered}
    assert lost == {}, "add a row to tests/bad_input, or an entry to ELSEWHERE with the reason"


@pytest.mark.parametrize("entry", ELSEWHERE, ids=lambda entry: entry.code)
def test_what_has_no_row_is_provoked_by_a_test_of_its_own(entry: Elsewhere) -> None:
    assert entry.code in codes()
    assert entry.code not in {case.code for case in CASES}
    assert entry.code in (REPOSITORY / entry.test).read_text(encoding="utf-8")


def test_no_row_is_of_a_code_that_nothing_raises() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for source in (*_SOURCES, _LANE)
        for path in sorted(Path(REPOSITORY / source).rglob("*.py"))
        if "tests" not in path.relative_to(REPOSITORY).parts
    )
    made = {"tenant-unknown", "application-unknown"}
    assert [case.code for case in CASES if f'"{case.code}"' not in text and case.code not in made] == []

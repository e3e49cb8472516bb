"""The cluster that eksctl makes: its configuration, and scripts that ask before they spend money or delete."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.versions import KUBERNETES
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.process

MANUAL = REPOSITORY / "infrastructure/manual"
CREATE, DELETE = "create-dawn-cluster.sh", "delete-dawn-cluster.sh"
ACCOUNT = "123456789012"
VARIABLES = {
    "PLATFORM_ACCOUNT_ID": ACCOUNT,
    "AWS_REGION": "eu-central-1",
    "ADMIN_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/admin",
    "SECRETS_KEY_ARN": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234",
    "ENDPOINT_CIDR": "203.0.113.0/24",
}

_AWS = """#!/usr/bin/env bash
echo "aws $*" >> "$CALLS"
case "$1 $2" in
"sts get-caller-identity") echo "${CALLER:-123456789012}" ;;
"eks describe-cluster") [ -n "${EXISTS:-}" ] && echo vpc-1 ;;
"elbv2 describe-load-balancers") echo "${BALANCERS:-}" ;;
esac
"""
_EKSCTL = """#!/usr/bin/env bash
echo "eksctl $*" >> "$CALLS"
[ "$1" = create ] && cat > "$CALLS.config"
exit 0
"""


class Machine:
    """A PATH with an `aws` and an `eksctl` that only write down how they were called."""

    def __init__(self, directory: Path) -> None:
        self.calls = directory / "calls"
        self._bin = directory / "bin"
        self._bin.mkdir()
        for name, text in (("aws", _AWS), ("eksctl", _EKSCTL)):
            (self._bin / name).write_text(text)
            (self._bin / name).chmod(0o755)

    def run(
        self, script: str, *arguments: str, variables: Mapping[str, str] | None = None, answer: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Args: answer: typed at a terminal; without one there is none."""
        given = VARIABLES if variables is None else variables
        environment = {"PATH": f"{self._bin}:/usr/bin:/bin", "CALLS": str(self.calls), **given}
        stdin: int = subprocess.DEVNULL
        if answer is not None:
            leader, stdin = pty.openpty()
            os.write(leader, f"{answer}\n".encode())
        return subprocess.run(
            [str(MANUAL / script), *arguments], env=environment, stdin=stdin, capture_output=True, text=True
        )

    @property
    def eksctl(self) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.startswith("eksctl")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def printed(machine: Machine) -> dict[str, Any]:
    return yaml.safe_load(machine.run(CREATE, "--print").stdout)


def test_the_configuration_is_one_that_eksctl_takes(machine: Machine) -> None:
    schema = json.loads((MANUAL / "eksctl.schema.json").read_text())
    config = printed(machine)
    jsonschema.validate(config, schema)
    # The schema refuses what it does not know.
    with pytest.raises(jsonschema.ValidationError, match="'privateNetwork' was unexpected"):
        jsonschema.validate({**config, "managedNodeGroups": [{"name": "general", "privateNetwork": True}]}, schema)
    assert "$" not in json.dumps(config)


def test_the_schema_is_the_published_one() -> None:
    readme = (MANUAL / "README.md").read_text()
    assert hashlib.sha256((MANUAL / "eksctl.schema.json").read_bytes()).hexdigest() in readme


def test_the_cluster_is_as_closed_as_that_of_tier_1(machine: Machine) -> None:
    config = printed(machine)
    assert config["metadata"] == {
        "name": "dawn",
        "region": "eu-central-1",
        "version": KUBERNETES.value,
        "tags": {"environment": "dawn"},
    }
    assert config["vpc"]["publicAccessCIDRs"] == ["203.0.113.0/24"]
    assert config["vpc"]["controlPlaneOnPrivateSubnets"] is True
    assert config["accessConfig"]["authenticationMode"] == "API"
    assert config["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False
    assert [entry["principalARN"] for entry in config["accessConfig"]["accessEntries"]] == [VARIABLES["ADMIN_ROLE_ARN"]]
    assert config["secretsEncryption"] == {"keyARN": VARIABLES["SECRETS_KEY_ARN"]}
    assert config["iam"]["withOIDC"] is True
    (cni,) = [addon for addon in config["addons"] if addon["name"] == "vpc-cni"]
    assert json.loads(cni["configurationValues"]) == {"enableNetworkPolicy": "true"}
    (nodes,) = config["managedNodeGroups"]
    assert {key: nodes[key] for key in ("privateNetworking", "disableIMDSv1", "disablePodIMDS", "volumeEncrypted")} == {
        "privateNetworking": True,
        "disableIMDSv1": True,
        "disablePodIMDS": True,
        "volumeEncrypted": True,
    }


@pytest.mark.parametrize("script", [CREATE, DELETE])
def test_shellcheck_finds_nothing(script: str) -> None:
    linter = REPOSITORY / ".venv/bin/shellcheck"
    done = subprocess.run([linter, "--external-sources", script], cwd=MANUAL, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize(("script", "exists"), [(CREATE, ""), (DELETE, "yes")])
def test_it_acts_after_the_name_was_typed_and_not_before(machine: Machine, script: str, exists: str) -> None:
    variables = {**VARIABLES, "EXISTS": exists}
    nobody = machine.run(script, variables=variables)
    assert (nobody.returncode, machine.eksctl) == (2, [])
    assert "error[confirmation-missing]" in nobody.stderr
    no = machine.run(script, variables=variables, answer="yes")
    assert (no.returncode, machine.eksctl) == (2, [])
    assert "error[not-confirmed]" in no.stderr
    typed = machine.run(script, variables=variables, answer="dawn")
    assert (typed.returncode, len(machine.eksctl)) == (0, 1), typed.stderr
    assert machine.run(script, "--yes", variables=variables).returncode == 0


def test_eksctl_gets_the_configuration_that_is_printed(machine: Machine) -> None:
    expected = printed(machine)
    machine.run(CREATE, "--yes")
    assert machine.eksctl == ["eksctl create cluster --config-file - --write-kubeconfig=false"]
    assert yaml.safe_load(machine.calls.with_suffix(".config").read_text()) == expected


@pytest.mark.parametrize(
    ("script", "changed", "code"),
    [
        *((CREATE, {name: ""}, "variable-missing") for name in VARIABLES),
        (CREATE, {"ENDPOINT_CIDR": "0.0.0.0/0"}, "endpoint-open-to-everybody"),
        (CREATE, {"CALLER": "210987654321"}, "wrong-account"),
        (CREATE, {"EXISTS": "yes"}, "cluster-exists"),
        (DELETE, {"CALLER": "210987654321"}, "wrong-account"),
        (DELETE, {}, "cluster-missing"),
        (DELETE, {"EXISTS": "yes", "BALANCERS": "k8s-tenanta"}, "cluster-in-use"),
    ],
)
def test_it_refuses_before_anything_is_made_or_deleted(
    machine: Machine, script: str, changed: Mapping[str, str], code: str
) -> None:
    refused = machine.run(script, "--yes", variables={**VARIABLES, **changed})
    assert refused.returncode == 2
    assert f"error[{code}]" in refused.stderr
    assert "\nhint: " in refused.stderr
    assert machine.eksctl == []


def test_an_unknown_option_is_refused(machine: Machine) -> None:
    assert "error[usage]" in machine.run(DELETE, "--force").stderr
    assert machine.eksctl == []

"""The command line itself, and the lane that it finds."""

from __future__ import annotations

import json
from typing import Any

from shared.errors import ExitCode
from tests.bad_input.case import Case, append, in_lane, write
from tests.bad_input.site import Site
from tests.bad_input.stacks import infrastructure, protected_infrastructure, tenant
from tooling.lane.binaries import search_path


def _usage(id_: str, command: str, place: str, says: str, nearest: str = "") -> Case:
    return Case(id=f"usage: {id_}", command=command, code="usage", place=place, says=says, nearest=nearest)


def _a_file(site: Site) -> None:
    site.lane.write_text("a file")


def _somebody_elses(site: Site) -> None:
    site.lane.mkdir()
    (site.lane / "thesis.txt").write_text("ten years of work")


def _made_elsewhere(site: Site) -> None:
    record = site.lane / "lane.json"
    record.write_text(record.read_text().replace(str(site.lane), "/somewhere/else"))


def _by_another_kubernetes(site: Site) -> None:
    record = site.lane / "lane.json"
    record.write_text(record.read_text().replace('"kubernetes": "', '"kubernetes": "0.'))


_OLD_SNAPSHOT = json.dumps(
    {
        "format": 1,
        "name": "before",
        "created": "2026-01-01T00:00:00Z",
        "directory": "/somewhere/else",
        "versions": {"kubernetes": "1.20.0"},
        "stacks": [],
        "size_bytes": 0,
    }
)

_PROD = {
    "PLATFORM_ACCOUNT_ID": "210987654321",
    "PATH": ":".join([*search_path(), "/usr/bin", "/bin"]),
    "PULUMI_BACKEND_URL": "file://{lane}",
    "PULUMI_CONFIG_PASSPHRASE": "test",
}

_OBJECT = "arn:aws:s3:::tenant-data/tenant-a/x"


def _access(id_: str, asked: str, code: str, place: str, says: str, nearest: str = "", **more: Any) -> Case:
    command = f"explain-access {asked} --stack local"
    return Case(id=f"access: {id_}", command=command, code=code, place=place, says=says, nearest=nearest, **more)


CASES = [
    _access("action", f"role s3:GetObjekt {_OBJECT}", "iam-action-unknown", "ACTION", "has no action", "GetObject"),
    _access("service", f"role kmss:Decrypt {_OBJECT}", "iam-action-unknown", "ACTION", "has no service kmss", "kms"),
    _access("no ARN", "role s3:GetObject tenant-data", "iam-resource-invalid", "RESOURCE", "is no ARN"),
    _access("pattern", f"role s3:GetObject {_OBJECT}*", "iam-resource-invalid", "RESOURCE", "not one resource"),
    _access(
        "resource of another kind",
        "role s3:ListBucket arn:aws:iam::123456789012:role/x",
        "iam-resource-invalid",
        "RESOURCE",
        "no resource of",
    ),
    _access("all objects", "role s3:GetObject *", "iam-resource-invalid", "RESOURCE *", "about one resource"),
    _access(
        "context",
        f"role s3:GetObject {_OBJECT} --context s3:prefiks=a",
        "iam-context-invalid",
        "--context",
        "s3:prefiks",
    ),
    _access(
        "context without a value",
        f"role s3:GetObject {_OBJECT} --context x",
        "iam-context-invalid",
        "--context",
        "KEY=VALUE",
    ),
    _access(
        "principal",
        f"a:b s3:GetObject {_OBJECT}",
        "iam-principal-invalid",
        "PRINCIPAL",
        "neither the ARN",
        lane="running",
    ),
    _access(
        "principal that is not there",
        f"eks-admin s3:GetObject {_OBJECT}",
        "iam-principal-unknown",
        "PRINCIPAL",
        "no principal eks-admin",
        lane="running",
    ),
    _usage("no stack", "up", "tiers up", "--stack"),
    _usage("stack without a value", "up --stack", "tiers", "--stack"),
    _usage("unknown command", "destory --stack local", "tiers", "'destory'", "destroy"),
    _usage("unknown command of the lane", "local strat", "tiers local", "'strat'"),
    _usage("unknown flag", "up --stack local --tennant tenant-a", "tiers up", "--tennant", "--tenant"),
    _usage("unknown format", "graph --format pdf", "tiers graph", "'pdf'"),
    _usage("outputs of no tier", "outputs --stack local", "tiers outputs", "TIER"),
    _usage("one argument too many", "status everything --stack local", "tiers status", "everything"),
    Case(
        id="upgrade-check: a minor that nobody knows",
        command="upgrade-check --stack local --to 1.99",
        code="minor-unknown",
        place="--to",
        says="'1.99' is not one of the minors that the platform supports",
    ),
    Case(
        id="command: the add-ons of a tier that has none",
        command="graph platform-addon",
        code="tier-without-graph",
        place="TIER",
        nearest="platform-addons",
    ),
    Case(
        id="command: unknown stack",
        command="up --stack prd",
        code="environment-unknown",
        place="--stack",
        nearest="prod",
    ),
    Case(
        id="command: a tenant's stack in place of an environment",
        command="up --stack local.tenant-a",
        code="environment-unknown",
        place="--stack",
        nearest="local",
    ),
    Case(
        id="command: stack that climbs out of a directory",
        command="status --stack ../x",
        code="environment-unknown",
        place="--stack",
        says="'../x'",
    ),
    Case(
        id="command: unknown stack of a command that only reads",
        command="kubeconfig --stack loca",
        code="environment-unknown",
        place="--stack",
        nearest="local",
    ),
    Case(
        id="command: unknown tier",
        command="up infra --stack local",
        code="tier-unknown",
        place="tiers.yaml",
        nearest="infrastructure",
    ),
    Case(
        id="command: unknown tenant",
        command="up tenants --tenant tenant-aa --stack local",
        code="tenant-unknown",
        place="--tenant",
        nearest="tenant-a",
    ),
    Case(
        id="command: tenant that climbs out of a directory",
        command="up tenants --tenant ../x --stack local",
        code="tenant-unknown",
        place="--tenant",
        says="'../x'",
    ),
    Case(
        id="command: unknown application",
        command="up applications --app dmo --stack local",
        code="application-unknown",
        place="--app",
        nearest="demo",
    ),
    Case(
        id="app: unknown application",
        command="app status dmo --stack local",
        code="application-unknown",
        place="applications/",
        nearest="demo",
    ),
    Case(
        id="app: tenant without that environment",
        command="app history demo --stack prod",
        wrong=(append("tenants/catalog/tenant-a.yaml", "environments: [local, dev]\n"),),
        code="tenant-elsewhere",
        place="tenants/catalog/tenant-a.yaml, environments",
        says="does not exist in prod",
    ),
    *(
        Case(
            id=f"app: new application {name!r}",
            command=f"app new {name} --tenant tenant-a",
            code=code,
            place=place,
            says=says,
        )
        for name, code, place, says in [
            ("Shop", "name-invalid", "NAME", "'Shop' is not a DNS label"),
            ("../x", "name-invalid", "NAME", "'../x'"),
            ("1shop", "name-invalid", "NAME", "does not begin with a letter"),
            ("s" * 41, "name-invalid", "NAME", "more than 40 characters"),
            ("demo", "application-taken", "applications/demo", "'demo'"),
            ("tenants", "application-taken", "applications/tenants", "that of a tier"),
        ]
    ),
    Case(
        id="app: new application of an unknown tenant",
        command="app new shop --tenant tenant-aa",
        code="tenant-unknown",
        place="--tenant",
        nearest="tenant-a",
    ),
    Case(
        id="app: new application of two kinds",
        command="app new shop --tenant tenant-a --worker --cron",
        code="flags-exclude-each-other",
        place="--worker, --cron",
    ),
    Case(
        id="lane: credentials that are none",
        command="up --stack local",
        variables={"TIERS_LOCAL_CREDENTIALS": "/nowhere"},
        lane="stopped",
        code="local-credentials-invalid",
        place="TIERS_LOCAL_CREDENTIALS",
    ),
    Case(
        id="app: unknown setting",
        command="app configure demo replics=3 --stack local --yes",
        code="settings-invalid",
        place="settings of demo",
        nearest="replicas",
    ),
    Case(
        id="app: setting of another type",
        command="app configure demo replicas=many --stack local --yes",
        code="settings-invalid",
        place="applications/demo/Pulumi.local.yaml, replicas",
    ),
    Case(
        id="app: settings that do not fit together",
        command="app configure demo replicas=9 --stack local --yes",
        code="settings-invalid",
        place="applications/demo/Pulumi.local.yaml",
        says="replicas 9 is more than max_replicas 4",
    ),
    Case(
        id="app: no assignment",
        command="app configure demo replicas --stack local --yes",
        code="assignment-invalid",
        place="KEY=VALUE",
    ),
    Case(
        id="app: image by configure",
        command="app configure demo image_tag=v2 --stack local --yes",
        code="setting-of-a-release",
        place="KEY=VALUE",
    ),
    Case(
        id="app: nobody to ask",
        command="app release demo v2 --stack local",
        exit_code=ExitCode.REFUSED,
        code="confirmation-missing",
        place="--stack local",
    ),
    Case(
        id="app: lane down",
        command="app release demo v2 --stack local --yes",
        code="lane-down",
        place="--stack local",
    ),
    Case(
        id="app: promotion to an unknown environment",
        command="app promote demo dev stagin --yes",
        code="environment-unknown",
        place="--stack",
        nearest="staging",
    ),
    Case(
        id="app: not deployed",
        command="app status demo --stack local",
        lane="stopped",
        code="application-not-deployed",
        place="--stack local",
    ),
    Case(
        id="command: tenant of a tier without tenants",
        command="up infrastructure --tenant tenant-a --stack local",
        code="tenant-unknown",
        place="--tenant",
    ),
    Case(
        id="command: flags that exclude each other",
        command="up --tenant tenant-a --app demo --stack local",
        code="flags-exclude-each-other",
        place="--tenant, --app",
    ),
    Case(
        id="command: removal of what is left on the lane",
        command="audit --stack local --remove",
        code="audit-removes-in-aws-only",
        place="--remove",
    ),
    Case(id="lane: down, up", command="up --stack local", code="lane-down", place="--stack local"),
    Case(id="lane: down, preview", command="preview --stack local", code="lane-down", place="--stack local"),
    Case(id="lane: down, destroy", command="destroy --stack local --yes", code="lane-down", place="--stack local"),
    Case(id="lane: down, status", command="status --stack local", code="lane-down", place="--stack local"),
    Case(
        id="lane: down, outputs",
        command="outputs infrastructure --stack local",
        code="lane-down",
        place="--stack local",
    ),
    Case(id="lane: down, kubeconfig", command="kubeconfig --stack local", code="lane-down", place="--stack local"),
    Case(id="lane: down, audit", command="audit", code="lane-without-baseline", place="--stack local"),
    Case(
        id="lane: stopped",
        command="up --stack local",
        lane="stopped",
        code="lane-stopped",
        place="--stack local",
    ),
    *(
        Case(
            id=f"lane: directory is a file, {command}",
            command=command,
            wrong=(_a_file,),
            exit_code=ExitCode.REFUSED,
            code="directory-not-a-lane",
            place="/lane",
        )
        for command in ("up --stack local", "local up", "local status", "local down", "audit")
    ),
    *(
        Case(
            id=f"lane: directory of somebody else's, {command}",
            command=command,
            wrong=(_somebody_elses,),
            exit_code=ExitCode.REFUSED,
            code="directory-not-a-lane",
            place="/lane",
        )
        for command in ("local up", "local down")
    ),
    Case(
        id="lane: record that is none",
        command="up --stack local",
        lane="stopped",
        wrong=(in_lane("lane.json", "{"),),
        exit_code=ExitCode.REFUSED,
        code="lane-record-unreadable",
        place="lane.json",
    ),
    Case(
        id="lane: moved",
        command="up --stack local",
        lane="stopped",
        wrong=(_made_elsewhere,),
        exit_code=ExitCode.REFUSED,
        code="lane-moved",
        place="/lane",
        says="/somewhere/else",
    ),
    Case(
        id="lane: of another version",
        command="local up",
        lane="stopped",
        wrong=(_by_another_kubernetes,),
        exit_code=ExitCode.REFUSED,
        code="lane-outdated",
        place="/lane",
        says="kubernetes 0.",
    ),
    Case(
        id="lane: without its account",
        command="local up",
        lane="stopped",
        wrong=(in_lane("aws/journal.jsonl", None),),
        exit_code=ExitCode.REFUSED,
        code="lane-state-lost",
        place="/lane",
        says="the emulated AWS account",
    ),
    Case(
        id="programs: an unknown way to obtain them",
        command="local up --programs realease",
        code="programs-unknown",
        place="--programs",
        says="'realease' is not a way to obtain programs",
        nearest="release",
    ),
    Case(
        id="programs: an unknown way to obtain them in the environment",
        command="local up",
        variables={"TIERS_PROGRAMS": "download"},
        code="programs-unknown",
        place="TIERS_PROGRAMS",
        says="'download' is not a way to obtain programs",
    ),
    Case(id="snapshot: of no lane", command="local save first", code="lane-down", place="/lane"),
    Case(
        id="snapshot: name that is a path",
        command="local save ../x",
        lane="stopped",
        code="snapshot-name-invalid",
        place="NAME",
        says="'../x' is not a valid snapshot name",
    ),
    Case(
        id="snapshot: that there is not",
        command="local restore befor",
        lane="stopped",
        wrong=(in_lane("snapshots/before/record.json", "{}"),),
        code="snapshot-unknown",
        place="/snapshots",
        nearest="before",
    ),
    Case(
        id="snapshot: of a name in use",
        command="local save before",
        lane="stopped",
        wrong=(in_lane("snapshots/before/record.json", "{}"),),
        exit_code=ExitCode.REFUSED,
        code="snapshot-exists",
        place="/snapshots/before",
    ),
    Case(
        id="snapshot: with a record of another format",
        command="local restore before",
        lane="stopped",
        wrong=(in_lane("snapshots/before/record.json", "{}"),),
        exit_code=ExitCode.REFUSED,
        code="snapshot-unreadable",
        place="/snapshots/before/record.json",
    ),
    Case(
        id="snapshot: of another Kubernetes",
        command="local restore before",
        lane="stopped",
        wrong=(in_lane("snapshots/before/record.json", _OLD_SNAPSHOT),),
        exit_code=ExitCode.REFUSED,
        code="snapshot-outdated",
        place="/snapshots/before",
        says="kubernetes 1.20.0, now ",
    ),
    Case(
        id="guard: destroy under a tenant",
        command="destroy infrastructure --stack local --yes",
        lane="stopped",
        wrong=(infrastructure(), tenant("tenant-a")),
        exit_code=ExitCode.REFUSED,
        code="live-dependants",
        place="environment local",
        says="tenants/local.tenant-a still reads",
    ),
    Case(
        id="up: taking over what did not fail",
        command="up infrastructure --stack local --adopt control-plane",
        lane="stopped",
        wrong=(infrastructure(),),
        exit_code=ExitCode.BAD_INPUT,
        code="adopt-unknown",
        place="--adopt control-plane",
        says="no resource named 'control-plane' failed to be created in the last run",
    ),
    Case(
        id="guard: destroy of what is protected",
        command="destroy infrastructure --stack local --yes",
        lane="stopped",
        wrong=(protected_infrastructure(),),
        exit_code=ExitCode.REFUSED,
        code="resources-protected",
        place="Pulumi.local.yaml of infrastructure, protect",
        says="infrastructure/local holds resources that are protected from deletion: part",
    ),
    Case(
        id="guard: destroy without a yes",
        command="destroy tenants --tenant tenant-a --stack local",
        lane="stopped",
        wrong=(tenant("tenant-a"),),
        exit_code=ExitCode.REFUSED,
        code="confirmation-missing",
        place="--stack local",
        says="tenants/local.tenant-a",
    ),
    Case(
        id="guard: prod without a yes",
        command="up --stack prod",
        variables=_PROD,
        exit_code=ExitCode.REFUSED,
        code="confirmation-missing",
        place="--stack prod",
    ),
    Case(
        id="state: outputs of several stacks",
        command="outputs tenants --stack local",
        lane="stopped",
        wrong=(tenant("tenant-a"), tenant("tenant-b")),
        code="stack-ambiguous",
        place="--stack local",
    ),
    Case(
        id="tenant: new with a name that is taken",
        command="tenant new tenant-a --owner a",
        code="tenant-exists",
        place="tenants/catalog/tenant-a.yaml",
    ),
    Case(
        id="tenant: suspended in one environment already",
        command="tenant suspend tenant-a",
        wrong=(
            write("tenants/catalog/tenant-a.yaml", "owner: a\nenvironments:\n  dev: {state: suspended}\n  prod:\n"),
        ),
        code="state-by-environment",
        place="tenants/catalog/tenant-a.yaml, environments.dev.state, line 3, column 9",
    ),
    Case(
        id="tenant: difference to nothing",
        command="tenant diff tenant-a --stack dev",
        code="comparison-missing",
        place="--with, --with-stack",
    ),
    Case(
        id="tenant: misspelt",
        command="tenant show tenant-aa --stack dev",
        code="tenant-unknown",
        place="tenants/catalog/tenant-aa.yaml",
        nearest="tenant-a",
    ),
    Case(
        id="state: kubeconfig of a role without people",
        command="kubeconfig --stack local --tenant tenant-a --role viewers",
        lane="stopped",
        wrong=(tenant("tenant-a", people_role_arns={"developers": "arn:aws:iam::123456789012:role/x"}),),
        code="role-unknown",
        place="tenants/catalog/tenant-a.yaml, people",
        says="no people with the role 'viewers'",
    ),
    Case(
        id="state: outputs of a stack that is not deployed",
        command="outputs infrastructure --stack local",
        lane="stopped",
        wrong=(tenant("tenant-a"),),
        code="stack-missing",
        place="--stack local",
        says="infrastructure/local is not deployed",
    ),
    Case(
        id="state: unknown output",
        command="outputs infrastructure cluster_nam --stack local",
        lane="stopped",
        wrong=(infrastructure(),),
        code="output-unknown",
        place="--stack local",
        nearest="cluster_name",
    ),
    Case(
        id="state: stack without a kubeconfig",
        command="kubeconfig --stack local",
        lane="stopped",
        wrong=(infrastructure(kubeconfig=None),),
        code="output-missing",
        place="infrastructure/local",
        says="`kubeconfig`",
    ),
    Case(
        id="engine: not on PATH",
        command="up --stack dev",
        variables={"PLATFORM_ACCOUNT_ID": "210987654321", "PATH": "/usr/bin:/bin"},
        code="engine-missing",
        place="PATH",
    ),
    Case(
        id="engine: not on PATH for a command that only reads",
        command="status --stack dev",
        variables={"PATH": "/usr/bin:/bin"},
        code="engine-missing",
        place="PATH",
    ),
    Case(
        id="engine: no such backend",
        command="status --stack dev",
        variables={**_PROD, "PULUMI_BACKEND_URL": "file://{lane}/nowhere"},
        exit_code=ExitCode.DEPLOYMENT_FAILED,
        code="engine-failed",
        place="environment dev",
    ),
    Case(
        id="account: no credentials",
        command="up --stack dev",
        variables=_PROD,
        code="credentials-missing",
        place="environment dev",
    ),
    Case(
        id="account: of another account",
        command="up --stack dev",
        variables=_PROD,
        caller="111111111111",
        exit_code=ExitCode.REFUSED,
        code="account-wrong",
        place="environment dev",
        says="belong to account 111111111111, but environment dev is in 210987654321",
    ),
    Case(
        id="account: credentials that have expired",
        command="up --stack dev",
        variables=_PROD,
        caller="ExpiredToken",
        code="credentials-unusable",
        place="environment dev",
        says="ExpiredToken",
    ),
]

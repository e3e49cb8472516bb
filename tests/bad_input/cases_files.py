"""Environments, `tiers.yaml`, projects and stack files."""

from __future__ import annotations

from tests.bad_input.case import Case, Change, append, directory_at, edit, remove, write

_UP = "up --stack local"
_ONE = "up infrastructure --stack local"
_LOCAL = "shared/environments/local.yaml"
_ADDONS = "platform-addons/Pulumi.local.yaml"
_STACK = "infrastructure/Pulumi.local.yaml"
_DEMO = "applications/demo/Pulumi.local.yaml"
_DOCKERFILE = "applications/demo/service/Dockerfile"


def _environment(id_: str, old: str, new: str, place: str = "", says: str = "", nearest: str = "") -> Case:
    return Case(
        id=f"environment: {id_}",
        command=_UP,
        wrong=(edit(_LOCAL, old, new),),
        code="environment-invalid",
        place=f"{_LOCAL}{', ' + place if place else ''}",
        says=says,
        nearest=nearest,
    )


def _dockerfile(id_: str, wrong: Change, code: str, says: str) -> Case:
    return Case(
        id=f"dockerfile: {id_}",
        command="preview applications --app demo --stack local",
        wrong=(wrong,),
        code=code,
        place=_DOCKERFILE,
        says=says,
    )


def _addon_setting(id_: str, line: str, says: str) -> Case:
    """A row about external-dns switched on in the add-ons tier with one more setting."""
    return _addon_settings(id_, f"external_dns_enabled: true\n  platform-addons:{line}", says)


def _addon_settings(id_: str, lines: str, says: str) -> Case:
    """A row about the stack file of the add-ons tier."""
    return Case(
        id=f"settings: {id_}",
        command="up platform-addons --stack local",
        wrong=(write(_ADDONS, f"config:\n  platform-addons:{lines}\n"),),
        code="settings-invalid",
        place=_ADDONS,
        says=says,
    )


def _setting(id_: str, lines: str, place: str = "", says: str = "", nearest: str = "") -> Case:
    """A row about the stack file of the infrastructure tier: `lines` are all of its `config`."""
    return Case(
        id=f"settings: {id_}",
        command=_ONE,
        wrong=(write(_STACK, f"config:\n{lines}"),),
        code="settings-invalid",
        place=f"{_STACK}{', ' + place if place else ''}",
        says=says,
        nearest=nearest,
    )


CASES = [
    _environment("not YAML", "account_id:", "account_id: [", "line", "not YAML"),
    _environment("key twice", "account_id:", "owner: one\nowner: two\naccount_id:", "line", "is used twice"),
    _environment("unknown key", "account_id:", "onwer: one\naccount_id:", "", "", "owner"),
    Case(
        id="environment: region is missing",
        command=_UP,
        wrong=(edit("shared/environments/common.yaml", "region: us-east-1\n", ""),),
        code="environment-invalid",
        place=f"{_LOCAL}, region",
        says="missing",
    ),
    _environment("account of eleven digits", '"123456789012"', '"12345678901"', "account_id", "12 digits"),
    _environment("account that is a number", '"123456789012"', "123456789012", "account_id", "string"),
    _environment("one zone", "account_id:", "availability_zones: [us-east-1a]\naccount_id:", "availability_zones", "2"),
    _environment(
        "domain of AWS", "account_id:", "allowed_domains: [amazonaws.com]\naccount_id:", "allowed_domains", "AWS"
    ),
    _environment(
        "trusted account that is none",
        "account_id:",
        'trusted_account_ids: ["1234"]\naccount_id:',
        "trusted_account_ids",
        "12 digits",
    ),
    _environment("unknown partition", "account_id:", "partition: aws-eu\naccount_id:", "partition", "'aws'"),
    _environment("name of another", "account_id:", "name: dev\naccount_id:", "name", "does not match the file name"),
    _environment("unknown switch of AWS", "s3_use_path_style", "s3_path_style", "aws.", "", "s3_use_path_style"),
    Case(
        id="environment: a list",
        command=_UP,
        wrong=(write(_LOCAL, "- region: us-east-1\n"),),
        code="environment-invalid",
        place=f"{_LOCAL}, line 1",
        says="contains a list",
    ),
    Case(
        id="environment: directory in place of the file",
        command=_UP,
        wrong=(remove(_LOCAL), directory_at(_LOCAL)),
        code="environment-invalid",
        place=_LOCAL,
        says="not a regular file",
    ),
    Case(
        id="environment: file is missing",
        command=_UP,
        wrong=(remove(_LOCAL),),
        code="environment-unknown",
        place="--stack",
        says="'local'",
    ),
    Case(
        id="environment: no account",
        command="up --stack dev",
        code="account-missing",
        place="shared/environments/dev.yaml, account_id",
    ),
    Case(
        id="environment: account that is none",
        command="up --stack dev",
        variables={"PLATFORM_ACCOUNT_ID": "abc"},
        code="account-missing",
        place="PLATFORM_ACCOUNT_ID",
    ),
    Case(
        id="environment: suffix that climbs out of a directory",
        command=_UP,
        variables={"ENVIRONMENT_SUFFIX": "../x"},
        code="name-invalid",
        place="ENVIRONMENT_SUFFIX",
        says="'../x'",
    ),
    Case(
        id="environment: suffix too long",
        command=_UP,
        variables={"ENVIRONMENT_SUFFIX": "s" * 64},
        code="name-invalid",
        place="ENVIRONMENT_SUFFIX",
        says="at most 63",
    ),
    Case(id="tiers: no file", command=_UP, wrong=(remove("tiers.yaml"),), code="tiers-invalid", place="tiers.yaml"),
    Case(
        id="tiers: not YAML",
        command=_UP,
        wrong=(write("tiers.yaml", "tiers: [\n"),),
        code="tiers-invalid",
        place="tiers.yaml, line 1",
    ),
    Case(
        id="tiers: none",
        command=_UP,
        wrong=(write("tiers.yaml", "github_organization: example\ntiers: []\n"),),
        code="tiers-invalid",
        place="tiers.yaml, tiers",
    ),
    Case(
        id="tiers: no organization on GitHub",
        command=_UP,
        wrong=(edit("tiers.yaml", "github_organization: example", 'github_organization: "a b @evil"'),),
        code="tiers-invalid",
        place="tiers.yaml, github_organization",
    ),
    Case(
        id="tiers: unknown key",
        command=_UP,
        wrong=(edit("tiers.yaml", "reads: []", "read: []"),),
        code="tiers-invalid",
        place="tiers.yaml, tiers.0.read",
    ),
    Case(
        id="tiers: reads what stands below",
        command=_UP,
        wrong=(edit("tiers.yaml", "reads: [infrastructure]", "reads: [tenants]"),),
        code="tiers-invalid",
        place="tiers.yaml",
        says="platform-addons reads tenants",
    ),
    Case(
        id="tiers: compares with no tier",
        command=_UP,
        wrong=(edit("tiers.yaml", "compares_with: [platform-addons]", "compares_with: [addons]"),),
        code="tiers-invalid",
        place="tiers.yaml",
        says="infrastructure compares with addons, which is not another tier",
    ),
    Case(
        id="tiers: one name for two",
        command=_UP,
        wrong=(edit("tiers.yaml", "name: platform-addons", "name: infrastructure"),),
        code="tiers-invalid",
        place="tiers.yaml",
        says="infrastructure is listed twice",
    ),
    Case(
        id="project: no Pulumi.yaml",
        command=_ONE,
        wrong=(remove("infrastructure/Pulumi.yaml"),),
        code="project-invalid",
        place="infrastructure/Pulumi.yaml",
        says="No such file",
    ),
    Case(
        id="project: not YAML",
        command=_UP,
        wrong=(append("applications/demo/Pulumi.yaml", "  config: [\n"),),
        code="project-invalid",
        place="applications/demo/Pulumi.yaml, line",
    ),
    Case(
        id="project: a list",
        command=_UP,
        wrong=(write("applications/demo/Pulumi.yaml", "- name: demo\n"),),
        code="project-invalid",
        place="applications/demo/Pulumi.yaml, line 1",
    ),
    Case(
        id="project: name of another",
        command=_UP,
        wrong=(edit("applications/demo/Pulumi.yaml", "name: demo", "name: infrastructure"),),
        code="project-invalid",
        place="applications/demo/Pulumi.yaml, name",
    ),
    _dockerfile("none", remove(_DOCKERFILE), "dockerfile-missing", "no Dockerfile"),
    _dockerfile("instruction", edit(_DOCKERFILE, "USER ", "USR "), "dockerfile-invalid", "'USR'"),
    _dockerfile("no user", edit(_DOCKERFILE, "USER 65532:65532\n", ""), "dockerfile-without-user", "sets no user"),
    _dockerfile("root", edit(_DOCKERFILE, "USER 65532:65532", "USER root"), "dockerfile-without-user", "is root"),
    _dockerfile(
        "latest",
        edit(_DOCKERFILE, "${PYTHON_RUNTIME_IMAGE}", "python:latest"),
        "dockerfile-base-unpinned",
        "python:latest",
    ),
    _dockerfile("shell", edit(_DOCKERFILE, "ENTRYPOINT [", "ENTRYPOINT exec ["), "dockerfile-shell-form", "SIGTERM"),
    _dockerfile("secret", edit(_DOCKERFILE, "ARG SOURCE", "ARG GIT_TOKEN"), "dockerfile-secret", "ARG GIT_TOKEN"),
    _dockerfile(
        "no version", edit(_DOCKERFILE, ".version=", ".vrsion="), "dockerfile-without-version", "image.version"
    ),
    Case(
        id="settings: not YAML",
        command=_ONE,
        wrong=(write(_STACK, "config: {\n"),),
        code="settings-invalid",
        place=f"{_STACK}, line 1",
    ),
    Case(
        id="settings: a list",
        command=_ONE,
        wrong=(write(_STACK, "- config\n"),),
        code="settings-invalid",
        place=f"{_STACK}, line 1",
    ),
    Case(
        id="settings: config is a list",
        command=_ONE,
        wrong=(write(_STACK, "config:\n- a\n"),),
        code="settings-invalid",
        place=f"{_STACK}, config",
    ),
    Case(
        id="settings: unknown part of the file",
        command=_ONE,
        wrong=(write(_STACK, "confg:\n  infrastructure:min_size: 1\n"),),
        code="settings-invalid",
        place=f"{_STACK}, confg",
        nearest="config",
    ),
    _setting(
        "logs of Fargate without a profile",
        "  infrastructure:fargate_pod_logs: true\n",
        "",
        "requires fargate_profiles",
    ),
    _setting("unknown key", "  infrastructure:vpc_cdr: 10.0.0.0/16\n", "vpc_cdr", "`vpc_cdr`", "vpc_cidr"),
    _setting(
        "misspelt project",
        "  infrastucture:vpc_cidr: 10.0.0.0/16\n",
        "infrastucture:vpc_cidr",
        "no program reads",
        "infrastructure:vpc_cidr",
    ),
    _setting("key of a default provider", "  aws:region: us-east-1\n", "aws:region", "no program reads"),
    _setting("key twice", "  infrastructure:min_size: 1\n  infrastructure:min_size: 2\n", "line 3", "is used twice"),
    _setting("text for a number", "  infrastructure:min_size: many\n", "min_size", "a whole number"),
    _setting("truth value for a number", "  infrastructure:min_size: true\n", "min_size", "a whole number"),
    _setting("text for a truth value", "  infrastructure:protect: maybe\n", "protect", "true or false"),
    _setting("text for a list", "  infrastructure:public_access_cidrs: 10.0.0.0/8\n", "public_access_cidrs", "a list"),
    _setting("mapping for text", "  infrastructure:vpc_cidr: {a: b}\n", "vpc_cidr", "text"),
    _setting("number too small", "  infrastructure:volume_gib: 5\n", "volume_gib", "20"),
    _setting("number too large", "  infrastructure:key_deletion_window_days: 31\n", "key_deletion_window_days", "30"),
    _setting("days that CloudWatch does not know", "  infrastructure:log_retention_days: 31\n", "log_retention_days"),
    _setting("unknown choice", "  infrastructure:nat_gateways: two\n", "nat_gateways", "'one'"),
    _setting("range too large", "  infrastructure:vpc_cidr: 10.0.0.0/8\n", "vpc_cidr", "/16"),
    _setting("no range", "  infrastructure:vpc_cidr: 10.0.0.300/16\n", "vpc_cidr", "10.0.0.300"),
    _setting("range with host bits", "  infrastructure:vpc_cidr: 10.0.0.1/16\n", "vpc_cidr", "host bits"),
    _setting("service range too small", "  infrastructure:service_cidr: 172.20.0.0/30\n", "service_cidr", "/24"),
    _setting("overlapping ranges", "  infrastructure:vpc_cidr: 172.20.0.0/16\n", "", "overlaps"),
    _setting("open to nobody", "  infrastructure:endpoint_public_access: true\n", "", "public_access_cidrs"),
    _setting("sizes out of order", "  infrastructure:min_size: 9\n", "", "desired_capacity"),
    _addon_setting("records without a zone", "external_dns_domains: [example.com]", "external_dns_zone_ids: at least"),
    _addon_setting("records without a domain", "external_dns_zone_ids: [Z012345]", "external_dns_domains: at least"),
    _addon_settings("days that no log group keeps", "fluent_bit_retention_days: 31", "fluent_bit_retention_days"),
    _addon_settings("truth value for days", "fargate_logging_retention_days: true", "must be a whole number"),
    _addon_settings("agent without its priority", "priority_classes_enabled: false", "requires priority-classes"),
    _addon_setting("records in every zone", "external_dns_zone_ids: ['*']", "'*' is not a hosted zone ID"),
    Case(
        id="settings: admission policy that does not exist",
        command="up platform-addons --stack local",
        wrong=(write(_ADDONS, "config:\n  platform-addons:admission_audit: [pod-images]\n"),),
        code="settings-invalid",
        place=_ADDONS,
        says="'pod-images' is not one of",
        nearest="pods-images",
    ),
    Case(
        id="settings: wrong in the last tier of the whole chain",
        command=_UP,
        wrong=(write(_DEMO, "config:\n  demo:port: 70000\n"),),
        code="settings-invalid",
        place=f"{_DEMO}, port",
    ),
    Case(
        id="settings: more replicas than the most",
        command="up applications --app demo --stack local",
        wrong=(write(_DEMO, "config:\n  demo:image_tag: v1.0.0\n  demo:replicas: 9\n"),),
        code="settings-invalid",
        place=_DEMO,
        says="replicas 9 is more than max_replicas 4",
    ),
    Case(
        id="settings: an application without an image",
        command="up applications --app demo --stack local",
        wrong=(write(_DEMO, "config:\n  demo:replicas: 2\n"),),
        code="settings-invalid",
        place=_DEMO,
        says="neither image_tag nor image_digest is set",
    ),
    Case(
        id="settings: a tag that no image can have",
        command="up applications --app demo --stack local",
        wrong=(write(_DEMO, "config:\n  demo:image_tag: demo:v1\n"),),
        code="settings-invalid",
        place=f"{_DEMO}, image_tag",
        says="'demo:v1' is not an image tag",
    ),
    Case(
        id="settings: the image of before",
        command="up applications --app demo --stack local",
        wrong=(write(_DEMO, "config:\n  demo:image: registry.k8s.io/pause:3.10\n"),),
        code="settings-invalid",
        place=f"{_DEMO}, image",
        says="unknown key `image`",
        nearest="image_tag",
    ),
    Case(
        id="settings: a tenant's in a stack file",
        command="up tenants --stack local",
        wrong=(write("tenants/Pulumi.local.yaml", "config:\n  tenants:hosts: [a.example.com]\n"),),
        code="settings-invalid",
        place="tenants/Pulumi.local.yaml, hosts",
    ),
]

"""A refusal as it is printed: code, resource, stack, the message of AWS, and the commands that resolve it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tooling.aws_refusals.families import AGAIN, Family, family_of
from tooling.aws_types.row import Description
from tooling.aws_types.table import description_of

_FIELD = re.compile(r"\{(\w+)\}")
_KEY_ARN = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")
_ACTION = re.compile(r"not authorized to perform:? (?P<action>[\w-]+:\w+)")
_ENCODED = re.compile(r"Encoded authorization failure message: (?P<message>\S+)")
_OF_AWS = re.compile(r"\(\w+ of aws:|operation error |api error |https response error ")
"""How messages of the local and of the released plug-in mark an answer of AWS."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The engine's operation that failed.

    Attributes:
        operation: the engine's name of it, e.g. `create`.
        project: the stack's project, e.g. `infrastructure`.
        stack: e.g. `local` or `local.tenant-a`.
        inputs: the resource's inputs by wire name.
        resource_id: empty before the resource is created.
        region: the region of the environment.
    """

    operation: str
    type: str
    name: str
    project: str
    stack: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    resource_id: str = ""
    region: str = ""

    @property
    def environment(self) -> str:
        return self.stack.partition(".")[0]

    def command(self, verb: str, more: str = "") -> str:
        """The `tiers` command that runs `verb` on this stack."""
        tenant = self.stack.partition(".")[2]
        if self.project in ("infrastructure", "platform-addons", "tenants"):
            which = f"{self.project} --tenant {tenant}" if tenant else self.project
        else:
            which = f"applications --app {self.project}"
        return f"tiers {verb} {which} --stack {self.environment}{more}"


def explained(said: str, subject: Subject) -> str:
    """`said` with code, resource and hints if it comes from AWS, else unchanged. Hints of a plug-in take precedence."""
    if not subject.type.startswith("aws:") or said.startswith("error["):
        return said
    family = family_of(said, subject.operation)
    if family is None and _OF_AWS.search(said) is None:
        return said
    description = description_of(subject.type)
    named = description.named(subject.inputs, subject.resource_id, subject.name)
    code, what = (family.code, family.what) if family else ("aws-refused", "AWS refused a request for {thing}")
    lines = [
        f"error[{code}]: {what.format(thing=named)}",
        f"  at: {subject.project}/{subject.stack}, {subject.type} {subject.name}",
        said,
    ]
    if "hint: " not in said:
        lines += [f"hint: {hint}" for hint in _hints(family, description, subject, said)]
    return "\n".join(lines)


def _hints(family: Family | None, description: Description, subject: Subject, said: str) -> Iterator[str]:
    if family is None:
        yield f"{_filled(description.find, subject)}; then {AGAIN}" if _filled(description.find, subject) else AGAIN
    elif family.hint:
        yield family.hint
    else:
        yield from _BY_CODE[family.code](description, subject, said)


def _exists(description: Description, subject: Subject, _said: str) -> Iterator[str]:
    find, delete = _filled(description.find, subject), _filled(description.delete, subject)
    if find:
        yield f"inspect it: {find}"
    if description.adoptable:
        yield f"adopt it, with its content: {subject.command('up', f' --adopt {subject.name}')}"
    if delete:
        yield f"or, if nothing needs it, delete it: {delete}; then {AGAIN}"


def _name_taken(_description: Description, subject: Subject, _said: str) -> Iterator[str]:
    yield (
        f"bucket names are shared by all AWS accounts: set another environment_suffix in "
        f"shared/environments/{subject.environment}.yaml, then {subject.command('up')}"
    )


def _in_use(description: Description, subject: Subject, _said: str) -> Iterator[str]:
    uses = _filled(description.uses or description.find, subject)
    if uses:
        yield f"see what uses it: {uses}"
    yield f"list and remove what the cluster left behind: tiers audit --stack {subject.environment}"
    yield f"an operation on it may be in progress: wait for it to end, and {AGAIN}"


def _quota(description: Description, subject: Subject, _said: str) -> Iterator[str]:
    service = description.service or "ec2"
    yield (
        f"delete what is not needed, or request a higher quota: aws service-quotas list-service-quotas "
        f"--service-code {service}{_region(subject)}, then request-service-quota-increase with the code of the quota; "
        f"then {AGAIN}"
    )


def _capacity(_description: Description, subject: Subject, _said: str) -> Iterator[str]:
    yield (
        f"set further instance_types, or other zones, in Pulumi.{subject.environment}.yaml of {subject.project}; "
        f"or wait, and {AGAIN}"
    )


def _region_disabled(_description: Description, subject: Subject, _said: str) -> Iterator[str]:
    yield f"aws account enable-region --region-name {subject.region or '<region>'}; then {AGAIN}"


def _not_allowed(_description: Description, _subject: Subject, said: str) -> Iterator[str]:
    action = _ACTION.search(said)
    wanted = action["action"] if action else "the action"
    yield f"check the identity: aws sts get-caller-identity; allow {wanted}, unless a service control policy denies it"
    encoded = _ENCODED.search(said)
    if encoded:
        yield f"aws sts decode-authorization-message --encoded-message {encoded['message']}"


def _key(_description: Description, subject: Subject, said: str) -> Iterator[str]:
    given = str(subject.inputs.get("kmsKeyId") or subject.inputs.get("kmsKeyArn") or "")
    found = _KEY_ARN.search(said)
    key = given or (found[0] if found else "<key>")
    region = _region(subject)
    yield f"check its state: aws kms describe-key --key-id {key}{region}"
    yield (
        f"disabled: aws kms enable-key --key-id {key}{region}; pending deletion: aws kms cancel-key-deletion "
        f"--key-id {key}{region}, then enable it; then {AGAIN}"
    )


def _document(_description: Description, subject: Subject, said: str) -> Iterator[str]:
    if "principal" in said.lower():
        setting = {"tenants": "deployer_principal_arns of the tenant's file"}.get(
            subject.project, "admin_principal_arns"
        )
        yield f"a principal in the policy does not exist: aws iam get-role --role-name <name>; correct {setting}"
    else:
        yield "aws accessanalyzer validate-policy --policy-type RESOURCE_POLICY --policy-document <the document>"
    yield f"then {subject.command('up')}"


def _not_found(_description: Description, subject: Subject, _said: str) -> Iterator[str]:
    again = subject.command("up", " --refresh")
    yield f"if somebody deleted it by hand, refresh the stack and create it again: {again}"


_BY_CODE = {
    "aws-already-exists": _exists,
    "aws-name-taken": _name_taken,
    "aws-in-use": _in_use,
    "aws-quota": _quota,
    "aws-capacity": _capacity,
    "aws-region-disabled": _region_disabled,
    "aws-not-allowed": _not_allowed,
    "aws-key-unusable": _key,
    "aws-document-refused": _document,
    "aws-not-found": _not_found,
}


def _filled(command: str, subject: Subject) -> str:
    """The command with its fields filled in; empty if one of them is unknown."""
    values: dict[str, Any] = {**subject.inputs, "region": subject.inputs.get("region") or subject.region}
    if subject.resource_id:
        values["id"] = subject.resource_id
    wanted = [name for name in _FIELD.findall(command) if name != "region"]
    if any(not isinstance(values.get(name), str) or not values[name] for name in wanted):
        return ""
    if not values["region"]:
        command = command.replace(" --region {region}", "")
    return _FIELD.sub(lambda found: str(values[found[1]]), command)


def _region(subject: Subject) -> str:
    region = subject.inputs.get("region") or subject.region
    return f" --region {region}" if region else ""

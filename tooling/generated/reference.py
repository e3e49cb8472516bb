"""The reference pages: the only ones that list everything, and therefore written by a command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.environment import Environment
from shared.environment_variables import ALL
from shared.log_groups import ADDONS_WITHOUT_LOG_GROUPS, LOG_GROUPS
from shared.policies.rule import Facts
from shared.policies.table import BY_ID
from shared.testing import load_module
from tooling.generated.project_files import project_directories, settings_model
from tooling.generated.tables import NOTE, table
from tooling.paths import REPOSITORY
from tooling.plugins.aws.model import modelled, modelled_functions
from tooling.plugins.eks.inputs import MODELLED


def settings_page() -> str:
    parts = [
        "# Settings\n",
        "Keys of `Pulumi.<stack>.yaml`, by project. An unknown key is refused with the nearest known one.\n",
    ]
    for directory in project_directories():
        parts.append(f"## {directory}\n")
        parts.append(_fields(settings_model(directory).model_fields.items()))
    parts.append("## shared/environments/&lt;environment&gt;.yaml\n")
    parts.append(_fields(Environment.model_fields.items()))
    return NOTE + "\n".join(parts)


def variables_page() -> str:
    rows = [(f"`{variable.name}`", variable.meaning) for variable in ALL]
    return NOTE + "# Environment variables\n\n" + table(("variable", "meaning"), rows)


def local_lane_page() -> str:
    rows = [
        (f"`{kind.pulumi_name}`", _names([item.path for item in kind.inputs]), _names(kind.replacing))
        for kind in modelled()
    ]
    return (
        NOTE
        + "# What the local lane models\n\n"
        + "Anything that is not here is refused by name before it is sent.\n\n"
        + "## Package `aws`\n\n"
        + table(("resource", "inputs", "inputs whose change replaces it"), rows)
        + "\nFunctions: "
        + _names(modelled_functions())
        + ".\n\n## Package `eks`\n\n`eks:index:Cluster` with the inputs "
        + _names(sorted(MODELLED))
        + ". It makes what the released component makes of them, by type, name and parent: the control plane, "
        + "`kube-proxy`, the component `eks:index:VpcCniAddon` with its add-on, and a Kubernetes provider."
        + "\n\n## Package `kubernetes`\n\n"
        + "Every kind that the API server knows; `helm.sh/v3:Release` and `helm.sh/v4:Chart`, by the real Helm. Charts "
        + "are taken from disk and from loopback; others are recorded with their values and not run, unless "
        + "`TIERS_FETCH_CHARTS=true`. Not modelled: `yaml`, `kustomize` and older `helm` resources.\n\n"
        + "What differs from the released plug-in:\n\n"
        + "- Unknown fields of an object are refused; the released one drops them with a warning.\n"
        + "- Quantities stay in the inputs as they are written (`1024Mi`); the released one writes `1Gi`.\n"
        + "- A change inside a chart on disk is a difference; the released one sees a changed version or value only.\n"
        + "- What a killed engine was waiting for ends with the run; released plug-ins go on for minutes.\n\n"
        + "Everything else is meant to fail where the released one fails: "
        + "[decision 0017](../decisions/0017-kubernetes-as-released.md).\n"
    )


def policies_page() -> str:
    """Every rule, with its level, source and mend, by where it is written."""
    rows = [(f"`{rule.id}`", rule.description, _levels(rule), rule.mend, rule.source) for rule in BY_ID.values()]
    return (
        NOTE
        + "# Policies\n\n"
        + "`tiers preview` and `tiers up` put every resource to these rules; a mandatory one stops what violates it. "
        + "Exemptions: `shared/policies/exemptions.yaml`. Why it works so: "
        + "[decision 0010](../decisions/0010-policies.md).\n\n"
        + table(("rule", "what has to hold", "level", "mend", "source"), rows)
    )


def admission_policies_page() -> str:
    """Every admission policy: what it stops, what to write instead, and where the rule comes from."""
    module = load_module(REPOSITORY / "platform-addons", "addons.admission_policies")
    settings = module.AdmissionSettings()
    rows = [
        (
            f"`{policy.name}`",
            policy.stops,
            "; ".join(validation.message for validation in policy.validations),
            policy.source,
        )
        for policy in module.policies(settings.admission_storage_classes, settings.admission_ingress_annotations)
    ]
    return (
        NOTE
        + "# Admission policies\n\n"
        + "What the API server refuses in every namespace of a tenant, whoever asks. A refusal begins with the "
        + f"policy's name after `{module.PREFIX}` and says what to write instead. "
        + "`platform-addons:admission_audit` lists those that only warn. Why it works so: "
        + "[decision 0013](../decisions/0013-admission-policies.md), and what it looks at: "
        + "[decision 0018](../decisions/0018-admission-by-field.md).\n\n"
        + table(("policy", "what a tenant could otherwise do", "what to write instead", "source"), rows)
    )


def log_groups_page() -> str:
    """Every log group that anything of the platform writes to, or would."""
    rows = [
        (
            f"`{row.pattern}`",
            row.writer,
            f"[`{row.made_by}`](../../{row.made_by})" if row.made_by else f"nobody: {row.switched_off}",
        )
        for row in LOG_GROUPS
    ]
    addons = [(f"`{name}`", reason) for name, reason in ADDONS_WITHOUT_LOG_GROUPS.items()]
    return (
        NOTE
        + "# Log groups\n\n"
        + "A log group that AWS makes when something first writes to it is kept for ever and is not encrypted with a "
        + "key of the account. So a stack makes each group first, with retention and key. In the names, `{cluster}` is "
        + "the cluster's name, `{vpc}` the VPC's id, `{namespace}` a namespace of a tenant.\n\n"
        + table(("log group", "what writes to it", "what makes it"), rows)
        + "\nEKS add-ons that write to no group themselves:\n\n"
        + table(("add-on", "where its logs go"), addons)
    )


def _levels(rule: Facts) -> str:
    more = [f"{level} in {environment}" for environment, level in sorted(rule.levels.items())]
    return ", ".join([str(rule.level), *more])


def _fields(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    return table(("key", "default", "meaning"), _rows(fields))


def _rows(fields: Iterable[tuple[str, FieldInfo]], within: str = "") -> Iterator[tuple[str, str, str]]:
    """The fields, each followed by those of the entries that it maps names to."""
    for name, field in fields:
        default = field.get_default(call_default_factory=True, validated_data={})
        shown = "required" if default is PydanticUndefined else f"`{_shown(default)}`"
        yield f"`{within}{name}`", shown, field.description or ""
        entry = get_args(field.annotation)[1] if get_origin(field.annotation) is dict else None
        if isinstance(entry, type) and issubclass(entry, BaseModel):
            yield from _rows(entry.model_fields.items(), f"{within}{name}.<name>.")


def _shown(value: object) -> str:
    return json.dumps(value, default=lambda model: model.model_dump(mode="json"))


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"

"""The reference pages that list settings, variables, policies and so on, generated from the code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.dry_runs import load_module
from shared.environment import Environment
from shared.environment_variables import ALL
from shared.log_groups import ADDONS_WITHOUT_LOG_GROUPS, LOG_GROUPS
from shared.policies.rule import Facts
from shared.policies.table import BY_ID
from tooling.generated.project_files import project_directories, settings_model
from tooling.generated.tables import NOTE, table
from tooling.paths import REPOSITORY
from tooling.plugins.aws.model import modelled, modelled_functions
from tooling.plugins.eks.inputs import MODELLED


def settings_page() -> str:
    parts = [
        "# Settings\n",
        "Keys of `Pulumi.<stack>.yaml`, by project. An unknown key is an error that names the nearest known one.\n",
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
        + "The local plug-ins reject everything that is not listed here, by name and before they send a request.\n\n"
        + "## Package `aws`\n\n"
        + table(("resource", "inputs", "inputs whose change replaces it"), rows)
        + "\nFunctions: "
        + _names(modelled_functions())
        + ".\n\n## Package `eks`\n\n`eks:index:Cluster` with the inputs "
        + _names(sorted(MODELLED))
        + ". It creates the same resources as the released component, with the same types, names and parents: the "
        + "control plane, `kube-proxy`, the component `eks:index:VpcCniAddon` with its add-on, and a Kubernetes "
        + "provider."
        + "\n\n## Package `kubernetes`\n\n"
        + "Every kind that the API server knows; `helm.sh/v3:Release` and `helm.sh/v4:Chart` with real Helm. Charts "
        + "are read from disk and from loopback; others are recorded with their values and not installed, unless "
        + "`TIERS_FETCH_CHARTS=true`. Not modelled: `yaml`, `kustomize` and older `helm` resources.\n\n"
        + "Differences from the released plug-in:\n\n"
        + "- Unknown fields of an object are rejected; the released plug-in drops them with a warning.\n"
        + "- Quantities stay in the inputs as written (`1024Mi`); the released plug-in writes `1Gi`.\n"
        + "- A change inside a chart on disk is a difference; the released plug-in notices a changed version or value "
        + "only.\n"
        + "- Operations of a killed engine end with the run; released plug-ins continue for minutes.\n\n"
        + "Everything else is meant to fail where the released plug-in fails: "
        + "[decision 0017](../decisions/0017-kubernetes-as-released.md).\n"
    )


def policies_page() -> str:
    """Every rule with its level, hint and source, in the order of the table."""
    rows = [(f"`{rule.id}`", rule.description, _levels(rule), rule.hint, rule.source) for rule in BY_ID.values()]
    return (
        NOTE
        + "# Policies\n\n"
        + "`tiers preview` and `tiers up` check every resource against these rules; a violation of a mandatory rule "
        + "stops the deployment. Exemptions are in `shared/policies/exemptions.yaml`. The design: "
        + "[decision 0010](../decisions/0010-policies.md).\n\n"
        + table(("rule", "what it requires", "level", "hint", "source"), rows)
    )


def admission_policies_page() -> str:
    """Every admission policy: what it rejects, what to write instead, and the source of the rule."""
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
        + "What the API server rejects in every namespace of a tenant, whoever sends the request. The message starts "
        + f"with the policy's name after `{module.PREFIX}` and says what to write instead. "
        + "`platform-addons:admission_audit` lists the policies that only warn. The design: "
        + "[decision 0013](../decisions/0013-admission-policies.md) and "
        + "[decision 0018](../decisions/0018-admission-by-field.md).\n\n"
        + table(("policy", "what a tenant could otherwise do", "what to write instead", "source"), rows)
    )


def log_groups_page() -> str:
    """Every log group that a part of the platform writes to or could write to."""
    rows = [
        (
            f"`{row.pattern}`",
            row.writer,
            f"[`{row.made_by}`](../../{row.made_by})" if row.made_by else f"nothing: {row.switched_off}",
        )
        for row in LOG_GROUPS
    ]
    addons = [(f"`{name}`", reason) for name, reason in ADDONS_WITHOUT_LOG_GROUPS.items()]
    return (
        NOTE
        + "# Log groups\n\n"
        + "If AWS creates a log group at the first write, the group is kept for ever and is not encrypted with a key "
        + "of the account. Therefore a stack creates each group first, with a retention and a key. In the names, "
        + "`{cluster}` is the cluster's name, `{vpc}` the ID of the VPC, and `{namespace}` a namespace of a tenant.\n\n"
        + table(("log group", "what writes to it", "what creates it"), rows)
        + "\nEKS add-ons that write to no log group themselves:\n\n"
        + table(("add-on", "where its logs go"), addons)
    )


def _levels(rule: Facts) -> str:
    more = [f"{level} in {environment}" for environment, level in sorted(rule.levels.items())]
    return ", ".join([str(rule.level), *more])


def _fields(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    return table(("key", "default", "meaning"), _rows(fields))


def _rows(fields: Iterable[tuple[str, FieldInfo]], within: str = "") -> Iterator[tuple[str, str, str]]:
    """The fields; a field that maps names to models is followed by the fields of the model."""
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

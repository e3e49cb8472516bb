"""The reference pages: the only ones that list everything, and therefore written by a command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pydantic_core import PydanticUndefined

from shared.environment import Environment
from shared.environment_variables import ALL
from tooling.generated.project_files import project_directories, settings_model
from tooling.plugins.aws.model import modelled, modelled_functions
from tooling.plugins.eks.inputs import MODELLED

_NOTE = "<!-- written by `make update-generated` -->\n\n"


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
    return _NOTE + "\n".join(parts)


def variables_page() -> str:
    rows = [(f"`{variable.name}`", variable.meaning) for variable in ALL]
    return _NOTE + "# Environment variables\n\n" + _table(("variable", "meaning"), rows)


def local_lane_page() -> str:
    rows = [
        (f"`{kind.pulumi_name}`", _names([item.path for item in kind.inputs]), _names(kind.replacing))
        for kind in modelled()
    ]
    return (
        _NOTE
        + "# What the local lane models\n\n"
        + "Anything that is not here is refused by name before it is sent.\n\n"
        + "## Package `aws`\n\n"
        + _table(("resource", "inputs", "inputs whose change replaces it"), rows)
        + "\nFunctions: "
        + _names(modelled_functions())
        + ".\n\n## Package `eks`\n\n`eks:index:Cluster` with the inputs "
        + _names(sorted(MODELLED))
        + ".\n\n## Package `kubernetes`\n\n"
        + "Every kind that the API server knows. Not modelled: `yaml`, `helm` and `kustomize` resources.\n"
    )


def _fields(fields: Iterable[tuple[str, object]]) -> str:
    rows = []
    for name, field in fields:
        default = field.get_default(call_default_factory=True, validated_data={})  # type: ignore[attr-defined]
        shown = "required" if default is PydanticUndefined else f"`{_shown(default)}`"
        rows.append((f"`{name}`", shown, field.description or ""))  # type: ignore[attr-defined]
    return _table(("key", "default", "meaning"), rows)


def _shown(value: object) -> str:
    return json.dumps(value, default=lambda model: model.model_dump(mode="json"))


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    lines.extend(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    return "\n".join(lines) + "\n"

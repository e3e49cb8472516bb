"""The plug-in's model as plain data, for a generated page and for tests that compare the table with its cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tooling.plugins.aws.engine.row import Input, Row
from tooling.plugins.aws.functions import FUNCTIONS
from tooling.plugins.aws.table import TABLE


@dataclass(frozen=True, kw_only=True)
class ModelledInput:
    """One input or member of a block: `vpcConfig.subnetIds`; blocks in lists have no index."""

    path: str
    required: bool
    replaces: bool
    default: object
    chosen_by_aws: bool
    fixed: str | None
    """Why the lane cannot change it in place, `None` if it can."""
    stays: str | None
    """Why the lane cannot unset it, `None` if it can."""


@dataclass(frozen=True, kw_only=True)
class ModelledType:
    """One resource type. `source` is its page in the Terraform registry, `import_id` the id format of an import."""

    pulumi_name: str
    source: str
    inputs: tuple[ModelledInput, ...]
    outputs: tuple[str, ...]
    import_id: str

    @property
    def replacing(self) -> tuple[str, ...]:
        """Paths of the inputs whose change replaces the resource."""
        return tuple(item.path for item in self.inputs if item.replaces)


def modelled() -> list[ModelledType]:
    """All resource types, by pulumi_name."""
    return [_modelled_type(TABLE[pulumi_name]) for pulumi_name in sorted(TABLE)]


def modelled_functions() -> list[str]:
    """Tokens of all functions."""
    return sorted(FUNCTIONS)


def _modelled_type(row: Row) -> ModelledType:
    outputs = (*row.outputs, *(("tagsAll",) if row.tagged else ()))
    return ModelledType(
        pulumi_name=row.pulumi_name,
        source=f"https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/{row.source}",
        inputs=tuple(sorted(_inputs(row.all_inputs()), key=lambda item: item.path)),
        outputs=tuple(sorted(outputs)),
        import_id=row.import_note or "<id>",
    )


def _inputs(specs: Mapping[str, Input], within: str = "", *, replaces: bool = False) -> Iterator[ModelledInput]:
    for name, spec in specs.items():
        path = f"{within}{name}"
        yield ModelledInput(
            path=path,
            required=spec.required,
            replaces=replaces or spec.replaces,
            default=spec.default,
            chosen_by_aws=spec.computed,
            fixed=spec.fixed,
            stays=spec.stays,
        )
        if spec.members is not None:
            yield from _inputs(spec.members, f"{path}.", replaces=replaces or spec.replaces)

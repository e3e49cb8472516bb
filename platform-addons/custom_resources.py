"""Concise definitions of the add-ons' custom resources: group, names, and the schema of `spec`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import v1 as apiextensions
from pulumi_kubernetes.meta import v1 as meta

from shared.kubernetes_labels import MANAGED_BY_LABEL, PLATFORM

Schema = apiextensions.JSONSchemaPropsArgs


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One kind. `spec` is an OpenAPI v3 schema; `status` is written by the controller and not validated."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    spec: Schema
    short_names: tuple[str, ...] = ()
    columns: Mapping[str, str] | None = None
    """Columns of `kubectl get`: maps title to JSONPath."""

    def deploy(self, opts: pulumi.ResourceOptions) -> apiextensions.CustomResourceDefinition:
        name = f"{self.plural}.{self.group}"
        return apiextensions.CustomResourceDefinition(
            name,
            metadata=meta.ObjectMetaArgs(name=name, labels={MANAGED_BY_LABEL: PLATFORM}),
            spec=apiextensions.CustomResourceDefinitionSpecArgs(
                group=self.group,
                scope="Namespaced" if self.namespaced else "Cluster",
                names=apiextensions.CustomResourceDefinitionNamesArgs(
                    kind=self.kind,
                    list_kind=f"{self.kind}List",
                    plural=self.plural,
                    singular=self.kind.lower(),
                    short_names=list(self.short_names) or None,
                ),
                versions=[self._version()],
            ),
            opts=opts,
        )

    def _version(self) -> apiextensions.CustomResourceDefinitionVersionArgs:
        columns = [
            apiextensions.CustomResourceColumnDefinitionArgs(name=title, json_path=path, type="string")
            for title, path in (self.columns or {}).items()
        ]
        age = apiextensions.CustomResourceColumnDefinitionArgs(
            name="Age", json_path=".metadata.creationTimestamp", type="date"
        )
        schema = record(
            apiVersion=text(),
            kind=text(),
            metadata=record(),
            spec=self.spec,
            status=anything(),
        )
        return apiextensions.CustomResourceDefinitionVersionArgs(
            name=self.version,
            served=True,
            storage=True,
            schema=apiextensions.CustomResourceValidationArgs(open_apiv3_schema=schema),
            subresources=apiextensions.CustomResourceSubresourcesArgs(status={}),
            additional_printer_columns=[*columns, age],
        )


def text(*choices: str, default: str | None = None) -> Schema:
    """A string, one of `choices` if given. `default`: set by the API server if the field is absent."""
    return Schema(type="string", enum=list(choices) or None, default=default)


def true_or_false() -> Schema:
    return Schema(type="boolean")


def number_or_text() -> Schema:
    """A port by number or by name."""
    return Schema(x_kubernetes_int_or_string=True)


def list_of(items: Schema, *, most: int | None = None) -> Schema:
    return Schema(type="array", items=items, max_items=most)


def mapping_of(values: Schema, *, most: int | None = None) -> Schema:
    return Schema(type="object", additional_properties=values, max_properties=most)


def record(*required: str, **properties: Schema) -> Schema:
    """An object with these members."""
    return Schema(type="object", properties=dict(properties) or None, required=list(required) or None)


def record_of_defaults(**properties: Schema) -> Schema:
    """An object that, if absent, is created with the defaults of its members."""
    return Schema(type="object", properties=dict(properties), default={})


def anything() -> Schema:
    """An object whose members are not validated."""
    return Schema(type="object", x_kubernetes_preserve_unknown_fields=True)


def label_selector() -> Schema:
    """`metav1.LabelSelector`."""
    expression = record("key", "operator", key=text(), operator=text(), values=list_of(text()))
    return record(matchExpressions=list_of(expression), matchLabels=mapping_of(text()))

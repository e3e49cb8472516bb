"""Custom resources of the External Secrets Operator: its own fields, without those that would go round the rails.

What a field is not here for: other stores and generators than the tenant's one, since there are none; `find`, which
lists the names of everybody's secrets; finalizers in a template, and the deletion policy `Delete`, either of which
could keep a namespace from ending; templates from elsewhere and new names by expressions, which nothing here could
check. The API server drops what it does not know, and `kubectl` refuses it.

One controller with a memory limit runs the templates of all tenants. So they may put values together and call functions
that make a value a few times longer, each once: `{{ repeat 500000000 "x" }}` would end it for everybody.

Source: external-secrets v1.3.2, config/crds/bases; defaults are those that the controller counts on.
"""

from __future__ import annotations

from custom_resources import (
    Definition,
    Schema,
    anything,
    list_of,
    mapping_of,
    record,
    record_of_defaults,
    text,
    true_or_false,
)
from pulumi_kubernetes.apiextensions import v1 as apiextensions

from shared.external_secrets import API_GROUP, API_VERSION, TENANT_STORE

_READY = '.status.conditions[?(@.type=="Ready")]'

_REMOTE = record(
    "key",
    key=text(),
    # Of a JSON value. No modifiers and queries: a chain of `@tostr` doubles the value at each step.
    property=Schema(type="string", pattern=r"^[-_.:/\\ a-zA-Z0-9]*$", max_length=253),
    version=text(),
    conversionStrategy=text("Default", "Unicode", default="Default"),
    decodingStrategy=text("None", "Auto", "Base64", "Base64URL", default="None"),
    metadataPolicy=text("None", "Fetch", default="None"),
)
_SECRET_KEY = Schema(type="string", pattern=r"^[-._a-zA-Z0-9]+$", min_length=1, max_length=253)
_REWRITE = record(
    merge=record(
        conflictPolicy=text("Error", "Ignore", default="Error"),
        into=text(default=""),
        priority=list_of(text()),
        priorityPolicy=text("Strict", "IgnoreNotFound", default="Strict"),
        strategy=text("Extract", "JSON", default="Extract"),
    ),
)
TEMPLATE_FUNCTIONS = ("b64dec", "b64enc", "lower", "quote", "toString", "trim", "upper", "urlquery")
_MOST_VALUES = 10
_VALUE = r'(\.[A-Za-z0-9_]+|index +\. +"[-._A-Za-z0-9]+")'
_ACTION = rf"\{{\{{(- )? *{_VALUE}( *\| *({'|'.join(TEMPLATE_FUNCTIONS)}))? *( -)?\}}\}}"
_PLAIN = r"(\{?[^{])*"
_TEMPLATE_TEXT = Schema(
    type="string",
    pattern=rf"^{_PLAIN}({_ACTION}{_PLAIN}){{0,{_MOST_VALUES}}}\{{?$",
    max_length=16384,
)
"""Text with values of the secret, such as `postgres://{{ .user }}:{{ .password | urlquery }}@db`.

Ten members of ten values of 64 KiB, each made four times longer, are 26 MB; the controller does five at a time."""
_TEMPLATE_TEXTS = mapping_of(_TEMPLATE_TEXT, most=_MOST_VALUES)
_TEMPLATE = record(
    type=text(),
    engineVersion=text("v2", default="v2"),
    mergePolicy=text("Replace", "Merge", default="Replace"),
    data=_TEMPLATE_TEXTS,
    # The controller takes these for templates too.
    metadata=record(annotations=_TEMPLATE_TEXTS, labels=_TEMPLATE_TEXTS),
)
_REFRESH_INTERVAL = Schema(
    type="string",
    default="1h0m0s",
    pattern=r"^([0-9]+(s|m|h))+$",
    max_length=32,
    # Secrets Manager's limit of requests is the account's, and so every tenant's.
    x_kubernetes_validations=[
        apiextensions.ValidationRuleArgs(
            rule="duration(self) == duration('0s') || duration(self) >= duration('1m')",
            message="refreshInterval is at least 1m, or 0s for once",
        )
    ],
)

EXTERNAL_SECRET = Definition(
    group=API_GROUP,
    version=API_VERSION,
    kind="ExternalSecret",
    plural="externalsecrets",
    short_names=("es",),
    namespaced=True,
    columns={
        "Refresh Interval": ".spec.refreshInterval",
        "Status": f"{_READY}.reason",
        "Ready": f"{_READY}.status",
    },
    spec=record(
        data=list_of(record("secretKey", "remoteRef", secretKey=_SECRET_KEY, remoteRef=_REMOTE), most=50),
        dataFrom=list_of(record("extract", extract=_REMOTE, rewrite=list_of(_REWRITE, most=1)), most=10),
        refreshInterval=_REFRESH_INTERVAL,
        refreshPolicy=text("Periodic", "OnChange", "CreatedOnce"),
        secretStoreRef=record_of_defaults(
            name=text(TENANT_STORE, default=TENANT_STORE),
            kind=text("SecretStore", default="SecretStore"),
        ),
        target=record_of_defaults(
            name=text(),
            creationPolicy=text("Owner", "Orphan", "Merge", "None", default="Owner"),
            deletionPolicy=text("Retain", "Merge", default="Retain"),
            immutable=true_or_false(),
            template=_TEMPLATE,
        ),
    ),
)
SECRET_STORE = Definition(
    group=API_GROUP,
    version=API_VERSION,
    kind="SecretStore",
    plural="secretstores",
    short_names=("ss",),
    namespaced=True,
    columns={"Status": f"{_READY}.reason", "Ready": f"{_READY}.status"},
    spec=record(
        "provider",
        provider=record(
            "aws",
            aws=record(
                "auth",
                "region",
                "service",
                service=text("SecretsManager"),
                region=text(),
                prefix=text(),
                auth=record("jwt", jwt=record("serviceAccountRef", serviceAccountRef=record("name", name=text()))),
            ),
        ),
    ),
)
GENERATOR_STATE = Definition(
    group=f"generators.{API_GROUP}",
    version="v1alpha1",
    kind="GeneratorState",
    plural="generatorstates",
    namespaced=True,
    spec=anything(),
)
"""Made by nobody here; without the kind the controller does not start."""

DEFINITIONS = (EXTERNAL_SECRET, SECRET_STORE, GENERATOR_STATE)

"""Custom resources of the External Secrets Operator, without the fields that would bypass guardrails.

Left out are: stores other than the tenant's, and generators; `find`, which lists the names of all tenants' secrets;
finalizers in a template and the deletion policy `Delete`, which could block the deletion of a namespace; external
templates and names from expressions, which cannot be validated. The API server drops unknown fields, and `kubectl`
rejects them.

One controller with a memory limit runs the templates of all tenants. So templates can only combine values and call
functions that lengthen a value by a small factor, once each: `{{ repeat 500000000 "x" }}` would crash it for everyone.

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
    # Path into a JSON value, without modifiers and queries: each `@tostr` in a chain doubles the value.
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

Ten keys with ten values of 64 KiB, each lengthened four times, are 26 MB; the controller processes five at a time."""
_TEMPLATE_TEXTS = mapping_of(_TEMPLATE_TEXT, most=_MOST_VALUES)
_TEMPLATE = record(
    type=text(),
    engineVersion=text("v2", default="v2"),
    mergePolicy=text("Replace", "Merge", default="Replace"),
    data=_TEMPLATE_TEXTS,
    # The controller evaluates these as templates too.
    metadata=record(annotations=_TEMPLATE_TEXTS, labels=_TEMPLATE_TEXTS),
)
_REFRESH_INTERVAL = Schema(
    type="string",
    default="1h0m0s",
    pattern=r"^([0-9]+(s|m|h))+$",
    max_length=32,
    # The request rate limit of Secrets Manager applies to the account, and so to all tenants together.
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
"""Not used here, but the controller does not start without the kind."""

DEFINITIONS = (EXTERNAL_SECRET, SECRET_STORE, GENERATOR_STATE)

"""The action, resource and condition keys that a person asks about, checked with what AWS knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.errors import BadInput, nearest
from tooling.iam.evaluation import ContextValue
from tooling.iam.keys import definitions, known_key

_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", re.DOTALL)


def action_of(text: str) -> str:
    """The action as AWS spells it. Raises BadInput: `iam-action-unknown`."""
    service, _, name = text.partition(":")
    known = definitions().get(service.lower())
    if not isinstance(known, Mapping) or not name:
        services = [one for one, entry in definitions().items() if isinstance(entry, Mapping)]
        raise _unknown(text, f"AWS has no service {service}{nearest(service, services)}")
    spelled = known["privileges_lower_name"].get(name.lower())
    if spelled is None:
        raise _unknown(text, f"{service} has no action {name}{nearest(name, known['privileges'])}")
    return f"{service.lower()}:{spelled}"


def resource_of(text: str, action: str) -> str:
    """The ARN, or `*` for an action that takes no narrower resource. Raises BadInput: `iam-resource-invalid`."""
    forms = [*_forms(action)]
    if text == "*":
        if forms:
            raise _invalid(text, f"{action} is about one resource: {' or '.join(forms)}", forms)
        return text
    if _ARN.fullmatch(text) is None:
        raise _invalid(text, f'"{text}" is no ARN', forms)
    if any(one in text for one in "*?"):
        raise _invalid(text, f'"{text}" is a pattern, not one resource', forms)
    if not forms:
        raise _invalid(text, f"{action} is not about a resource", ["*"])
    if not any(re.fullmatch(_pattern(form), text, re.DOTALL) for form in forms):
        raise _invalid(text, f"{text} is no resource of {action}, which is on {' or '.join(forms)}", forms)
    return text


def context_of(pairs: Iterable[str]) -> dict[str, ContextValue]:
    """Of `KEY=VALUE`; a key that is given several times has several values. Raises BadInput: `iam-context-invalid`."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not known_key(key):
            what = f"AWS has no condition key {key}" if separator else f'"{pair}" is not KEY=VALUE'
            raise BadInput(
                "iam-context-invalid", what, at="--context", hint="for example: --context s3:prefix=tenant-a/"
            )
        found[key] = (*found.get(key, ()), value)
    return dict(found)


def _forms(action: str) -> Iterable[str]:
    service, _, name = action.partition(":")
    entry: Any = definitions()[service]
    kinds = [kind for kind in entry["privileges"][name]["resource_types"] if kind]
    # Shortest first: the plain form, before access points and the like.
    return sorted((entry["resources"][kind]["arn"] for kind in kinds if kind in entry["resources"]), key=len)


def _pattern(form: str) -> str:
    parts = re.split(r"(\$\{[^}]*\})", form)
    return "".join(
        "[^:]*"
        if part in ("${Partition}", "${Region}", "${Account}")
        else ".+"
        if part[:2] == "${"
        else re.escape(part)
        for part in parts
    )


def _unknown(text: str, what: str) -> BadInput:
    return BadInput(
        "iam-action-unknown", what, at=f"ACTION {text}", hint="an action is SERVICE:NAME, for example s3:GetObject"
    )


def _invalid(text: str, what: str, forms: list[str]) -> BadInput:
    return BadInput(
        "iam-resource-invalid", what, at=f"RESOURCE {text}", hint=f"give one resource: {(forms or ['an ARN'])[0]}"
    )

"""The rule table as `pulumi_policy` policies. The only module here that imports it.

`PolicyPack(...)` itself, which serves and never returns, is in `__main__.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from shared.engine_marks import UNKNOWN
from shared.narrowing import is_mapping
from shared.policies.evaluation import Policies
from shared.policies.rule import Facts, Level, Rule, StackRule
from shared.policies.table import RULES, STACK_RULES
from shared.policies.view import ResourceView

_LEVELS = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}


def policies() -> Iterator[Policy]:
    """One policy per rule and level. Raises: BadInput `exemption-invalid`."""
    evaluation = Policies.load()
    for rule in RULES:
        for level, name in _names(rule):
            yield ResourceValidationPolicy(
                name=name,
                description=rule.description,
                validate=partial(_resource, evaluation, rule, level),
                enforcement_level=_LEVELS[level],
                remediation_steps=rule.hint,
            )
    for rule in STACK_RULES:
        for level, name in _names(rule):
            yield StackValidationPolicy(
                name=name,
                description=rule.description,
                validate=partial(_stack, evaluation, rule, level),
                enforcement_level=_LEVELS[level],
                remediation_steps=rule.hint,
            )


def _names(rule: Facts) -> list[tuple[Level, str]]:
    levels = sorted({rule.level, *rule.levels.values()}, reverse=True)
    return [
        (level, rule.id if len(levels) == 1 or level == Level.MANDATORY else f"{rule.id}-advice") for level in levels
    ]


def _resource(
    evaluation: Policies, rule: Rule, level: Level, args: ResourceValidationArgs, report: ReportViolation
) -> None:
    violation = evaluation.of_rule(rule, _view(args)) if rule.covers(args.resource_type) else None
    if violation and violation.level == level:
        report(violation.message, violation.urn)


def _stack(
    evaluation: Policies, rule: StackRule, level: Level, args: StackValidationArgs, report: ReportViolation
) -> None:
    for violation in evaluation.of_stack_rule(rule, [_view(resource) for resource in args.resources]):
        if violation.level == level:
            report(violation.message, violation.urn)


def _view(resource: Any) -> ResourceView:
    return ResourceView(
        type=resource.resource_type,
        name=resource.name,
        urn=resource.urn,
        properties=_plain(resource.props),
        provider=_plain(resource.provider.props) if resource.provider is not None else None,
        depends_on=frozenset(one.urn for one in getattr(resource, "dependencies", ())),
    )


def _plain(value: Any) -> Any:
    """Replaces values that are not known yet, for which the SDK's proxies raise, with a marker."""
    if is_mapping(value):
        return {key: _plain(_item(value, key)) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(_item(value, index)) for index in range(len(cast(Sequence[Any], value)))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(container: Any, key: Any) -> Any:
    try:
        return container[key]
    except UnknownValueError:
        return UNKNOWN

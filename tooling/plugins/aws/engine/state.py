"""The resource state reported to the engine: outputs after reading back or in a preview, and inputs after a refresh.

Outputs are what AWS returns. Only three things are taken from the inputs: values that AWS never returns (`write_only`),
and, if they are equivalent to what AWS returns, the wording of documents and the order of unordered lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tooling.plugins.aws.engine.autonaming import DEFAULTS
from tooling.plugins.aws.engine.clients import Scope
from tooling.plugins.aws.engine.equivalence import is_blank, program_form, same
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.provider.wire import UNKNOWN


def outputs(row: Row, scope: Scope, live: Values, inputs: Values) -> dict[str, Any]:
    """The state of a resource after reading it back; `inputs` are the last known inputs, if any."""
    specs = row.all_inputs()
    result = {key: value for key, value in live.items() if value is not None}
    for key, spec in specs.items():
        if key in result and key in inputs:
            result[key] = program_form(spec, result[key], inputs[key])
        elif spec.write_only and inputs.get(key) is not None:
            result[key] = inputs[key]
    if row.regional:
        result["region"] = scope.region
    if row.tagged:
        result["tagsAll"] = dict(live.get("tagsAll") or {})
        result["tags"] = _own_tags(scope, result["tagsAll"], inputs.get("tags"))
    return result


def created_in_preview(row: Row, inputs: Values) -> dict[str, Any]:
    """A resource to be created: its inputs, and everything that AWS sets as unknown."""
    result = {key: value for key, value in inputs.items() if key != DEFAULTS}
    for key, spec in row.all_inputs().items():
        result[key] = _with_unknowns(spec, result.get(key))
    return {**{key: value for key, value in result.items() if value is not None}, **dict.fromkeys(row.outputs, UNKNOWN)}


def updated_in_preview(row: Row, state: Values, inputs: Values, changed: Iterable[str]) -> dict[str, Any]:
    """A resource to be updated: its state with the new inputs; outputs that depend on them are unknown."""
    specs = row.all_inputs()
    result = {key: value for key, value in state.items() if key not in specs or specs[key].computed}
    for key, value in inputs.items():
        if key != DEFAULTS:
            result[key] = _merged(specs[key], state.get(key), value) if key in specs else value
    for name in changed:
        for recomputed in {*row.recomputed.get(name, ()), *row.recomputed.get("*", ())}:
            if recomputed not in inputs:
                result[recomputed] = UNKNOWN
    return result


def refreshed_inputs(row: Row, old: Values, state: Values) -> dict[str, Any]:
    """The program's inputs with the present values of AWS, in the program's wording if equivalent."""
    specs = row.all_inputs()
    fresh: dict[str, Any] = {}
    for key, value in old.items():
        if key == DEFAULTS or (key in specs and specs[key].write_only):
            fresh[key] = value
        elif key == "tagsAll" or key not in specs:
            fresh[key] = state.get(key)
        elif same(specs[key], value, state.get(key)):
            fresh[key] = value
        else:
            fresh[key] = _stated_part(specs[key], value, state.get(key))
    return {key: value for key, value in fresh.items() if value is not None}


def imported_inputs(row: Row, state: Values) -> dict[str, Any]:
    """Inputs of an imported resource: everything that AWS returns, without values that equal leaving them out."""
    found = {
        key: _inputs_only(spec, state[key])
        for key, spec in row.all_inputs().items()
        if key in state and not is_blank(spec, state[key])
    }
    if row.tagged:
        found["tagsAll"] = state.get("tagsAll", {})
    return {**found, DEFAULTS: []}


def _own_tags(scope: Scope, all_tags: Mapping[str, str], stated: Any) -> dict[str, str]:
    """All tags except the provider's default tags, unless the resource sets them itself."""
    defaults = scope.connection.configuration.default_tags
    own = stated if isinstance(stated, dict) else {}
    return {key: value for key, value in all_tags.items() if key in own or defaults.get(key) != value}


def _with_unknowns(spec: Input, value: Any) -> Any:
    if value is None:
        return UNKNOWN if spec.computed else None
    if isinstance(value, dict) and spec.members is not None:
        inside = {name: _with_unknowns(member, value.get(name)) for name, member in spec.members.items()}
        known = {name: item for name, item in {**value, **inside}.items() if item is not None and name != DEFAULTS}
        return {**known, **dict.fromkeys(spec.outputs, UNKNOWN)}
    return value


def _merged(spec: Input, old: Any, new: Any) -> Any:
    """A block of the state overridden by the program's members, so that values set by AWS are kept."""
    if not (isinstance(old, dict) and isinstance(new, dict) and spec.members is not None):
        return new
    kept = {name: old[name] for name in spec.outputs if name in old}
    kept |= {name: old[name] for name, member in spec.members.items() if member.computed and name in old}
    inside = {
        name: _merged(spec.members[name], old.get(name), item) if name in spec.members else item
        for name, item in new.items()
    }
    return {**kept, **inside}


def _stated_part(spec: Input, stated: Any, live: Any) -> Any:
    """The present values of a block's members that the program sets."""
    if isinstance(live, dict) and isinstance(stated, dict) and spec.members is not None:
        return {
            name: _stated_part(spec.members[name], stated[name], item)
            for name, item in _inputs_only(spec, live).items()
            if name in stated
        }
    return _inputs_only(spec, live)


def _inputs_only(spec: Input, live: Any) -> Any:
    if spec.members is None:
        return live
    if isinstance(live, list):
        return [_inputs_only(spec, item) for item in live]
    if isinstance(live, dict):
        return {
            name: _inputs_only(spec.members[name], item)
            for name, item in live.items()
            if name in spec.members and not is_blank(spec.members[name], item)
        }
    return live

"""The definition of one resource type: its inputs, the effect of changing each of them, and the AWS calls.

A row is data; only its operations are code. Everything generic (checking, naming, diffing, reading back) is implemented
once, from these declarations, so that a new type needs a declaration and four short methods. The Python SDK does not
say which inputs replace a resource or which values AWS chooses: those flags are written by hand from the resource's
page in the Terraform registry, from which the released plug-in is built as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tooling.plugins.aws.engine.clients import Scope

Values = Mapping[str, Any]
"""Properties by their wire name (`cidrBlock`), as plain JSON values."""


CREATION_TAG = "tiers:creation"
"""Tag of a resource during its creation, with a unique value; see `Operations.found_by_tag`."""


def unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a resource type, or one member of an input that is a block.

    Attributes:
        required: leaving it out is a check failure.
        replaces: changing it replaces the resource.
        default: the released plug-in's default; `None` for none.
        computed: AWS chooses a value if the program gives none; removing the input later keeps the present value.
        write_only: AWS does not return it, so it is kept in the state and compared with the last value written.
        unordered: a list whose order is irrelevant.
        canonical_form: values with the same canonical form are equivalent.
        refusal: returns why a value is invalid, or `None`; called with known values only.
        members: the nested inputs, if this one is a block or a list of blocks.
        outputs: names inside the block that only AWS sets.
        fixed: why the lane cannot change it in place although AWS can; a change is rejected with this reason.
        stays: why the lane cannot unset it; removing the input is rejected with this reason.
    """

    required: bool = False
    replaces: bool = False
    default: Any = None
    computed: bool = False
    write_only: bool = False
    unordered: bool = False
    canonical_form: Callable[[Any], Any] = unchanged
    refusal: Callable[[Any], str | None] | None = None
    members: Mapping[str, Input] | None = None
    outputs: tuple[str, ...] = ()
    fixed: str | None = None
    stays: str | None = None


@dataclass(frozen=True, kw_only=True)
class GeneratedName:
    """The input that gets a name generated from the logical name if the program gives none.

    `prefix_input` is its sibling that gives only a prefix. `longest` is AWS's limit in characters. `beginning` is the
    required prefix of generated names, and `refusal` validates a given name.
    """

    input: str
    prefix_input: str | None
    longest: int
    lower_case: bool = False
    beginning: str = ""
    refusal: Callable[[Any], str | None] | None = None


class Operations(ABC):
    """The AWS calls of one type, for one request. `known` and `state` are last known outputs; `inputs` are checked."""

    found_by_tag: ClassVar[bool] = False
    """Only its AWS-chosen id identifies it: `create` adds a tag to find it by, which is removed right afterwards."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @abstractmethod
    def create(self, inputs: Values) -> str:
        """Creates the resource and returns its id. Sets only what it must: a failure leaves nothing behind."""

    def complete(self, resource_id: str, inputs: Values) -> None:  # noqa: B027 - most types have nothing to complete
        """The remaining calls of a creation, after there is an id; a failure leaves a resource known to the engine."""

    @abstractmethod
    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        """All properties in AWS by wire name, with `tagsAll` if it has tags; `None` if it no longer exists.

        `known` is empty when a resource is imported, so that the id alone must suffice.
        """

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        """Applies the top-level inputs in `changed`; tags are not among them."""
        if changed:
            raise NotImplementedError(f"{type(self).__name__} has no update for {sorted(changed)}")

    @abstractmethod
    def delete(self, resource_id: str, state: Values) -> None:
        """Deletes it. "Not found" from AWS counts as success."""

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no tags")

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no tags")


def nothing_more(state: Values, inputs: Values) -> frozenset[str]:
    return frozenset()


def no_failures(inputs: Values) -> list[tuple[str, str]]:
    return []


@dataclass(frozen=True, kw_only=True)
class Row:
    """One resource type.

    Attributes:
        pulumi_name: Pulumi's name of the type, e.g. `aws:ec2/vpc:Vpc`.
        source: the page of the Terraform registry that the flags follow, as its last path element.
        inputs: every modelled input; any other is rejected by name.
        outputs: what only AWS sets; a state contains these and the inputs.
        operations: the AWS calls.
        name: the input that gets a generated name.
        tagged: has `tags` (input) and `tagsAll` (output).
        regional: has `region`; IAM has none.
        delete_before_replace: two of it cannot exist at the same time, whatever their names.
        recomputed: by input (`*`: any), the outputs that its update changes, hence unknown in a preview.
        also_replaces: computes further inputs whose change replaces, from last known outputs and new inputs.
        check: failures that depend on several inputs, as (input, reason); called with known values only.
        import_note: the format of the id for `import_`, if it is not the plain id.
    """

    pulumi_name: str
    source: str
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]
    operations: type[Operations]
    name: GeneratedName | None = None
    tagged: bool = True
    regional: bool = True
    delete_before_replace: bool = False
    recomputed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also_replaces: Callable[[Values, Values], frozenset[str]] = nothing_more
    check: Callable[[Values], list[tuple[str, str]]] = no_failures
    import_note: str = ""

    TAGS: ClassVar[Input] = Input()
    REGION: ClassVar[Input] = Input(computed=True, replaces=True)

    def all_inputs(self) -> dict[str, Input]:
        """The row's own inputs and the common ones: `tags`, `region`, the name and its prefix."""
        inputs = dict(self.inputs)
        if self.name is not None:
            inputs[self.name.input] = Input(computed=True, replaces=True, refusal=self.name.refusal)
            if self.name.prefix_input is not None:
                inputs[self.name.prefix_input] = Input(write_only=True, replaces=True)
        if self.tagged:
            inputs["tags"] = self.TAGS
        if self.regional:
            inputs["region"] = self.REGION
        return inputs

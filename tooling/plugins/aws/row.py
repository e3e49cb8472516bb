"""What the table says of one resource type: its inputs, what changing each of them does, and the AWS calls.

A row is data; only its operations are code. Everything generic (checking, naming, diffing, reading back) is done once,
from these declarations, so that a further type costs a declaration and four short methods. The Python SDK says nothing
about which inputs replace a resource or what AWS chooses by itself: those flags are written by hand from the resource's
page in the Terraform registry, which is where the released plug-in takes them from too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tooling.plugins.aws.clients import Scope

Values = Mapping[str, Any]
"""Properties by their wire name (`cidrBlock`), as plain JSON values."""


CREATION_TAG = "tiers:creation"
"""On what is just being created, with a value of its own; see `Operations.found_by_tag`."""


def unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a resource type, or one member of an input that is a block.

    Attributes:
        required: leaving it out is a check failure.
        replaces: changing it replaces the resource.
        default: what the released plug-in fills in where the program says nothing; `None` for no default.
        computed: AWS chooses a value where the program says nothing, and leaving it out again keeps what is there.
        write_only: AWS does not give it back, so it is compared with the last value written, and kept in the state.
        unordered: a list whose order means nothing.
        canonical_form: two values with the same canonical form are the same value.
        refusal: why a value cannot be, or `None`; called with known values only.
        members: the inputs inside, where this one is a block or a list of blocks.
        outputs: names inside the block that only AWS fills.
        fixed: why the lane cannot change it in place although AWS can; a change is then refused, by name.
        stays: why the lane cannot take it back once it is given; leaving it out again is then refused, by name.
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
    """The input that gets a name made from the logical name where the program gives none.

    `prefix_input` is its sibling that fixes only the beginning. `longest` is AWS's limit in characters. `beginning` is
    what a generated name must begin with, and `refusal` why a given one cannot be.
    """

    input: str
    prefix_input: str | None
    longest: int
    lower_case: bool = False
    beginning: str = ""
    refusal: Callable[[Any], str | None] | None = None


class Operations(ABC):
    """The AWS calls of one type, for one request. `known` and `state` are last known outputs, `inputs` checked ones."""

    found_by_tag: ClassVar[bool] = False
    """Nothing of it is its own but an id that AWS chooses: `create` gets a tag for `find`, taken off again at once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @abstractmethod
    def create(self, inputs: Values) -> str:
        """Makes the resource and returns its id. Only what must be said at creation: a failure here leaves nothing."""

    def find(self, inputs: Values) -> str | None:
        """The id of what `create` makes of these inputs, if it is there; asked when the answer to `create` was lost."""
        return None

    def complete(self, resource_id: str, inputs: Values) -> None:  # noqa: B027 - most types have nothing to complete
        """The calls that creation needs once there is an id; a failure here leaves a resource that the engine knows."""

    @abstractmethod
    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        """Everything AWS says of it, under wire names, with `tagsAll` if it has tags; `None` if it is gone.

        `known` is empty when a resource is imported, so that the id alone must do.
        """

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        """Applies the top-level inputs named in `changed`; tags are not among them."""
        if changed:
            raise NotImplementedError(f"{type(self).__name__} has no update for {sorted(changed)}")

    @abstractmethod
    def delete(self, resource_id: str, state: Values) -> None:
        """Deletes it; an answer of AWS that it is gone already counts as done."""

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
        inputs: every input that is modelled; any other is refused by name.
        outputs: what only AWS fills; with the inputs it is all that a state may hold.
        operations: the AWS calls.
        name: the input that gets a generated name.
        tagged: has `tags` (input) and `tagsAll` (output).
        regional: has `region`; IAM has none.
        delete_before_replace: two of it cannot exist side by side, whatever their names are.
        recomputed: outputs that an update of these inputs changes (`*`: of any), hence unknown in a preview of it.
        also_replaces: top-level inputs whose change replaces in this case only, from last known outputs and new inputs.
        check: failures that take several inputs to see, as (input, reason); called with known values only.
        import_note: how the id given to `import_` is spelt, where it is not the plain id.
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
        """The row's own inputs, and those that every row of its kind has: `tags`, `region`, the name and its prefix."""
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

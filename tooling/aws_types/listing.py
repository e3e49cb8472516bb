"""How an account lists resources of one kind. The audit and the emulated account's inventory are made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Client = Any
"""A boto3 client of any service; boto3's stubs type each by its literal name."""

Thing = dict[str, Any]
Tags = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One kind of resource.

    Attributes:
        inside: the member of a collection's entry that holds the resources, if the entry itself is none.
        keep: excludes what is being deleted already, or belongs to AWS.
        confirm: the same where AWS has to be asked about each resource; only the inventory does.
        tags: reads the tags of a resource; the audit leaves out kinds without it.
        remove: deletes a resource. Without it, the resource holds data or others depend on it: the audit reports it
            and leaves it to a person.
        inventoried: part of the emulated account's inventory.
    """

    service: str
    kind: str
    operation: str
    collection: str
    identity: str
    inside: str = ""
    parameters: Mapping[str, Any] | None = None
    paginated: bool = True
    keep: Callable[[Thing], bool] = lambda _: True
    confirm: Callable[[Client, Thing], bool] = lambda _, __: True
    tags: Callable[[Client, Thing], Tags] | None = None
    remove: Callable[[Client, Thing], None] | None = None
    inventoried: bool = True

    def things(self, client: Client) -> Iterator[Thing]:
        return self.found(client, self.parameters or {})

    def found(self, client: Client, parameters: Mapping[str, Any]) -> Iterator[Thing]:
        pages = (
            client.get_paginator(self.operation).paginate(**parameters)
            if self.paginated
            else [getattr(client, self.operation)(**parameters)]
        )
        for page in pages:
            for thing in page[self.collection]:
                described = thing if isinstance(thing, dict) else {self.identity: thing}
                for found in described[self.inside] if self.inside else [described]:
                    if self.keep(found):
                        yield found


@dataclass(frozen=True, kw_only=True)
class ClusterListing(Listing):
    """Resources inside each EKS cluster; their id is `<cluster>/<identity>`. `listable` excludes clusters."""

    service: str = "eks"
    listable: Callable[[Client, str], bool] = lambda _, __: True

    def things(self, client: Client) -> Iterator[Thing]:
        for page in client.get_paginator("list_clusters").paginate():
            for cluster in filter(lambda name: self.listable(client, name), page["clusters"]):
                for thing in self.found(client, {"clusterName": cluster}):
                    yield {**thing, self.identity: f"{cluster}/{thing[self.identity]}"}


def ec2_listing(kind: str, operation: str, collection: str, identity: str, **rest: Any) -> Listing:
    return Listing(service="ec2", kind=kind, operation=operation, collection=collection, identity=identity, **rest)


def pairs(found: Any, key: str = "Key", value: str = "Value") -> Tags:
    return {pair[key]: pair[value] for pair in found or ()}


def own_tags(_: Client, thing: Thing) -> Tags:
    """Tags that the listing itself returns."""
    return pairs(thing.get("Tags") or thing.get("TagSet"))

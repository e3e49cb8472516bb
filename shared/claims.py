"""Names that only one tenant may use: its namespaces, its applications, and its hosts with all names below and above.

When two files claim the same name, the deployed stacks decide which tenant owns it. If neither tenant has deployed it,
the error names both files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.errors import BadInput
from shared.host_names import above
from shared.narrowing import is_list
from shared.tenant_file import TenantFile

Deployed = Callable[[str], Mapping[str, object]]
"""Maps a tenant's name to the published outputs of its stack; empty if the stack does not exist."""


_CODES = {"applications": "application-taken", "hosts": "host-taken", "namespaces": "namespace-taken"}


def nothing_deployed(_tenant: str) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, kw_only=True)
class _Claim:
    file: TenantFile
    key: str
    """`hosts`, `namespaces` or `applications`."""
    index: int
    value: str

    @property
    def tenant(self) -> str:
        return self.file.name

    @property
    def location(self) -> str:
        return self.file.source.at((self.key, self.index))


def refuse_shared_claims(
    tenants: Iterable[TenantFile], *, of: str | None = None, deployed: Deployed = nothing_deployed
) -> None:
    """Refuses names that two tenants claim. With `of`, only conflicts that involve that tenant count.

    Args:
        tenants: may have a tenant more than once, as it is in several environments.

    Raises:
        BadInput: `namespace-taken`, `application-taken`, `host-taken`.
    """
    found = list(tenants)
    for one, other in (
        *_same("namespaces", found),
        *_same("applications", found),
        *_same("hosts", found),
        *_below(found),
    ):
        if of in (None, one.tenant, other.tenant):
            raise _taken(one, other, deployed)


def _claims(key: str, tenants: Iterable[TenantFile]) -> Iterator[_Claim]:
    for tenant in tenants:
        for index, value in enumerate(getattr(tenant, key)):
            yield _Claim(file=tenant, key=key, index=index, value=value)


def _same(key: str, tenants: Iterable[TenantFile]) -> Iterator[tuple[_Claim, _Claim]]:
    first: dict[str, _Claim] = {}
    for claim in _claims(key, tenants):
        one = first.setdefault(claim.value, claim)
        if one.tenant != claim.tenant:
            yield one, claim


def _below(tenants: Iterable[TenantFile]) -> Iterator[tuple[_Claim, _Claim]]:
    """Pairs of a host and a host of another tenant below it."""
    hosts = {claim.value: claim for claim in _claims("hosts", tenants)}
    for claim in hosts.values():
        for domain in above(claim.value):
            higher = hosts.get(domain)
            if higher is not None and higher.tenant != claim.tenant:
                yield higher, claim


def _taken(one: _Claim, other: _Claim, deployed: Deployed) -> BadInput:
    kind = one.key.removesuffix("s")
    what = (
        f"{kind} {one.value!r} is claimed by {one.tenant} and by {other.tenant}"
        if one.value == other.value
        else f"{kind} {other.value!r} of {other.tenant} lies below {one.value!r} of {one.tenant}"
    )
    holders = [claim for claim in (one, other) if claim.value in _published(claim, deployed)]
    code = _CODES[one.key]
    if len(holders) == 1:
        (holder,) = holders
        asks = other if holder is one else one
        return BadInput(
            code,
            f"{what}, and {holder.tenant} has it deployed",
            at=asks.location,
            hint=f"choose another name in tenants/catalog/{asks.tenant}.yaml",
        )
    return BadInput(
        code,
        what,
        at=f"{one.location}; {other.location}",
        hint=f"remove it from the file that added it last; git log -S'{other.value}' -- tenants/catalog shows which",
    )


def _published(claim: _Claim, deployed: Deployed) -> list[object]:
    values = deployed(claim.tenant).get(claim.key)
    return values if is_list(values) else []

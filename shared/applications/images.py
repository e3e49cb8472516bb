"""Which images a tenant's pods may run, checked in a preview: the rules of tier 2's admission policy `pods-images`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.program_errors import ProgramInputError

_DIGEST = re.compile(r"@sha256:[a-f0-9]{64}$", re.ASCII)
_TAG = re.compile(r":[A-Za-z0-9_][A-Za-z0-9_.-]*$", re.ASCII)
_MOVING_TAG = ":latest"


def allowed_image(image: str, tenant: str, registries: Sequence[str]) -> str:
    """`image`, if it is from one of the tenant's registries and names a version.

    Raises:
        ProgramInputError: `registry-not-allowed`, `image-without-version`.
    """
    catalog = f"tenants/catalog/{tenant}.yaml, registries"
    inside = any(image.startswith(f"{registry}/") for registry in registries)
    if not inside or "//" in image or "/." in image:
        raise ProgramInputError(
            "registry-not-allowed",
            f"image {image} is from none of {tenant}'s registries: {', '.join(registries)}",
            at=catalog,
            hint=f"push it to one of the tenant's repositories, or add its registry to {catalog}",
        )
    if not (_DIGEST.search(image) if "@" in image else _TAG.search(image)) or image.endswith(_MOVING_TAG):
        raise ProgramInputError(
            "image-without-version",
            f"image {image} names no version",
            at="image",
            hint="use a tag other than latest, or a digest",
        )
    return image

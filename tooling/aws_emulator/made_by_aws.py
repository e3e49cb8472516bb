"""AWS' own images and policies, made when somebody first looks for images or policies.

moto 5.2.5 makes 1,300 images with a snapshot each before it answers a region's first request, and 1,600 policies before
an account's first: half a second of a processor. The platform's nodes run images that EKS chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.ec2.models.amis import AmiBackend
from moto.iam.models import IAMBackend

from tooling.aws_emulator.determinism import draws_of_its_own

_make_images = AmiBackend._load_amis
_make_policies = IAMBackend._init_aws_policies


def install() -> None:
    AmiBackend._load_amis = lambda self: None  # type: ignore[method-assign]
    AmiBackend.amis = _made_when_asked_for("amis", _make_images)  # type: ignore[assignment]
    IAMBackend._init_aws_policies = lambda self: []  # type: ignore[method-assign]
    IAMBackend.managed_policies = _made_when_asked_for("managed_policies", _add_policies)  # type: ignore[assignment]


def _add_policies(backend: IAMBackend) -> None:
    backend.aws_managed_policies = _make_policies(backend)
    backend.managed_policies.update({policy.arn: policy for policy in backend.aws_managed_policies})


def _made_when_asked_for(name: str, make: Callable[[Any], None]) -> property:
    """The backend's attribute `name`, to which `make` adds what AWS made before anybody reads it."""

    def get(backend: BaseBackend) -> Any:
        # Taken out first, since `make` reads the attribute too.
        if backend.__dict__.pop(f"awaited {name}", False):
            # A request that only reads is not journalled, and must not change what the next one draws.
            with draws_of_its_own(f"{name}:{backend.account_id}:{backend.region_name}"):
                make(backend)
        return backend.__dict__[name]

    def put(backend: BaseBackend, value: Any) -> None:
        backend.__dict__ |= {name: value, f"awaited {name}": True}

    return property(get, put)

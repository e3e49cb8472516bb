"""What the infrastructure's settings promise, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.program_errors import ProgramInputError
from shared.testing import load_module, run_program


def test_promised_defaults_hold(project: Path) -> None:
    settings = load_module(project, "settings").InfrastructureSettings()
    assert settings.model_dump() == {
        "protect": True,
        "vpc_cidr": "10.0.0.0/16",
        "nat_gateways": "per-zone",
        "key_deletion_window_days": 7,
        "force_destroy": False,
        "admin_principal_arns": [],
        "kubernetes_version": "1.35",
        "endpoint_public_access": False,
        "public_access_cidrs": [],
        "service_cidr": "172.20.0.0/16",
        "log_retention_days": 90,
        "instance_type": "t3.large",
        "min_size": 3,
        "max_size": 10,
        "desired_capacity": 5,
        "volume_gib": 80,
    }


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"vpc_cird": "10.0.0.0/16"}, 'did you mean "vpc_cidr"?'),
        ({"vpc_cidr": "10.0.0.0/24"}, "not between /16 and /20"),
        ({"vpc_cidr": "10.0.0.0"}, "vpc_cidr"),
        ({"nat_gateways": "two"}, "nat_gateways"),
        ({"service_cidr": "10.0.8.0/22"}, "overlaps vpc_cidr"),
        ({"service_cidr": "172.20.0.0/28"}, "not between /12 and /24"),
        ({"endpoint_public_access": True}, "go together"),
        ({"public_access_cidrs": ["198.51.100.0/24"]}, "go together"),
        ({"min_size": 4, "desired_capacity": 2}, "min_size <= desired_capacity <= max_size"),
        ({"min_size": "many"}, "min_size"),
        ({"log_retention_days": 31}, "log_retention_days"),
        ({"key_deletion_window_days": 3}, "key_deletion_window_days"),
        ({"volume_gib": 5}, "volume_gib"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_refused_by_name_before_anything_is_made(
    project: Path, config: dict[str, object], says: str
) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what
    assert refused.value.where.startswith("Pulumi.dev.yaml of infrastructure")

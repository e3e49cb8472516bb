"""Tags of every AWS resource, set as default tags of the AWS provider.

Resources that EKS and EC2 create (volumes, network interfaces) do not get them, so launch templates repeat them.
"""

from __future__ import annotations

from shared.environment import Environment


def standard_tags(environment: Environment, *, project: str) -> dict[str, str]:
    """The required tags, merged over the environment's own `tags`, which cannot replace them."""
    return {
        **environment.tags,
        "environment": environment.name,
        "environment_suffix": environment.suffix,
        "owner": environment.owner,
        "project": project,
        "managed-by": "pulumi",
    }

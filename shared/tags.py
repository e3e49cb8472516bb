"""Tags of every AWS resource, given to the AWS provider as default tags.

What EKS and EC2 create by themselves (volumes, network interfaces) does not get them: launch templates repeat them.
"""

from __future__ import annotations

from shared.environment import Environment


def standard_tags(environment: Environment, *, project: str) -> dict[str, str]:
    """The required tags; an environment's own `tags` come first and cannot replace them."""
    return {
        **environment.tags,
        "environment": environment.name,
        "environment_suffix": environment.suffix,
        "owner": environment.owner,
        "project": project,
        "managed-by": "pulumi",
    }

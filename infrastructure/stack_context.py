"""Account, region and naming of the running stack, as plain values that every component of the tier needs."""

from __future__ import annotations

from dataclasses import dataclass

from shared.environment import Environment
from shared.naming import dns_label
from shared.stack_states import state_bucket


def full_cluster_name(name: str, environment: Environment) -> str:
    return dns_label(f"{name}-{environment.suffix}")


@dataclass(frozen=True, kw_only=True)
class StackContext:
    environment: str
    suffix: str
    """Environment suffix: every physical name ends with it."""
    owner: str
    partition: str
    account_id: str
    region: str
    cluster_name: str
    state_bucket: str = ""
    """S3 bucket of the stack states; empty if they are stored elsewhere."""

    @classmethod
    def of(cls, environment: Environment, *, cluster: str) -> StackContext:
        """`cluster`: name of the cluster without suffix."""
        return cls(
            environment=environment.name,
            suffix=environment.suffix,
            owner=environment.owner,
            partition=environment.partition,
            account_id=environment.account,
            region=environment.region,
            cluster_name=full_cluster_name(cluster, environment),
            state_bucket=state_bucket(environment.backend_url),
        )

    def named(self, name: str) -> str:
        """`name` with the environment's suffix."""
        return f"{name}-{self.suffix}"

"""Tiers 1 to 3, with an image repository for an application that does not exist yet, and a quota of few pods."""

from __future__ import annotations

from tests.chain.clone import Clone
from tests.chain.deployed import Deployment
from tests.tenants.deployment import change

APP = "shop"
TENANT = "tenant-a"
ENVIRONMENTS = {"dev": f"{TENANT}-dev", "staging": f"{TENANT}-staging"}
"""Further namespaces of the tenant, each of which stands for another environment."""
PODS = 5
"""The tenant's quota: the most that the application may have, with the one more of a rollout."""


def _configure(clone: Clone) -> None:
    """What the platform team has agreed to before: the tenant's file names the repository, and how many pods."""
    change(clone, TENANT, repositories=["demo", APP], quota={"pods": PODS}, namespaces=[TENANT, *ENVIRONMENTS.values()])
    clone.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--all", "-m", "shop")


JOURNEY = Deployment(
    name="app-journey",
    configure=_configure,
    deploy=lambda clone: clone.tiers("up", "infrastructure", "platform-addons", "tenants", "--stack", "local"),
    files=("tests/app_journey/deployment.py", "tests/tenants/deployment.py"),
)

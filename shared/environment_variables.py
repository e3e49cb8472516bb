"""Every environment variable that the platform reads, and nothing that reads one.

`tooling` and `shared` take them from here, so that the reference page and the tests' washing know them all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Variable:
    name: str
    meaning: str


ENVIRONMENT_SUFFIX = Variable(
    name="ENVIRONMENT_SUFFIX",
    meaning="ends every physical name and tag; the environment's name if unset. For a second copy in one account.",
)
PLATFORM_ACCOUNT_ID = Variable(
    name="PLATFORM_ACCOUNT_ID",
    meaning="AWS account of the environment, 12 digits, where shared/environments/<environment>.yaml names none.",
)
TIERS_LOCAL_DIR = Variable(
    name="TIERS_LOCAL_DIR", meaning="directory of the local lane; `.local` in the clone if unset."
)

TIERS_BACKEND_URL = Variable(
    name="TIERS_BACKEND_URL",
    meaning="state backend of every environment but `local`, instead of its `backend_url`; previews use a copy.",
)
TIERS_FETCH_CHARTS = Variable(
    name="TIERS_FETCH_CHARTS",
    meaning="`true`: the local lane fetches Helm charts from their repositories; else what is neither on disk nor on "
    "loopback is recorded and not run.",
)

ALL = (ENVIRONMENT_SUFFIX, PLATFORM_ACCOUNT_ID, TIERS_LOCAL_DIR, TIERS_BACKEND_URL, TIERS_FETCH_CHARTS)

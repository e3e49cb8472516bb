"""Declares every environment variable that the platform reads; does not read any.

`tooling` and `shared` use these declarations, so that the reference page and the test fixtures cover all of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Variable:
    name: str
    meaning: str


ENVIRONMENT_SUFFIX = Variable(
    name="ENVIRONMENT_SUFFIX",
    meaning="suffix of every physical name and tag; default: the environment's name. Allows a second copy per account.",
)
PLATFORM_ACCOUNT_ID = Variable(
    name="PLATFORM_ACCOUNT_ID",
    meaning="AWS account of the environment, 12 digits, if shared/environments/<environment>.yaml does not set one.",
)
TIERS_LOCAL_DIR = Variable(
    name="TIERS_LOCAL_DIR", meaning="directory of the local lane; default: `.local` in the clone."
)

TIERS_BACKEND_URL = Variable(
    name="TIERS_BACKEND_URL",
    meaning="State backend of every environment except `local`, overriding its `backend_url`. Previews use a copy.",
)
TIERS_LOCAL_CREDENTIALS = Variable(
    name="TIERS_LOCAL_CREDENTIALS",
    meaning="AWS credentials file whose profile `default` is used on the local lane in place of the lane's own key: to "
    "act as an app team, with credentials of a role or user of the emulated account.",
)
TIERS_FETCH_CHARTS = Variable(
    name="TIERS_FETCH_CHARTS",
    meaning="`true`: the local lane fetches Helm charts from their repositories; otherwise releases of charts that are "
    "neither on disk nor on loopback are recorded but not installed.",
)
TIERS_PROGRAMS = Variable(
    name="TIERS_PROGRAMS",
    meaning="how the local lane obtains programs that are neither on PATH nor in the cache. `release`: downloads what "
    "the projects release; `build`: builds them with Go; `auto`, the default: asks on a terminal, otherwise builds.",
)
TIERS_PROGRAMS_MIRROR = Variable(
    name="TIERS_PROGRAMS_MIRROR",
    meaning="https address of a mirror of the release sites: `<mirror>/<host>/<path>` in place of "
    "`https://<host>/<path>`.",
)

ALL = (
    ENVIRONMENT_SUFFIX,
    PLATFORM_ACCOUNT_ID,
    TIERS_LOCAL_DIR,
    TIERS_BACKEND_URL,
    TIERS_FETCH_CHARTS,
    TIERS_LOCAL_CREDENTIALS,
    TIERS_PROGRAMS,
    TIERS_PROGRAMS_MIRROR,
)

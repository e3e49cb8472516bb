"""`guide.toml`: what the guided tour deploys, and where."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shared.environment import Environment
from shared.errors import BadInput
from shared.models import parse

FILE = "guide.toml"
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class GuideSettings(BaseModel):
    """Keys of `guide.toml`; empty: what the stack's own files say."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    stack: str = Field(default="local", alias="STACK")
    application: str = Field(default="demo", alias="APPLICATION")
    region: str = Field(default="", alias="AWS_REGION")
    cluster_name: str = Field(default="", alias="AWS_EKS_CLUSTER_NAME")
    namespace: str = Field(default="", alias="HELM_APP_NAMESPACE")
    release_name: str = Field(default="", alias="HELM_APP_RELEASE_NAME")
    root_response: str = Field(default="Welcome to the guided tour", alias="DEMO_ROOT_RESPONSE")
    api_response: str = Field(default="Welcome to the API of the guided tour", alias="DEMO_API_RESPONSE")


def load_guide_settings(file: Path) -> GuideSettings:
    """The settings in `file`; the defaults if there is none.

    Raises:
        BadInput: `guide-invalid`; `guide-credentials`, if the file holds credentials.
    """
    at = file.name
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return GuideSettings()
    except (OSError, ValueError) as error:
        raise BadInput("guide-invalid", f"{at} cannot be read: {error}", at=at, hint=f"edit {at}") from error
    held = [key for key in content if key.upper() in _CREDENTIALS]
    if held:
        raise BadInput(
            "guide-credentials",
            f"{', '.join(held)}: credentials do not belong in a file of the repository",
            at=at,
            hint=f"remove them from {at}, rotate the key if it was committed, and sign in, e.g. with `aws sso login`",
        )
    return parse(GuideSettings, content, at=at, code="guide-invalid")


def require_region(settings: GuideSettings, environment: Environment) -> None:
    """Refuses a region that is not the environment's: another one would be another cluster.

    Raises:
        BadInput: `guide-region`.
    """
    if settings.region and settings.region != environment.region:
        raise BadInput(
            "guide-region",
            f"AWS_REGION is {settings.region}, but environment {environment.name} is in {environment.region}",
            at=f"{FILE}, AWS_REGION",
            hint=f"set region in shared/environments/{environment.name}.yaml before the first deployment, or leave "
            f"AWS_REGION empty",
        )

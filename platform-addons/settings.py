"""Settings of the add-ons tier: those of every add-on, and one to enable it; keys of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from typing import Any

from addon_graph import declared, wrong_choice
from pydantic import Field, create_model, model_validator

from shared.errors import nearest
from shared.settings import Settings

ADDONS = declared()


class ChosenAddons(Settings):
    """Settings that do not belong to a single add-on."""

    addon_versions: dict[str, str] = Field(
        default_factory=dict,
        description="Versions that replace the pins in shared/versions.py, by add-on; required if the pins are for "
        "another Kubernetes minor.",
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the enabled add-ons, in dependency order."""
        return tuple(name for name, addon in ADDONS.items() if getattr(self, addon.switch))

    @model_validator(mode="after")
    def _fit_together(self) -> ChosenAddons:
        wrong = wrong_choice(ADDONS, self.chosen)
        if wrong is not None:
            raise ValueError(wrong)
        versioned = [name for name in self.chosen if ADDONS[name].pin is not None]
        for name in self.addon_versions:
            if name not in versioned:
                raise ValueError(
                    f"addon_versions: {name!r} is not one of {', '.join(versioned)}{nearest(name, versioned)}"
                )
        return self


_SWITCHES: dict[str, Any] = {
    addon.switch: (bool, Field(default=addon.enabled, description=f"{addon.name}: {addon.summary}."))
    for addon in sorted(ADDONS.values(), key=lambda addon: addon.name)
}
_MODELS: tuple[Any, ...] = tuple(dict.fromkeys(addon.settings for addon in ADDONS.values()))
_BASES: Any = (*(model for model in _MODELS if model is not Settings), ChosenAddons)
_model: Any = create_model("PlatformAddonsSettings", __base__=_BASES, __doc__="All keys of the tier.", **_SWITCHES)
PlatformAddonsSettings: type[ChosenAddons] = _model

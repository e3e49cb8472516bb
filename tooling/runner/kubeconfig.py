"""A contract's kubeconfig, made usable outside the runner.

On the local lane `kubectl` runs in the user's own shell, which knows neither `aws` nor the lane's endpoint, so the exec
plug-in gets an absolute path and the lane's variables. In other environments the kubeconfig is not changed.
"""

from __future__ import annotations

import shutil

import yaml

from tooling.runner.engine import Engine

_FOR_THE_PLUGIN = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)


def usable_kubeconfig(kubeconfig: str, engine: Engine) -> str:
    """YAML text. The AWS keys in it are generated for the lane and valid nowhere else."""
    content = yaml.safe_load(kubeconfig)
    if engine.is_local:
        for plugin in [user["user"]["exec"] for user in content["users"] if "exec" in user["user"]]:
            plugin["command"] = shutil.which(plugin["command"], path=engine.variables["PATH"]) or plugin["command"]
            plugin["env"] = [
                {"name": name, "value": engine.variables[name]} for name in _FOR_THE_PLUGIN if name in engine.variables
            ]
    return yaml.safe_dump(content, sort_keys=False).rstrip("\n")

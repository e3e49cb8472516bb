"""One `helm.sh/v3:Release`: installed, upgraded, read and uninstalled by Helm; recorded where its chart cannot be had.

What a killed run left is Helm's to refuse here, as with the released plug-in: a release that is still being installed
or upgraded, or that no state knows. `tooling.runner.recovery` clears it away before the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from shared.engine_marks import secret
from shared.errors import PlatformError, Refused
from tooling.plugins.kubernetes import naming
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.diff import differences
from tooling.plugins.kubernetes.helm import charts, program
from tooling.plugins.kubernetes.helm.program import Helm, HelmFailed
from tooling.plugins.kubernetes.manifest import INPUTS_KEY, Manifest
from tooling.plugins.kubernetes.operations import InitFailed, Stored
from tooling.plugins.kubernetes.settings import Settings
from tooling.plugins.provider.changes import Change
from tooling.plugins.recorded import RECORDED

TYPE = "kubernetes:helm.sh/v3:Release"
CHART = "kubernetes:helm.sh/v4:Chart"

_DIGEST = "__chartDigest"
_SECONDS = 300
_SWITCHES = {
    "atomic": "--atomic",
    "createNamespace": "--create-namespace",
    "dependencyUpdate": "--dependency-update",
    "devel": "--devel",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "disableWebhooks": "--no-hooks",
    "renderSubchartNotes": "--render-subchart-notes",
    "skipCrds": "--skip-crds",
    "takeOwnership": "--take-ownership",
    "waitForJobs": "--wait-for-jobs",
}
_SWITCHES_OF_AN_UPGRADE = {
    "cleanupOnFail": "--cleanup-on-fail",
    "forceUpdate": "--force",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
}
_WITHOUT_EFFECT = frozenset({"allowNullValues", "compat", "resourceNames"})
_MODELLED = frozenset(
    {
        *_SWITCHES,
        *_SWITCHES_OF_AN_UPGRADE,
        *_WITHOUT_EFFECT,
        *("chart", "description", "maxHistory", "name", "namespace", "repositoryOpts", "skipAwait", "timeout"),
        *("valueYamlFiles", "values", "version"),
    }
)
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(sorted({*_SWITCHES, *_SWITCHES_OF_AN_UPGRADE} - {"takeOwnership"}), False),
    **dict.fromkeys(("allowNullValues", "disableCRDHooks", "lint", "recreatePods", "replace", "skipAwait"), False),
    **dict.fromkeys(("description", "keyring", "postrender"), ""),
    "verify": False,
}
"""What the released plug-in's check adds: it writes every member of its Go type, whether the program set it or not."""
_REPLACING = (("name",), ("namespace",))
_NOT_BEGUN = (
    "cannot re-use a name that is still in use",
    "another operation (install/upgrade/rollback) is in progress",
)
"""Helm's words where it has not touched the release: what it finds is not this run's."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release of one resource, on one cluster."""

    urn: str
    settings: Settings
    cancellation: Cancellation
    say: Callable[[str], None]
    """Prints a message to the user who runs the operation."""

    def create(self, inputs: Manifest, *, preview: bool) -> Stored | None:
        """Installs it and waits; `None` if a preview cannot tell anything.

        Raises:
            PlatformError: Helm refused. InitFailed: it is installed, and not ready.
        """
        source = charts.source_of(inputs)
        reason = charts.out_of_reach(source)
        if reason:
            self.say(f"chart {source} is recorded with its values, not run: {reason}")
            return Stored(_id(inputs), _recorded(inputs, source))
        if preview:
            self._try_out(inputs, source)
            return None
        with self._helm() as helm:
            return self._stored(inputs, self._run(helm, "install", inputs, source))

    def update(self, state: Mapping[str, Any], inputs: Manifest, *, preview: bool) -> Stored | None:
        """As `create`; what was only recorded is installed once its chart can be had, and the other way round."""
        source = charts.source_of(inputs)
        if is_recorded(state):
            return self.create(inputs, preview=preview)
        if charts.out_of_reach(source):
            if not preview:
                self.delete(state)  # else it would run on, and nobody know of it
            return self.create(inputs, preview=preview)
        if preview:
            self._try_out(inputs, source)
            return None
        with self._helm() as helm:
            return self._stored(inputs, self._run(helm, "upgrade", inputs, source))

    def read(self, state: Mapping[str, Any]) -> Stored | None:
        """The release as it is now; `None` if it is gone."""
        if is_recorded(state):
            return Stored(_id(state), dict(state))
        with self._helm() as helm:
            try:
                live = helm.document("status", *_named(state))
            except HelmFailed as error:
                if "not found" in str(error):
                    return None
                raise _refused(self.urn, "status", error) from error
            return Stored(_id(state), {**state, **_outputs(live)})

    def delete(self, state: Mapping[str, Any]) -> None:
        if is_recorded(state):
            return
        with self._helm() as helm:
            try:
                arguments = () if state.get("skipAwait") else ("--wait", "--timeout", f"{_timeout(state)}s")
                helm.run("uninstall", *_named(state), *arguments)
            except HelmFailed as error:
                raise _refused(self.urn, "uninstall", error) from error

    def _helm(self) -> Any:
        return program.running(self.settings.connection, self.cancellation, self.say)

    def _try_out(self, inputs: Manifest, source: charts.Source) -> None:
        """Renders a chart on disk, so that a preview tells what is wrong in it; never builds Helm for that."""
        if source.path is None or not program.built():
            return
        with self._helm() as helm:
            try:
                helm.run("template", *_named(inputs), str(source.path), *helm.values(inputs))
            except HelmFailed as error:
                raise _refused(self.urn, "template", error) from error

    def _run(self, helm: Helm, command: str, inputs: Manifest, source: charts.Source) -> dict[str, Any]:
        switches = _SWITCHES if command == "install" else {**_SWITCHES, **_SWITCHES_OF_AN_UPGRADE}
        arguments = [switch for key, switch in switches.items() if inputs.get(key)]
        if not inputs.get("skipAwait"):
            arguments.append("--wait")
        if inputs.get("description"):
            arguments += ["--description", str(inputs["description"])]
        if command == "upgrade" and inputs.get("maxHistory"):
            arguments += ["--history-max", str(inputs["maxHistory"])]
        arguments += ["--timeout", f"{_timeout(inputs)}s"]
        try:
            return helm.document(command, *_named(inputs), helm.fetched(source), *arguments, *helm.values(inputs))
        except HelmFailed as error:
            raise self._failed(helm, command, inputs, error) from error

    def _failed(self, helm: Helm, command: str, inputs: Manifest, error: HelmFailed) -> Exception:
        """A refusal, or an `InitFailed` where Helm has kept a release that the engine must not forget."""
        refused = _refused(self.urn, command, error)
        if any(sign in str(error) for sign in _NOT_BEGUN):
            return refused
        try:
            live = helm.document("status", *_named(inputs))
        except HelmFailed:
            return refused
        return InitFailed(self._stored(inputs, live), refused, inputs)

    def _stored(self, inputs: Manifest, live: Mapping[str, Any]) -> Stored:
        source = charts.source_of(inputs)
        mark = {_DIGEST: charts.digest(source.path)} if source.path is not None else {}
        return Stored(_id(inputs), {**inputs, **_outputs(live), **mark})


def checked(
    inputs: Manifest,
    old_inputs: Mapping[str, Any],
    *,
    logical_name: str,
    seed: bytes,
    proposed: str,
    settings: Settings | None,
) -> Manifest:
    """The inputs with the release's name and namespace.

    Raises:
        Refused: `helm-not-modelled`. BadInput: `chart-not-found`.
    """
    for key, value in inputs.items():
        if key not in _MODELLED and value not in (None, False, "", [], {}):
            raise Refused(
                "helm-not-modelled",
                f"the local lane does not model `{key}` of a Helm release",
                at="",
                hint="leave it out, or run this stack with the released plug-ins",
            )
    source = charts.source_of(inputs)
    name = inputs.get("name") or old_inputs.get("name") or proposed or naming.drawn(logical_name, seed)
    complete = {key: value for key, value in inputs.items() if key not in _WITHOUT_EFFECT} | {"name": name}
    if settings is not None:
        complete.setdefault("namespace", settings.namespace)
    if not complete.get("skipAwait"):
        complete.setdefault("timeout", _SECONDS)
    version = charts.version_of(source)
    return {**_DEFAULTS, **complete, **({"version": version} if version else {})}


def compared(old_inputs: Mapping[str, Any], state: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Change]:
    """What differs; the content of a chart on disk counts, and so does a recorded chart that has come into reach."""
    # Inputs of an older local plug-in hold no defaults.
    waited_for = {} if old_inputs.get("skipAwait") else {"timeout": _SECONDS}
    old, new = {**_DEFAULTS, **waited_for, **old_inputs}, dict(inputs)
    source = charts.source_of(inputs)
    if source.path is not None and "version" in new:
        old.setdefault("version", new["version"])
    if source.path is not None and _DIGEST in state:
        old["chart"], new["chart"] = [old.get("chart"), state[_DIGEST]], [source.chart, charts.digest(source.path)]
    elif is_recorded(state) and not charts.out_of_reach(source):
        old["chart"] = [old.get("chart"), RECORDED]
    return [
        change if change.root != "chart" else Change(path=("chart",), kind=change.kind)
        for change in differences(old, new, _REPLACING)
    ]


def kept(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> Manifest:
    """The state with the inputs that led to it, as one secret: that is where the released plug-in looks for them."""
    return {**state, INPUTS_KEY: secret(inputs)}


def is_recorded(state: Mapping[str, Any]) -> bool:
    """Whether the release stands in the state alone."""
    return (state.get("status") or {}).get("status") == RECORDED


def _recorded(inputs: Manifest, source: charts.Source) -> Manifest:
    status = {
        "status": RECORDED,
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "chart": source.chart,
        "version": source.version,
    }
    return {**inputs, "status": status, "resourceNames": {}}


def _outputs(live: Mapping[str, Any]) -> Manifest:
    """Of what Helm says of a release, in the released plug-in's words."""
    metadata = (live.get("chart") or {}).get("metadata") or {}
    status = {
        "status": live["info"]["status"],
        "name": live["name"],
        "namespace": live["namespace"],
        "revision": live["version"],
        "chart": metadata.get("name"),
        "version": metadata.get("version"),
        "appVersion": metadata.get("appVersion"),
    }
    return {
        "status": {key: value for key, value in status.items() if value is not None},
        "resourceNames": _resource_names(str(live.get("manifest") or "")),
    }


def _resource_names(manifest: str) -> dict[str, list[str]]:
    """`Deployment/apps/v1` to names, each after its namespace where the chart gives one."""
    names: dict[str, list[str]] = {}
    for document in filter(None, yaml.safe_load_all(manifest)):
        metadata = document["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        names.setdefault(f"{document['kind']}/{document['apiVersion']}", []).append(name)
    return {kind: sorted(found) for kind, found in sorted(names.items())}


def _named(values: Mapping[str, Any]) -> list[str]:
    return [str(values["name"]), "--namespace", str(values["namespace"])]


def _id(values: Mapping[str, Any]) -> str:
    return f"{values['namespace']}/{values['name']}"


def _timeout(values: Mapping[str, Any]) -> int:
    return int(values.get("timeout") or _SECONDS)


def _refused(urn: str, command: str, error: HelmFailed) -> PlatformError:
    return PlatformError(
        "helm-failed",
        f"helm {command}: {error}",
        at=urn.rsplit("::", 1)[-1],
        hint="fix the chart or its values, and run the same command again",
    )

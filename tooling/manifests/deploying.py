"""Applies an overlay to its environment's cluster with the credentials of its tenant's deployer, by kubectl.

Always server-side: the API server knows which tool owns which field. An object that Pulumi, Helm or Argo CD owns is
refused, since both tools would undo each other's changes from then on.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import BadInput, PlatformError, Refused
from shared.kubernetes_labels import MANAGED_BY_LABEL, PART_OF_LABEL
from tooling.applications.lookup import application_names, application_stack
from tooling.lane.state import Lane
from tooling.manifests.kubectl import Finished, kubectl
from tooling.manifests.objects import objects_of_overlay, own_images, tenant_of, with_registry
from tooling.manifests.source import Overlay
from tooling.plugins.kubernetes.credentials import bearer_token
from tooling.plugins.kubernetes.kubeconfig import connection, parse
from tooling.runner.engine import Engine
from tooling.runner.graph import tenant_stack
from tooling.runner.kubeconfig import usable_kubeconfig
from tooling.runner.service_images import record_image
from tooling.runner.tiers_file import load_tiers

Object = dict[str, Any]

FIELD_MANAGER = "tiers"
_OTHER_TOOLS = ("pulumi-kubernetes", "argocd-controller", "helm")
"""Beginnings of the field managers' names."""
_ROLLOUT_SECONDS = 600
_DIFFERENCES = 1
"""Exit code of `kubectl diff`; a higher one is a failure."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """An overlay with complete images, and the credentials of its tenant."""

    overlay: Overlay
    tenant: str
    objects: list[Object]
    document: Mapping[str, Any]
    """The kubeconfig of the tenant's contract."""
    file: Path
    """Where kubectl reads the kubeconfig."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Finished:
        """Signs in once for many calls: the command in the kubeconfig takes a second, and kubectl would run it each
        time."""
        token = bearer_token(connection(self.document, loopback_only=False))
        if token is not None:
            users = [{**user, "user": {"token": token}} for user in self.document["users"]]
            self.file.write_text(yaml.safe_dump({**self.document, "users": users}), encoding="utf-8")
        return kubectl(*arguments, kubeconfig=self.file, stdin=stdin)

    @property
    def text(self) -> str:
        return yaml.safe_dump_all(self.objects, sort_keys=False)

    @property
    def namespace(self) -> str:
        return str(self.objects[0]["metadata"]["namespace"])

    @property
    def workloads(self) -> list[str]:
        """As kubectl names them."""
        kinds = ("Deployment", "StatefulSet")
        return [f"{one['kind'].lower()}/{one['metadata']['name']}" for one in self.objects if one["kind"] in kinds]


@contextmanager
def target_of(engine: Engine, overlay: Overlay) -> Iterator[Target]:
    """Raises:
    BadInput: what is wrong with the overlay; `stack-missing`, if its tenant is not deployed; `repository-missing`.
    """
    objects = objects_of_overlay(overlay)
    tenant = tenant_of(overlay, objects)
    (tier,) = [tier for tier in load_tiers().tiers if tier.stacks == "tenant"]
    stack = tenant_stack(tier, tenant, overlay.environment)
    outputs = engine.outputs(stack) if engine.exists(stack) else {}
    if not outputs.get("kubeconfig"):
        raise BadInput(
            "stack-missing",
            f"{overlay} needs tenant {tenant}, which is not deployed in {overlay.environment}",
            at=str(stack),
            hint=f"make tenants-up STACK={overlay.environment} TENANT={tenant}",
        )
    repositories = outputs.get("repositories") or {}
    _record_images(engine, overlay, own_images(objects, repositories))
    with tempfile.TemporaryDirectory(prefix="tiers-") as directory:
        file = Path(directory) / "kubeconfig"
        file.touch(mode=0o600)
        text = usable_kubeconfig(outputs["kubeconfig"], engine)
        file.write_text(text, encoding="utf-8")
        yield Target(
            overlay=overlay,
            tenant=tenant,
            objects=with_registry(objects, repositories),
            document=parse(text),
            file=file,
        )


def _record_images(engine: Engine, overlay: Overlay, names: set[str]) -> None:
    """On the lane no pipeline pushes an image; one stands for the service's present source."""
    lane = Lane.load() if engine.is_local else None
    if lane is None:
        return
    for name in sorted(names & set(application_names())):
        record_image(lane, engine, application_stack(name, overlay.environment))


def refuse_objects_of_other_tools(target: Target) -> None:
    """Raises:
    Refused: `owned-elsewhere`.
    """
    done = _run(target, "get", "-f", "-", "--ignore-not-found", "--show-managed-fields", "-o", "json")
    found = json.loads(done.stdout) if done.stdout.strip() else {}
    for one in found.get("items", [found] if found else []):
        for entry in one["metadata"].get("managedFields") or ():
            if entry["manager"].lower().startswith(_OTHER_TOOLS):
                name = one["metadata"]["name"]
                raise Refused(
                    "owned-elsewhere",
                    f"{one['kind']} {name} in {target.namespace} belongs to {entry['manager']}",
                    at=target.overlay.path,
                    hint="two tools would undo each other's changes: choose another name, or delete the object first",
                )


def difference(target: Target) -> str:
    """What `apply` would change, as a unified diff; empty if nothing."""
    arguments = ("diff", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}", "-f", "-")
    return _run(target, *arguments, accepted=(0, _DIFFERENCES)).stdout


def apply(target: Target, *, dry_run: bool = False) -> list[str]:
    """Applies the objects; what kubectl says of each.

    Conflicts are forced: what a person changed with kubectl, or `rollout undo`, is what the files say again.

    Raises:
        Refused: `owned-elsewhere`.
        PlatformError: `manifests-refused`.
    """
    refuse_objects_of_other_tools(target)
    more = ("--dry-run=server",) if dry_run else ()
    done = _run(
        target, "apply", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}", *more, "-f", "-"
    )
    return done.stdout.splitlines()


def wait(target: Target) -> None:
    """Until every workload has only pods of the present revision.

    Raises:
        PlatformError: `rollout-failed`.
    """
    for workload in target.workloads:
        arguments = ("rollout", "status", workload, "-n", target.namespace, f"--timeout={_ROLLOUT_SECONDS}s")
        done = target.kubectl(*arguments)
        if done.exit_code:
            name, environment = target.overlay.application, target.overlay.environment
            raise PlatformError(
                "rollout-failed",
                f"the pods of {workload} do not become ready: {_said(done)}",
                at=str(target.overlay),
                hint=f"tiers manifests undo {name} --stack {environment}\n"
                f"see why: kubectl describe pods -n {target.namespace} -l {PART_OF_LABEL}={name}",
            )


def undo(target: Target) -> list[str]:
    """Returns every workload to the revision before; its ConfigMaps are there as long as the revision is.

    Raises:
        BadInput: `release-none-before`.
    """
    said = []
    for workload in target.workloads:
        done = target.kubectl("rollout", "undo", workload, "-n", target.namespace)
        if done.exit_code:
            raise BadInput(
                "release-none-before",
                f"{workload} cannot return to an earlier revision: {_said(done)}",
                at=str(target.overlay),
                hint=f"tiers manifests apply {target.overlay.application} --stack {target.overlay.environment}",
            )
        said += done.stdout.splitlines()
    return said


def delete(target: Target) -> list[str]:
    """Deletes the objects and every generated ConfigMap; what kubectl says of each."""
    done = _run(target, "delete", "-f", "-", "--ignore-not-found", "--cascade=foreground")
    _run(target, "delete", "configmaps", "-n", target.namespace, "-l", _generated(target), stdin=False)
    return done.stdout.splitlines()


def _generated(target: Target) -> str:
    """Selects the ConfigMaps that kustomize generated for the application."""
    return f"{PART_OF_LABEL}={target.overlay.application},{MANAGED_BY_LABEL}=kustomize"


def remove_unused_config_maps(target: Target) -> list[str]:
    """Deletes generated ConfigMaps that no revision of a workload refers to; their names."""
    named = _run(
        target, "get", "configmaps", "-n", target.namespace, "-l", _generated(target), "-o", "name", stdin=False
    )
    revisions = _run(
        target, "get", "replicasets,controllerrevisions", "-n", target.namespace, "-o", "json", stdin=False
    ).stdout
    kept = {str(one["metadata"]["name"]) for one in target.objects if one["kind"] == "ConfigMap"}
    names = [name.rpartition("/")[2] for name in named.stdout.split()]
    # A name with a hash is nobody else's word.
    unused = [name for name in names if name not in kept and f'"{name}"' not in revisions]
    if unused:
        _run(target, "delete", "configmaps", "-n", target.namespace, *unused, stdin=False)
    return unused


def _run(target: Target, *arguments: str, accepted: Sequence[int] = (0,), stdin: bool = True) -> Finished:
    done = target.kubectl(*arguments, stdin=target.text if stdin else None)
    if done.exit_code not in accepted:
        raise PlatformError(
            "manifests-refused",
            f"the API server refused {target.overlay}: {_said(done)}",
            at=target.overlay.path,
            hint="docs/guides/kubernetes-objects.md says what each policy requires",
        )
    return done


def _said(done: Finished) -> str:
    lines = [line.strip().removeprefix("error: ") for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return next((line for line in lines if "denied request" in line), lines[-1] if lines else "it said nothing")

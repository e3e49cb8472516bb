"""Writes the directory of a new application from templates, and everything else that has to know of it.

The templates are the files below `templates/`: `common/`, and one directory per kind. A new application passes every
check at once: the generated files and the golden resource graphs are written too, and its image repository is added to
its tenant's file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from shared import versions
from shared.catalog import read_catalog
from shared.errors import BadInput, PlatformError, nearest
from shared.naming import require_dns_label
from shared.tenant_file import TenantFile
from tooling.applications.lookup import application_names, applications_tier
from tooling.applications.tenant_text import with_repository
from tooling.paths import REPOSITORY
from tooling.runner.tiers_file import load_tiers

TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_PACKAGE = "package"
"""In a template's path: the name of the service's Python package."""
_LONGEST = 40
"""Names of AWS and Kubernetes objects derived from it, such as those of a CronJob's Jobs, still fit."""
_GENERATORS = ("tooling.generated", "tooling.golden")
_SAMPLE = "dev"
"""The environment whose stack tests run, if the tenant exists there."""


class Kind(StrEnum):
    WEB = "web"
    WORKER = "worker"
    CRON = "cron"


_DESCRIPTIONS = {Kind.WEB: "A web application", Kind.WORKER: "A worker", Kind.CRON: "A task that runs by the clock"}


@dataclass(frozen=True, kw_only=True)
class NewApplication:
    name: str
    tenant: TenantFile
    kind: Kind

    @property
    def directory(self) -> Path:
        return REPOSITORY / applications_tier().directory / self.name

    @property
    def package(self) -> str:
        return f"{self.name.replace('-', '_')}_service"

    def values(self) -> dict[str, Any]:
        """What the templates use."""
        environments = list(self.tenant.environments)
        return {
            "name": self.name,
            "kind": self.kind.value,
            "model": "".join(part.capitalize() for part in self.name.split("-")) + "Settings",
            "package": self.package,
            "tenant": self.tenant.name,
            "namespace": self.tenant.namespaces[0],
            "description": f"{_DESCRIPTIONS[self.kind]} of {self.tenant.name}",
            "sample": _SAMPLE if _SAMPLE in environments else environments[0],
            "build_image": versions.PYTHON_BUILD_IMAGE.value,
            "runtime_image": versions.PYTHON_RUNTIME_IMAGE.value,
        }


def new_application(name: str, tenant: str, kind: Kind) -> NewApplication:
    """Checks the names.

    Raises:
        BadInput: `name-invalid`, `application-taken`, `tenant-unknown`.
    """
    require_dns_label(name, what="application", at="NAME")
    if not name[0].isalpha() or len(name) > _LONGEST:
        raise BadInput(
            "name-invalid",
            f"application {name!r} does not begin with a letter, or has more than {_LONGEST} characters",
            at="NAME",
            hint="choose another name, such as 'shop'",
        )
    taken = {**{tier.name: "a tier" for tier in load_tiers().tiers}, **dict.fromkeys(application_names(), "taken")}
    directory = REPOSITORY / applications_tier().directory / name
    if name in taken or directory.exists():
        raise BadInput(
            "application-taken",
            f"the name {name!r} is that of a tier"
            if taken.get(name) == "a tier"
            else f"there is an application {name!r} already",
            at=str(directory.relative_to(REPOSITORY)),
            hint="choose another name",
        )
    catalog = read_catalog()
    if tenant not in catalog:
        raise BadInput(
            "tenant-unknown",
            f"there is no tenant {tenant!r}{nearest(tenant, catalog)}",
            at="--tenant",
            hint=f"use one of: {', '.join(sorted(catalog))}",
        )
    return NewApplication(name=name, tenant=catalog[tenant].tenant(_SAMPLE), kind=kind)


def files_of(new: NewApplication) -> dict[str, str]:
    """Path of each file, relative to the application's directory, to its content."""
    # Imported here: slow to load, and of use to this command only.
    import jinja2

    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML
    )
    values = new.values()
    files = {
        str(path.relative_to(root)).removesuffix(_SUFFIX).replace(f"/{_PACKAGE}/", f"/{new.package}/"): text
        for root in (TEMPLATES / "common", TEMPLATES / new.kind)
        for path in sorted(root.rglob(f"*{_SUFFIX}"))
        if (text := environment.from_string(path.read_text(encoding="utf-8")).render(values)) is not None
    }
    files[f"service/{new.package}/__init__.py"] = f'"""The service of {new.name}."""\n'
    files |= {f"Pulumi.{stack}.yaml": _stack_file(new, stack) for stack in new.tenant.environments}
    return dict(sorted(files.items()))


def _stack_file(new: NewApplication, environment: str) -> str:
    settings: dict[str, str] = {"image_tag": "v1.0.0"}
    if new.kind is not Kind.CRON:
        small = environment in ("local", _SAMPLE)
        settings |= {"replicas": "1", "max_replicas": "2"} if small else {"replicas": "2", "max_replicas": "4"}
    return yaml.safe_dump({"config": {f"{new.name}:{key}": value for key, value in settings.items()}}, sort_keys=False)


def create(new: NewApplication) -> list[str]:
    """Writes the application, its image repository in the tenant's file, and all generated files.

    Returns:
        Paths of the files of the repository that are not below the application's directory and were changed.

    Raises:
        PlatformError: `generation-failed`; then nothing of it is left.
    """
    catalog = REPOSITORY / "tenants" / "catalog" / f"{new.tenant.name}.yaml"
    before = catalog.read_text(encoding="utf-8")
    after = with_repository(before, new.name)
    unfinished = Path(tempfile.mkdtemp(dir=new.directory.parent, prefix=f".{new.name}."))
    try:
        for path, text in files_of(new).items():
            target = unfinished / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        _format(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(new.directory)
        catalog.write_text(after, encoding="utf-8")
        for module in _GENERATORS:
            _generate(module)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(new.directory, ignore_errors=True)
        catalog.write_text(before, encoding="utf-8")
        raise
    return [str(catalog.relative_to(REPOSITORY))] if after != before else []


def _format(directory: Path) -> None:
    """Formats the code: which lines fit depends on the name."""
    ruff = [str(Path(sys.executable).parent / "ruff"), "format", "--quiet"]
    subprocess.run([*ruff, "--config", str(REPOSITORY / "pyproject.toml"), str(directory)], check=True)


def _generate(module: str) -> None:
    """Runs `make update-generated` or `update-golden`, in a process of its own: this one has read the old files."""
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", module, "update"]
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True)
    if done.returncode != 0:
        target = f"update-{module.rpartition('.')[2]}"
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        said = next(
            (line for line in lines if line.startswith("error[")), lines[-1] if lines else "it printed no error"
        )
        raise PlatformError(
            "generation-failed",
            f"`make {target}` failed: {said}",
            at="the new application was removed again",
            hint=f"make {target}, and repair what it names",
        )

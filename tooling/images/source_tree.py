"""The content of a service's directory as one digest: the same tree has the same digest on every machine.

It covers what git tracks there: paths, modes and contents, hence the Dockerfile with its base images by digest. It does
not cover what a build adds to the labels of an image, such as the commit, since that would make every commit another
image. Settings of an environment are no part of the tree.
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BadInput, PlatformError
from tooling.images.services import Service

PLATFORM = "linux/amd64"
"""That of the platform's nodes."""

_FORMAT = "1"
"""Changes when this module or the build command makes another image of the same tree."""


@dataclass(frozen=True, kw_only=True)
class SourceTree:
    service: Service
    digest: str
    """64 hexadecimal digits."""
    commit: str

    @property
    def tree_tag(self) -> str:
        return f"tree-{self.digest}"

    @property
    def version_tag(self) -> str:
        return f"v{self.service.version}"

    @property
    def tags(self) -> tuple[str, ...]:
        """The version comes last: it is what another image may already have."""
        return (self.tree_tag, self.commit, self.version_tag)


def source_tree(directory: Path, *, repository: Path) -> SourceTree:
    """The tree of a service as committed.

    Raises:
        BadInput: `service-missing`, `service-uncommitted`. PlatformError: `git-failed`.
    """
    shown = str(directory.relative_to(repository))
    if not (directory / "pyproject.toml").is_file():
        raise BadInput(
            "service-missing",
            f"there is no service in {shown}: it has no pyproject.toml",
            at=shown,
            hint="an application without a service of its own sets image_repository, and needs no image built",
        )
    changed = _git(repository, "status", "--porcelain", "--", shown).splitlines()
    if changed:
        raise BadInput(
            "service-uncommitted",
            f"{shown} contains {len(changed)} uncommitted changes, and its image is named after the commit",
            at=changed[0][3:],
            hint="commit them, and run it again",
        )
    return SourceTree(
        service=Service.read(directory),
        digest=tree_digest(_git(repository, "ls-files", "--stage", "-z", "--", shown), shown),
        commit=_git(repository, "rev-parse", "HEAD").strip(),
    )


def tree_digest(listing: str, directory: str) -> str:
    """Args:
    listing: output of `git ls-files --stage -z`: mode, object and path of each file.
    """
    entries = []
    for line in filter(None, listing.split("\0")):
        facts, _, path = line.partition("\t")
        mode, content, _stage = facts.split(" ")
        entries.append(f"{mode} {content} {path.removeprefix(f'{directory}/')}")
    whole = "\0".join([_FORMAT, PLATFORM, *sorted(entries)])
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no output"]
        raise PlatformError(
            "git-failed", f"git {arguments[0]} failed: {lines[-1]}", at=str(repository), hint="run it in a clone"
        )
    return done.stdout

"""Builds and copies images by `docker buildx`, signed in to ECR for the duration of one command.

The password goes to docker's standard input, and into a configuration directory that is deleted afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BadInput, PlatformError
from tooling.images.registry import ImageRepository
from tooling.images.source_tree import PLATFORM, SourceTree

_BUILDER = "platform-images"
"""A builder of its own: docker's default one writes no attestations."""


_SHOWN_LINES = 40
"""Of the output of a failed command: what a failing step of a build usually takes."""


@dataclass(frozen=True, kw_only=True)
class Docker:
    """Signed in to the repositories that it was opened with."""

    variables: dict[str, str]

    def build(self, tree: SourceTree, target: ImageRepository, *, source: str) -> str:
        """Builds the tree, pushes the image without a tag, and returns its digest.

        The provenance says from which commit, Dockerfile and arguments it was built, the SBOM what is inside. Both are
        parts of the image, and none of them contains a secret, since the build is given none.

        Source: Docker documentation, "Build attestations" and "Image and registry exporters".
        """
        self._ensure_builder()
        with tempfile.TemporaryDirectory() as directory:
            metadata = Path(directory) / "metadata.json"
            self._run(
                "buildx",
                "build",
                f"--builder={_BUILDER}",
                f"--platform={PLATFORM}",
                "--pull",
                "--provenance=mode=max",
                "--sbom=true",
                f"--build-arg=VERSION={tree.service.version}",
                f"--build-arg=REVISION={tree.commit}",
                f"--build-arg=SOURCE={source}",
                f"--output=type=image,name={target.url},push-by-digest=true,name-canonical=true,push=true",
                f"--metadata-file={metadata}",
                str(tree.service.directory),
            )
            digest = json.loads(metadata.read_text(encoding="utf-8")).get("containerimage.digest", "")
        if not digest:
            raise _failed("buildx build", "it reported no digest")
        return digest

    def copy(self, digest: str, source: ImageRepository, target: ImageRepository, *, tag: str) -> None:
        """Copies an image with everything in it: the copy has the same digest.

        Source: Docker documentation, "docker buildx imagetools create": one source is copied as it is.
        """
        self._ensure_builder()
        self._run(
            "buildx",
            "imagetools",
            "create",
            f"--builder={_BUILDER}",
            f"--tag={target.url}:{tag}",
            f"{source.url}@{digest}",
        )

    def _ensure_builder(self) -> None:
        try:
            self._run("buildx", "inspect", _BUILDER)
        except PlatformError:
            self._run("buildx", "create", f"--name={_BUILDER}", "--driver=docker-container")

    def _run(self, *arguments: str, stdin: str | None = None) -> None:
        run_docker(arguments, self.variables, stdin=stdin)


@contextmanager
def docker_for(repositories: Sequence[ImageRepository]) -> Iterator[Docker]:
    """Raises BadInput: `docker-missing`. PlatformError: `docker-failed`."""
    with tempfile.TemporaryDirectory() as directory:
        variables = {**os.environ, "DOCKER_CONFIG": directory}
        signed_in: set[str] = set()
        for one in repositories:
            if one.host not in signed_in:
                login = one.login()
                run_docker(
                    ("login", f"--username={login.user}", "--password-stdin", one.host),
                    variables,
                    stdin=login.password,
                )
                signed_in.add(one.host)
        yield Docker(variables=variables)


def run_docker(arguments: Sequence[str], variables: dict[str, str], *, stdin: str | None = None) -> None:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            env=variables,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise BadInput(
            "docker-missing",
            "docker is not installed, and building an image needs it",
            at="PATH",
            hint="install docker with buildx, or let the pipeline build the image",
        ) from error
    if done.returncode != 0:
        if arguments[:2] != ("buildx", "inspect"):
            sys.stderr.write("\n".join(done.stderr.splitlines()[-_SHOWN_LINES:]) + "\n")
        raise _failed(" ".join(arguments[:2]), _last_line(done.stderr or done.stdout))


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _failed(what: str, why: str) -> PlatformError:
    return PlatformError(
        "docker-failed",
        f"docker {what} failed: {why}",
        at="docker",
        hint="docker info shows whether docker runs; the lines above are the end of its output",
    )

"""What the platform requires of the Dockerfile of a service, checked without a builder.

Each rule refuses something that would otherwise fail later or not at all: a pod that the API server or the kubelet
rejects, a process that never gets SIGTERM, an image that is another one tomorrow, a secret that everybody can read who
may pull the image.
"""

from __future__ import annotations

import re
from pathlib import Path

from shared.errors import BadInput
from tooling.images.dockerfile_parsing import Instruction, Stage, expanded, instructions, stages
from tooling.paths import REPOSITORY

VERSION_LABEL = "org.opencontainers.image.version"

_SECRET = re.compile(r"(?i)(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)")
_NO_SECRET = re.compile(r"(?i)(?:^|_)(?:public|file|version)(?:_|$)")
"""Both as in BuildKit's rule SecretsUsedInArgOrEnv."""
_BUILDING = ("ADD", "ARG", "COPY", "FROM", "ONBUILD", "RUN", "SHELL", "WORKDIR")
_OF_THE_IMAGE = (
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
)
_KNOWN = frozenset((*_BUILDING, *_OF_THE_IMAGE))


def check_dockerfile(path: Path) -> None:
    """Raises:
    BadInput: `dockerfile-missing`, `dockerfile-invalid`, `dockerfile-without-user`, `dockerfile-base-unpinned`,
        `dockerfile-shell-form`, `dockerfile-secret`, `dockerfile-without-version`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(
            "dockerfile-missing",
            "the service has no Dockerfile",
            at=_shown(path),
            hint="copy the one of applications/demo/service/ and change what differs",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, 1, "it cannot be read as UTF-8 text") from error
    found = instructions(text)
    for each in found:
        if each.name not in _KNOWN:
            raise _invalid(path, each.line, f"there is no instruction {each.name[:40]!r}")
    made = stages(found)
    if not made:
        raise _invalid(path, 1, "it has no FROM")
    _check_user(path, made)
    _check_base_images(path, made)
    _check_entry_point(path, _final(made))
    _check_secrets(path, found)
    _check_label(path, _final(made))


def _check_user(path: Path, made: list[Stage]) -> None:
    final = _final(made)
    users = [each for stage in final for each in stage.all("USER")]
    wanted = "USER 65532:65532"
    if not users:
        raise BadInput(
            "dockerfile-without-user",
            "the Dockerfile sets no user, and an image that runs as root is rejected in tenants' namespaces",
            at=f"{_shown(path)}:{made[-1].line}",
            hint=f"write `{wanted}` in its last stage",
        )
    values = {
        name: value for stage in final for each in stage.all("ARG", "ENV") for name, value in each.pairs().items()
    }
    user = expanded(users[-1].value, values).partition(":")[0].strip()
    if not user.isdigit() or int(user) == 0:
        why = (
            "is root"
            if user in ("root", "0")
            else "is a name: the kubelet cannot tell that it is not root, and refuses"
        )
        raise BadInput(
            "dockerfile-without-user",
            f"the user {user!r} {why}",
            at=f"{_shown(path)}:{users[-1].line}",
            hint=f"write a number other than 0, such as `{wanted}`",
        )


def _check_base_images(path: Path, made: list[Stage]) -> None:
    names: set[str] = {str(number) for number in range(len(made))} | {"scratch"}
    for stage in made:
        own = [(stage.base, stage.line)]
        own += [(image, each.line) for each in stage.instructions for image in _copied_from(each)]
        for image, line in own:
            tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
            pinned = re.search(r"@sha256:[0-9a-f]{64}$", image) is not None
            if image.lower() in names or (pinned and tag and tag != "latest"):
                continue
            raise BadInput(
                "dockerfile-base-unpinned",
                f"the image {image!r} is not pinned by a tag other than `latest` and a digest, so that the same "
                "Dockerfile builds another image tomorrow",
                at=f"{_shown(path)}:{line}",
                hint=f"docker buildx imagetools inspect {image.partition('@')[0]}\n"
                "then write the image as name:tag@sha256:…",
            )
        if stage.name:
            names.add(stage.name)


def _check_entry_point(path: Path, final: list[Stage]) -> None:
    for each in final[-1].all("ENTRYPOINT", "CMD"):
        if not each.is_exec_form:
            raise BadInput(
                "dockerfile-shell-form",
                f"{each.name} starts a shell, which does not pass SIGTERM on to the service, and which a distroless "
                "image does not have",
                at=f"{_shown(path)}:{each.line}",
                hint=f'write it as a list: {each.name} ["program", "argument"]',
            )


def _check_secrets(path: Path, found: list[Instruction]) -> None:
    for each in found:
        if each.name not in ("ARG", "ENV"):
            continue
        for name in each.pairs():
            if _SECRET.search(name) and not _NO_SECRET.search(name):
                raise BadInput(
                    "dockerfile-secret",
                    f"{each.name} {name} looks like a secret, and everybody who may pull the image can read it",
                    at=f"{_shown(path)}:{each.line}",
                    hint="for the build: RUN --mount=type=secret; for the service: a Secret of the namespace",
                )


def _check_label(path: Path, final: list[Stage]) -> None:
    labels = [name for stage in final for each in stage.all("LABEL") for name in each.pairs()]
    if VERSION_LABEL not in labels:
        raise BadInput(
            "dockerfile-without-version",
            f"the image has no label {VERSION_LABEL}, so that a running pod does not show which release it is",
            at=f"{_shown(path)}:{final[-1].line}",
            hint=f'write in its last stage: ARG VERSION, then LABEL {VERSION_LABEL}="${{VERSION}}"',
        )


def _final(made: list[Stage]) -> list[Stage]:
    """The last stage, after the stages that it is built on."""
    chain = [made[-1]]
    while True:
        earlier = made[: made.index(chain[0])]
        below = next((stage for stage in earlier if stage.name and stage.name == chain[0].base.lower()), None)
        if below is None:
            return chain
        chain.insert(0, below)


def _copied_from(each: Instruction) -> list[str]:
    """Images that an instruction reads files of."""
    if each.name in ("COPY", "ADD"):
        return [flag.partition("=")[2] for flag in each.flags if flag.startswith("--from=")]
    mounts = [flag.partition("=")[2].split(",") for flag in each.flags if flag.startswith("--mount=")]
    return [option.partition("=")[2] for mount in mounts for option in mount if option.startswith("from=")]


def _invalid(path: Path, line: int, why: str) -> BadInput:
    return BadInput(
        "dockerfile-invalid",
        f"the Dockerfile cannot be built: {why}",
        at=f"{_shown(path)}:{line}",
        hint="see the Dockerfile reference of Docker's documentation, or run `docker build --check` in its directory",
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path)

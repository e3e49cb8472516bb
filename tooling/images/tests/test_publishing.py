"""An application's image: built once per tree, with several tags, and the same digest in every environment.

ECR is the emulated one, over HTTP. The build itself is not: a stand-in for docker takes its place, since no container
runtime is needed to decide whether, from what and under which names an image is built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.errors import BadInput, PlatformError, Refused
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.images import publishing, selection
from tooling.images.publishing import Published, publish
from tooling.paths import REPOSITORY
from tooling.runner import graph
from tooling.runner.graph import StackId

pytestmark = pytest.mark.process

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
SERVICE = "applications/demo/service"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("aws")) as running:
        yield running


@dataclass
class Clone:
    """A repository with the demo's service and stack file, its image repositories, and a docker."""

    path: Path
    ecr: Any
    log: Path

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, capture_output=True, text=True, check=True
        ).stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.path / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def publish(self, environment: str = "dev") -> Published:
        return publish(stack(environment), say=lambda _: None)

    def commands(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def ran(self) -> list[str]:
        """Commands that move an image."""
        return [one[1] for one in self.commands() if one[1:2] in (["build"], ["imagetools"])]

    def tags(self, environment: str = "dev") -> dict[str, set[str]]:
        images = self.ecr.describe_images(repositoryName=f"tenant-a/demo-{environment}")["imageDetails"]
        return {image["imageDigest"]: set(image.get("imageTags", ())) for image in images}


def stack(environment: str = "dev") -> StackId:
    return StackId(
        tier="applications",
        project="demo",
        stack=environment,
        directory="applications/demo",
        environment=environment,
        tenant="tenant-a",
    )


@pytest.fixture
def clone(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    emulator.empty()
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PLATFORM_ACCOUNT_ID": ACCOUNT,
        "FAKE_DOCKER_LOG": str(tmp_path / "docker.log"),
    }.items():
        monkeypatch.setenv(name, value)
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = Path(__file__).with_name("fake_docker.py")
    (programs / "docker").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" "$@"\n')
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    path = tmp_path / "clone"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", SERVICE, "applications/demo/Pulumi.dev.yaml"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes((REPOSITORY / name).read_bytes())
    for module in (graph, publishing):
        monkeypatch.setattr(module, "REPOSITORY", path)
    ecr = emulator.client("ecr")
    for environment in ("dev", "staging"):
        ecr.create_repository(repositoryName=f"tenant-a/demo-{environment}", imageTagMutability="IMMUTABLE")
    made = Clone(path, ecr, tmp_path / "docker.log")
    made.git("init", "--quiet")
    made.commit()
    return made


def new_version(clone: Clone, version: str) -> None:
    clone.edit(f"{SERVICE}/pyproject.toml", 'version = "1.0.0"', f'version = "{version}"')


def test_an_image_is_built_once_with_tags_for_its_tree_its_commit_and_its_version(clone: Clone) -> None:
    commit = clone.git("rev-parse", "HEAD")
    published = clone.publish()
    assert (published.how, published.url) == ("built", f"{REGISTRY}/tenant-a/demo-dev")
    tree, *others = published.tags
    assert others == [commit, "v1.0.0"]
    assert clone.tags() == {published.digest: {tree, commit, "v1.0.0"}}
    assert clone.publish() == Published(digest=published.digest, url=published.url, tags=published.tags, how="found")
    assert clone.ran() == ["build"]


def test_a_changed_service_is_noticed(clone: Clone) -> None:
    """A fault of the tool before: changes of a Dockerfile or of the code did not reach the cluster."""
    first = clone.publish()
    clone.edit(f"{SERVICE}/Dockerfile", "EXPOSE 8080", "EXPOSE 8081")
    new_version(clone, "1.0.1")
    clone.commit()
    second = clone.publish()
    assert (second.how, second.digest != first.digest) == ("built", True)
    assert [sorted(tag for tag in tags if tag.startswith("v")) for tags in clone.tags().values()] == [
        ["v1.0.0"],
        ["v1.0.1"],
    ]


def test_a_commit_that_does_not_change_the_service_gets_the_image_that_exists(clone: Clone) -> None:
    """A fault of the tool before: an image had one tag only."""
    first = clone.publish()
    (clone.path / "README.md").write_text("more")
    commit = clone.commit()
    again = clone.publish()
    assert (again.how, again.digest) == ("found", first.digest)
    assert clone.tags() == {first.digest: {*first.tags, commit}}
    assert clone.ran() == ["build"]


def test_responses_change_without_a_new_image_and_versions_without_new_responses(clone: Clone) -> None:
    """A fault of the tool before: version and responses could be updated together only."""
    first = clone.publish()
    file = "applications/demo/Pulumi.dev.yaml"
    (clone.path / file).write_text((clone.path / file).read_text() + "  demo:root_response: Hello\n")
    clone.commit()
    assert clone.publish().digest == first.digest
    new_version(clone, "2.0.0")
    clone.commit()
    second = clone.publish()
    assert second.digest != first.digest
    before = (clone.path / file).read_text()
    assert selection.select_image(stack(), second.digest) == file
    after = (clone.path / file).read_text()
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        f"  demo:image_digest: {second.digest}"
    ]
    assert "  demo:root_response: Hello\n" in after


def test_a_version_names_one_image_for_ever(clone: Clone) -> None:
    first = clone.publish()
    clone.edit(f"{SERVICE}/demo_service/__init__.py", '"""', '""" ')
    clone.commit()
    with pytest.raises(Refused) as refused:
        clone.publish()
    assert refused.value.code == "image-tag-taken"
    assert f"tenant-a/demo-dev:v1.0.0 is image {first.digest}" in refused.value.what
    assert "set a new version in applications/demo/service/pyproject.toml" in refused.value.hint
    assert clone.ran() == ["build"], "nothing is built for a name that it cannot get"
    assert set(clone.tags()) == {first.digest}


def test_the_next_environment_gets_the_same_digest(clone: Clone) -> None:
    with pytest.raises(Refused) as refused:
        clone.publish("staging")
    assert (refused.value.code, refused.value.hint) == ("image-not-promoted", "deploy this commit to dev first")
    first = clone.publish()
    promoted = clone.publish("staging")
    assert (promoted.how, promoted.digest) == ("copied", first.digest)
    assert clone.tags("staging") == {first.digest: set(first.tags)}
    assert clone.publish("staging").how == "found"
    assert clone.ran() == ["build", "imagetools"]


def test_a_build_attests_where_it_comes_from_and_gets_no_secret(clone: Clone) -> None:
    clone.publish()
    (build,) = [one for one in clone.commands() if one[1] == "build"]
    assert {"--provenance=mode=max", "--sbom=true", "--platform=linux/amd64", "--pull"} <= set(build)
    assert not [one for one in build if one.startswith(("--secret", "--ssh"))]
    given = dict(one.removeprefix("--build-arg=").split("=", 1) for one in build if one.startswith("--build-arg="))
    assert given == {"VERSION": "1.0.0", "REVISION": clone.git("rev-parse", "HEAD"), "SOURCE": ""}


def test_the_registrys_password_is_on_no_command_line_and_in_no_file_afterwards(clone: Clone, tmp_path: Path) -> None:
    clone.publish()
    password = f"{ACCOUNT}-auth-token"
    assert ["login", "--username=AWS", "--password-stdin", REGISTRY] in clone.commands()
    assert password not in clone.log.read_text()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert [path for path in files if password.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (f"{SERVICE}/demo_service/new.py", "x = 1\n"),
        (f"{SERVICE}/README.md", "changed\n"),
    ],
    ids=["untracked", "modified"],
)
def test_what_is_not_committed_is_not_published(clone: Clone, path: str, change: str) -> None:
    (clone.path / path).write_text(change)
    with pytest.raises(BadInput) as refused:
        clone.publish()
    assert (refused.value.code, refused.value.at) == ("service-uncommitted", path)
    assert clone.ran() == []


def test_an_application_without_a_service_has_no_image_to_build(clone: Clone) -> None:
    (clone.path / SERVICE / "pyproject.toml").unlink()
    clone.commit()
    with pytest.raises(BadInput) as refused:
        clone.publish()
    assert (refused.value.code, refused.value.at) == ("service-missing", SERVICE)


def test_a_repository_that_is_not_there_is_named_with_the_file_that_creates_it(clone: Clone) -> None:
    clone.ecr.delete_repository(repositoryName="tenant-a/demo-dev")
    with pytest.raises(BadInput) as refused:
        clone.publish()
    assert (refused.value.code, refused.value.at) == (
        "repository-undeployed",
        "tenants/catalog/tenant-a.yaml, repositories",
    )
    assert refused.value.hint.endswith("make tenants-up STACK=dev TENANT=tenant-a")


def test_a_dockerfile_that_the_platform_refuses_is_not_built(clone: Clone) -> None:
    clone.edit(f"{SERVICE}/Dockerfile", "USER 65532:65532\n", "USER root\n")
    clone.commit()
    with pytest.raises(BadInput) as refused:
        clone.publish()
    assert refused.value.code == "dockerfile-without-user"
    assert clone.ran() == []


def test_a_failed_build_says_why_and_leaves_no_tag(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_DOCKER_FAILS", "build")
    with pytest.raises(PlatformError) as failed:
        clone.publish()
    assert failed.value.code == "docker-failed"
    assert "docker buildx build failed: ERROR: failed to build: exit code: 1" in failed.value.what
    assert 'process "pip install" did not complete' in capsys.readouterr().err
    assert clone.tags() == {}


def test_without_docker_the_message_says_what_needs_it(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    directory = clone.path.parent / "without-docker"
    directory.mkdir()
    (directory / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(directory))
    with pytest.raises(BadInput) as refused:
        clone.publish()
    assert refused.value.code == "docker-missing"


def test_an_account_that_does_not_answer_is_no_missing_image(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PlatformError) as failed:
        clone.publish()
    assert failed.value.code == "registry-refused"


def test_only_a_digest_is_selected(clone: Clone) -> None:
    with pytest.raises(BadInput) as refused:
        selection.select_image(stack(), "v1.0.0")
    assert refused.value.code == "image-digest-invalid"


def test_the_command_prints_the_digest_and_gives_it_to_the_next_step(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from tooling.images import publish as command

    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setattr("tooling.applications.lookup.application_stack", lambda _name, environment: stack(environment))
    command.image("demo", "dev")
    (digest,) = clone.tags()
    assert capsys.readouterr().out == f"{digest}\n"
    assert (tmp_path / "output").read_text() == f"digest={digest}\n"

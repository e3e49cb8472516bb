"""Dockerfiles of services: BuildKit's linter finds nothing, and each rule of the platform refuses what it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.errors import BadInput
from shared.versions import PYTHON_BUILD_IMAGE, PYTHON_RUNTIME_IMAGE, SERVICE_PYTHON
from shared.workloads import UNPRIVILEGED_USER
from tooling.images.base_images import with_pins
from tooling.images.dockerfile import check_dockerfile
from tooling.images.dockerfile_parsing import instructions, stages
from tooling.images.services import Service, services
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on

each_service = pytest.mark.parametrize("service", services(), ids=lambda service: service.name)

BASE = f"example.com/base:1.0@sha256:{'0' * 64}"
VALID = f"""\
FROM {BASE} AS build
RUN make
FROM {BASE}
COPY --from=build /app /app
ARG VERSION
LABEL org.opencontainers.image.version="$VERSION"
USER 1000
ENTRYPOINT ["/app"]
"""


@pytest.fixture(scope="module")
def buildkit() -> Path:
    ensure(progress_on(), ["dockerfile-check"])
    return binary("dockerfile-check")


def checked(buildkit: Path, dockerfile: Path, **arguments: str) -> dict[str, Any]:
    """What BuildKit says of a Dockerfile, and makes of it."""
    given = [f"{name}={value}" for name, value in arguments.items()]
    done = subprocess.run([str(buildkit), str(dockerfile), *given], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.process
@each_service
def test_buildkits_linter_finds_nothing(buildkit: Path, service: Service) -> None:
    answer = checked(buildkit, service.directory / "Dockerfile", VERSION=service.version)
    assert answer["warnings"] == []
    assert "error" not in answer


@pytest.mark.process
@each_service
def test_buildkit_makes_an_image_that_runs_as_the_pods_do(buildkit: Path, service: Service) -> None:
    config = checked(buildkit, service.directory / "Dockerfile", VERSION=service.version, REVISION="abc")["config"]
    assert config["User"] == f"{UNPRIVILEGED_USER}:{UNPRIVILEGED_USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.version"] == service.version
    assert config["Labels"]["org.opencontainers.image.revision"] == "abc"
    assert f"SERVICE_VERSION={service.version}" in config["Env"]
    assert "PYTHONDONTWRITEBYTECODE=1" in config["Env"]
    assert config["Entrypoint"][0].startswith("/")


@pytest.mark.process
def test_the_demos_image_starts_the_service_as_the_tests_do(buildkit: Path) -> None:
    (demo,) = (service for service in services() if service.name == "demo-service")
    config = checked(buildkit, demo.directory / "Dockerfile", VERSION="1.0.0")["config"]
    assert config["Entrypoint"] == ["/usr/bin/python3", "-m", "demo_service"]
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert "Cmd" not in config


@pytest.mark.process
@each_service
@pytest.mark.parametrize(("right", "wrong", "rule"), [("ENTRYPOINT [", "ENTRYPOINT python ", "JSONArgsRecommended")])
def test_buildkits_linter_finds_what_is_wrong(
    buildkit: Path, tmp_path: Path, service: Service, right: str, wrong: str, rule: str
) -> None:
    text = (service.directory / "Dockerfile").read_text()
    assert right in text
    (tmp_path / "Dockerfile").write_text(text.replace(right, wrong) + "ENV DATABASE_PASSWORD=x\n")
    rules = {warning["rule"] for warning in checked(buildkit, tmp_path / "Dockerfile")["warnings"]}
    assert rules == {rule, "SecretsUsedInArgOrEnv"}


@pytest.mark.process
@pytest.mark.parametrize(
    "text",
    [
        VALID,
        '# comment\n\nfrom a\n  run x \\\n\n# between\n   y\\\nz\nCMD ["a"]\n',
        "# escape=`\nFROM a\nRUN x `\n y\nRUN dir c:\\\nUSER b\n",
        "FROM a\nRUN <<EOF\nUSER root\nFROM b\nEOF\nCOPY <<-'one' <<two /x/\n\tone\none\n\tone\nUSER x\ntwo\nUSER y\n",
        'FROM a\nRUN cat <<<EOF\nRUN echo "a <<EOF"\nRUN ["x", "<<EOF"]\nRUN 3<<EOF x\nUSER root\nEOF\nUSER y\n',
        'FROM a\nENV A=b \\\n    C=d\nLABEL "x"="y z"\r\nUSER c\r\n',
    ],
    ids=["valid", "comments", "escape", "heredoc", "no-heredoc", "windows"],
)
def test_a_dockerfile_is_read_as_buildkit_reads_it(buildkit: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "Dockerfile").write_bytes(text.encode())
    expected = [(each["name"], each["line"]) for each in checked(buildkit, tmp_path / "Dockerfile")["instructions"]]
    assert len(expected) > 2
    assert [(each.name, each.line) for each in instructions(text)] == expected


@pytest.mark.process
def test_secrets_are_recognized_as_buildkit_recognizes_them(buildkit: Path, tmp_path: Path) -> None:
    names = [
        *("PASSWORD", "DB_PASSWORD", "github_token", "SECRET_MESSAGE", "AUTH", "APIKEY", "SSH_KEY", "AWS_CREDENTIALS"),
        *("PUBLIC_KEY", "KEY_FILE", "TOKEN_VERSION", "KEYBOARD", "AUTHOR", "MONKEY", "VERSION", "PYTHONPATH"),
    ]
    seen = set()
    for name in names:
        dockerfile = tmp_path / "Dockerfile"
        dockerfile.write_text(VALID + f"ENV {name}=x\n")
        rules = [warning["rule"] for warning in checked(buildkit, dockerfile)["warnings"]]
        try:
            check_dockerfile(dockerfile)
            refused = False
        except BadInput as error:
            refused = error.code == "dockerfile-secret"
        assert refused == ("SecretsUsedInArgOrEnv" in rules), name
        seen.add(refused)
    assert seen == {True, False}


@each_service
def test_the_platform_accepts_every_dockerfile_of_its_own(service: Service) -> None:
    check_dockerfile(service.directory / "Dockerfile")


def test_a_dockerfile_that_breaks_no_rule_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(VALID)
    check_dockerfile(tmp_path / "Dockerfile")


@pytest.mark.parametrize(
    ("right", "wrong", "code", "line", "says"),
    [
        ("USER 1000\n", "", "dockerfile-without-user", 3, "sets no user"),
        ("USER 1000", "USER root", "dockerfile-without-user", 7, "'root' is root"),
        ("USER 1000", "USER 0:1000", "dockerfile-without-user", 7, "'0' is root"),
        ("USER 1000", "USER nonroot", "dockerfile-without-user", 7, "'nonroot' is a name"),
        ("USER 1000", "ARG ID=0\nUSER ${ID}", "dockerfile-without-user", 8, "'0' is root"),
        ("USER 1000", "USER 1000\nUSER root", "dockerfile-without-user", 8, "'root' is root"),
        (f"FROM {BASE}\n", "FROM example.com/base:1.0\n", "dockerfile-base-unpinned", 3, "'example.com/base:1.0'"),
        (
            f"FROM {BASE}\n",
            f"FROM base:latest@sha256:{'0' * 64}\n",
            "dockerfile-base-unpinned",
            3,
            "by a tag other than `latest`",
        ),
        (f"FROM {BASE} AS build", "ARG B=base\nFROM $B AS build", "dockerfile-base-unpinned", 2, "'base'"),
        ("--from=build", "--from=busybox:1", "dockerfile-base-unpinned", 4, "'busybox:1'"),
        ("RUN make", "RUN --mount=type=bind,from=busybox:1 make", "dockerfile-base-unpinned", 2, "'busybox:1'"),
        ('ENTRYPOINT ["/app"]', "ENTRYPOINT /app", "dockerfile-shell-form", 8, "ENTRYPOINT starts a shell"),
        ('ENTRYPOINT ["/app"]', "CMD ['/app']", "dockerfile-shell-form", 8, "CMD starts a shell"),
        ("ARG VERSION", "ARG VERSION GITHUB_TOKEN", "dockerfile-secret", 5, "ARG GITHUB_TOKEN"),
        ("USER 1000", "ENV A=b DB_PASSWORD=c\nUSER 1000", "dockerfile-secret", 7, "ENV DB_PASSWORD"),
        ("image.version", "image.title", "dockerfile-without-version", 3, "no label org.opencontainers.image.version"),
        ("USER 1000", "USR 1000", "dockerfile-invalid", 7, "there is no instruction 'USR'"),
        (VALID, "# nothing\n", "dockerfile-invalid", 1, "it has no FROM"),
    ],
)
def test_a_wrong_dockerfile_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, code: str, line: int, says: str
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    assert VALID.count(right) >= 1
    dockerfile.write_text(VALID.replace(right, wrong))
    with pytest.raises(BadInput) as refused:
        check_dockerfile(dockerfile)
    assert refused.value.code == code
    assert refused.value.at == f"{dockerfile}:{line}"
    assert says in refused.value.what
    assert refused.value.hint


def test_a_service_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        check_dockerfile(tmp_path / "Dockerfile")
    assert refused.value.code == "dockerfile-missing"
    (tmp_path / "Dockerfile").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput) as refused:
        check_dockerfile(tmp_path / "Dockerfile")
    assert refused.value.code == "dockerfile-invalid"


def test_a_user_of_an_earlier_stage_counts_only_where_the_last_stage_is_built_on_it(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(VALID.replace("RUN make", "USER 1000").replace("USER 1000\nENTRY", "ENTRY"))
    with pytest.raises(BadInput) as refused:
        check_dockerfile(dockerfile)
    assert refused.value.code == "dockerfile-without-user"
    dockerfile.write_text(dockerfile.read_text().replace(f"FROM {BASE}\n", "FROM build\n"))
    check_dockerfile(dockerfile)


def test_the_pinned_base_images_are_written_into_a_dockerfile_and_nothing_else_changes() -> None:
    text = "ARG PYTHON_RUNTIME_IMAGE=old\nARG OTHER_IMAGE=x\nFROM ${PYTHON_RUNTIME_IMAGE}\n"
    assert with_pins(text) == text.replace("old", PYTHON_RUNTIME_IMAGE.value)


def test_packages_are_installed_and_run_by_the_same_minor_of_python() -> None:
    assert f"/python:{SERVICE_PYTHON.value}-" in PYTHON_BUILD_IMAGE.value
    # Debian 13 is trixie; its python3 is 3.13.
    assert "-trixie@" in PYTHON_BUILD_IMAGE.value
    assert "/python3-debian13:" in PYTHON_RUNTIME_IMAGE.value


@pytest.mark.process
@each_service
def test_a_build_with_another_version_than_the_trees_fails(service: Service, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((service.directory / "pyproject.toml").read_bytes())
    build = stages(instructions((service.directory / "Dockerfile").read_text()))[0]
    (run,) = [each for each in build.all("RUN") if "VERSION" in each.value]

    def built(**arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *json.loads(run.value)[1:]]
        return subprocess.run(command, cwd=tmp_path, env=arguments, capture_output=True, text=True)

    assert built(VERSION=service.version).returncode == 0
    for wrong in ({"VERSION": "9.9.9"}, {}):
        done = built(**wrong)
        assert done.returncode == 1
        given = wrong.get("VERSION")
        assert done.stderr == f"--build-arg VERSION={service.version} is wanted, not {given}\n"


@each_service
def test_the_build_context_is_what_the_dockerfile_copies(service: Service) -> None:
    """A change of tests or pages then changes neither the context nor the image."""
    copied = {
        word.removesuffix("/")
        for stage in stages(instructions((service.directory / "Dockerfile").read_text()))
        for each in stage.all("COPY")
        if not any(flag.startswith("--from=") for flag in each.flags)
        for word in each.value.split()[:-1]
    }
    ignored = [line for line in (service.directory / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert ignored[0] == "*"
    assert {line[1:].removesuffix("/") for line in ignored if line.startswith("!")} == copied
    assert all((service.directory / name).exists() for name in copied)

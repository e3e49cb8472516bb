"""Programs are taken from PATH if they fit, else built once for all clones; obstacles are reported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.errors import PlatformError, Refused
from tooling.lane import binaries, go_build, hosts
from tooling.lane.binaries import binary, ensure
from tooling.lane.go_build import GoModule, scrub
from tooling.lane.locks import hold
from tooling.lane.processes import end
from tooling.lane.program_table import Program
from tooling.lane.tests.conftest import RecordedProgress
from tooling.paths import REPOSITORY

SYSTEM_PATH = "/usr/bin:/bin"


def put_program(directory: Path, name: str, says: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Go keeps its own cache: only ours is empty.
    monkeypatch.setenv("GOCACHE", go_environment("GOCACHE"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "eks-platform" / "bin"


def go_environment(name: str) -> str:
    return subprocess.run(["go", "env", name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def one_program(tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go module of one small program, in place of the lane's own, which take minutes."""
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module platform.test/hello\n\ngo 1.25.0\n")
    (module / "go.sum").touch()
    (module / "main.go").write_text(
        'package main\n\nvar version = "none"\n\nfunc main() { println("hello", version) }\n'
    )
    monkeypatch.setattr(binaries, "MODULES", {"hello": GoModule(module, "-X main.version=v1.2.3")})
    monkeypatch.setattr(binaries, "TITLES", {"hello": "building hello"})
    program = Program("hello", "platform.test/hello", "hello", "--version", lambda _: False)
    monkeypatch.setattr(binaries, "PROGRAMS", {"hello": program})
    return module


@pytest.mark.parametrize(
    ("name", "says", "fits"),
    [
        ("pulumi", "v3.259.0", True),
        ("pulumi", "v3.300.1", True),
        ("pulumi", "v3.258.9", False),
        ("pulumi", "v4.0.0", False),
        ("pulumi", "", False),
        ("kube-apiserver", "Kubernetes v1.35.0", True),
        ("kube-apiserver", "Kubernetes v1.36.0", False),
        ("kube-scheduler", "Kubernetes v1.34.9", False),
        ("etcd", "etcd Version: 3.6.0", True),
        ("etcd", "etcd Version: 3.5.21", False),
        ("kwokctl", "kwokctl version v0.8.0", True),
        ("kwok", "kwok version v0.8.1", False),
    ],
)
def test_a_program_on_path_is_used_only_if_its_version_fits(
    name: str, says: str, fits: bool, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = put_program(tmp_path / "bin", name, says)
    monkeypatch.setenv("PATH", f"{on_path.parent}:{SYSTEM_PATH}")
    if fits:
        assert binary(name) == on_path
    else:
        with pytest.raises(PlatformError) as caught:
            binary(name)
        assert caught.value.code == "program-missing"
        assert caught.value.hint == "tiers local up"


def test_kubectl_and_aws_come_from_this_python_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(tmp_path / "bin", "kubectl", "v1.2.3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{SYSTEM_PATH}")
    for name in ("kubectl", "aws"):
        assert binary(name) == Path(sys.executable).parent / name


def test_a_program_is_built_stamped_and_found_again(one_program: Path, progress: RecordedProgress) -> None:
    ensure(progress)
    answer = subprocess.run([str(binary("hello"))], capture_output=True, text=True, check=True)
    assert answer.stderr == "hello v1.2.3\n"
    assert progress.titles == ["building hello"]
    ensure(progress)
    assert progress.titles == ["building hello"], "built twice"


def test_progress_counts_every_package_that_was_compiled(
    one_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progress: RecordedProgress
) -> None:
    for name in ("one", "two"):
        (one_program / name).mkdir()
        (one_program / name / "it.go").write_text(
            f"package {name}\n\nconst It = {str(tmp_path)!r:s}\n".replace("'", '"')
        )
    (one_program / "main.go").write_text(
        "package main\n\n"
        'import (\n"platform.test/hello/one"\n"platform.test/hello/two"\n)\n\n'
        "func main() { println(one.It + two.It) }\n"
    )
    ensure(progress)
    assert progress.totals[-1] == 3
    assert progress.counts[-1] == 3


def test_another_pin_is_another_program(one_program: Path, progress: RecordedProgress) -> None:
    ensure(progress)
    before = binary("hello")
    (one_program / "go.sum").write_text("example.test/m v1.0.0 h1:AAAA=\n")
    with pytest.raises(PlatformError):
        binary("hello")
    ensure(progress)
    assert binary("hello") != before


def test_a_comment_in_go_mod_is_no_reason_to_build_again(one_program: Path, progress: RecordedProgress) -> None:
    ensure(progress)
    (one_program / "go.mod").write_text("// Why it is so.\n" + (one_program / "go.mod").read_text())
    assert binary("hello").exists()


def test_a_built_program_is_found_after_go_has_gone(
    one_program: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ensure(progress)
    built = binary("hello")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary("hello") == built
    ensure(progress)


def test_the_users_goflags_are_kept(
    one_program: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one_program / "tagged.go").write_text('//go:build chosen\n\npackage main\n\nfunc init() { version = "chosen" }\n')
    monkeypatch.setenv("GOFLAGS", "-tags=chosen")
    ensure(progress)
    answer = subprocess.run([str(binary("hello"))], capture_output=True, text=True, check=True)
    assert answer.stderr == "hello chosen\n"


def test_a_foreign_target_in_the_environment_does_not_matter(
    one_program: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOARCH", "386")
    monkeypatch.setenv("GOWORK", "/nowhere/go.work")
    ensure(progress)
    assert subprocess.run([str(binary("hello"))], capture_output=True).returncode == 0


def test_a_second_builder_waits_and_says_for_whom(
    one_program: Path, empty_cache: Path, progress: RecordedProgress
) -> None:
    waiting = threading.Thread(target=ensure, args=(progress,))
    with hold(empty_cache / "lock", "tiers local up (the other one)", waiting=pytest.fail):
        waiting.start()
        while not progress.notes:
            time.sleep(0.01)
        assert progress.titles == []
    waiting.join()
    assert f"`tiers local up (the other one)` (process {os.getpid()})" in progress.notes[0]
    assert binary("hello").exists()


def test_a_build_that_was_killed_is_taken_up_again(
    one_program: Path, empty_cache: Path, tmp_path: Path, progress: RecordedProgress
) -> None:
    waiting = tmp_path / "waiting"
    slow = put_program(tmp_path / "tools", "slow", "")
    slow.write_text(f'#!/bin/sh\ncase "$2" in -V*) exec "$@";; esac\ntouch {waiting}\nexec sleep 86399\n')
    script = tmp_path / "build.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tooling.lane import binaries\n"
        "from tooling.lane.go_build import GoModule\n"
        "from tooling.lane.program_table import Program\n"
        "from tooling.lane.progress import progress_on\n"
        f"binaries.MODULES = {{'hello': GoModule(Path({str(one_program)!r}), '-X main.version=v1.2.3')}}\n"
        "binaries.TITLES = {'hello': 'building hello'}\n"
        "program = Program('hello', 'platform.test/hello', 'hello', '--version', lambda _: False)\n"
        "binaries.PROGRAMS = {'hello': program}\n"
        "binaries.ensure(progress_on())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GOFLAGS": f"-toolexec={slow}"}
    builder = subprocess.Popen([sys.executable, str(script)], env=environment, stderr=subprocess.DEVNULL)
    try:
        while not waiting.exists():
            assert builder.poll() is None
            time.sleep(0.05)
        builder.send_signal(signal.SIGKILL)
        builder.wait()
        assert list(empty_cache.glob("*/hello")) == []
        assert list(empty_cache.glob(".building-*")) != []
    finally:
        end(lambda command: str(empty_cache) in command and command.startswith("go build"), 1)
        end(lambda command: command == "sleep 86399", 0)
    ensure(progress)
    assert binary("hello").exists()
    assert list(empty_cache.glob(".building-*")) == []


def test_what_does_not_compile_is_told_with_the_command_to_see_it_all(
    one_program: Path, progress: RecordedProgress
) -> None:
    (one_program / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "build-failed"
    assert "undefined: nonsense" in caught.value.what
    assert "go build" in caught.value.hint


def test_sources_out_of_reach_are_told_without_naming_the_registry(
    one_program: Path, tmp_path: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one_program / "go.mod").write_text(
        "module platform.test/hello\n\ngo 1.25.0\n\nrequire example.test/absent v1.0.0\n"
    )
    (one_program / "go.sum").write_text(
        "example.test/absent v1.0.0 h1:4mrBGdlqlvhQIFdlnHAkoXRXxm8xEBqBpHbQlOlHO7M=\n"
        "example.test/absent v1.0.0/go.mod h1:4mrBGdlqlvhQIFdlnHAkoXRXxm8xEBqBpHbQlOlHO7M=\n"
    )
    (one_program / "main.go").write_text('package main\n\nimport _ "example.test/absent"\n\nfunc main() {}\n')
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9/registry")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "go-sources-unreachable", str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_no_line_of_gos_output_shows_an_address_or_the_registrys_name() -> None:
    line = "m@v1: reading https://user:word@registry.test/x: lookup registry.test on 10.0.0.1"
    assert scrub(line, ["registry.test"]) == "m@v1: reading <address> lookup <host> on 10.0.0.1"


def test_go_that_is_too_old_and_may_not_fetch_a_newer_one_is_refused(
    one_program: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one_program / "go.mod").write_text("module platform.test/hello\n\ngo 1.999.0\n")
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "go-too-old"
    assert "1.999.0" in caught.value.what
    assert "GOTOOLCHAIN" in caught.value.hint


def test_without_disk_space_nothing_is_compiled(
    one_program: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_build.shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "disk-full"
    assert "0.0 GiB are free, but 1 GiB are needed" in caught.value.what


def test_a_disk_that_becomes_full_on_the_way_is_told_as_such(
    one_program: Path, tmp_path: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = put_program(tmp_path / "tools", "full", "")
    full.write_text('#!/bin/sh\ncase "$2" in -V*) exec "$@";; esac\necho "no space left on device" >&2\nexit 1\n')
    monkeypatch.setenv("GOFLAGS", f"-toolexec={full}")
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "disk-full"


def test_without_go_and_without_programs_the_hint_is_to_install_go(
    tmp_path: Path, empty_cache: Path, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformError) as caught:
        ensure(progress)
    assert caught.value.code == "go-missing"
    assert "kube-apiserver" in caught.value.what
    assert "install Go 1.26.0 or newer" in caught.value.hint
    assert "TIERS_PROGRAMS=release tiers local up" in caught.value.hint


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64"), ("FreeBSD", "amd64")])
def test_a_machine_the_lane_does_not_run_on_is_refused_by_name(
    system: str, machine: str, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts.platform, "system", lambda: system)
    monkeypatch.setattr(hosts.platform, "machine", lambda: machine)
    with pytest.raises(Refused) as caught:
        ensure(progress)
    assert caught.value.code == "host-unsupported"
    assert f"{system} on {machine.lower()}" in caught.value.what

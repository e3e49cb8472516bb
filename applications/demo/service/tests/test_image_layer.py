"""The directory that the image contains, put together as its Dockerfile says, runs alone.

There is no container: the packages are copied from the environment of the tests, which has the versions of
requirements.txt, and Python is the tests' own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from shared.testing.services import RunningService

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def layer(service: Path) -> Iterator[Path]:
    """`/app` of the image: what `requirements.txt` names, and the service."""
    with tempfile.TemporaryDirectory() as made:
        app = Path(made) / "app"
        for name in re.findall(r"^([a-z0-9-]+)==", (service / "requirements.txt").read_text(), re.MULTILINE):
            package = metadata.distribution(name)
            for file in package.files or ():
                if ".." not in file.parts and file.suffix != ".pyc":
                    (app / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(str(package.locate_file(file)), app / file)
        shutil.copytree(service / "demo_service", app / "demo_service", ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", str(app)]
        subprocess.run(command, check=True)
        for path in (Path(made), app, *app.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield app
        for path in (Path(made), app, *app.rglob("*")):
            path.chmod(0o755)


def contents(directory: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(directory.rglob("*"))}


MAY_WRITE_NOTHING = 'ulimit -f 0 && exec "$@"'
"""No byte into any file; pipes and sockets are not files."""


def test_it_runs_alone_and_writes_no_file(layer: Path) -> None:
    before = contents(layer)
    environment = {
        "PYTHONPATH": str(layer),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "SERVICE_VERSION": "7.8.9",
        "HOST": "127.0.0.1",
        "PORT": "0",
        "TMPDIR": "/nonexistent",
        "HOME": "/nonexistent",
    }
    process = subprocess.Popen(
        # -S: without the packages of the environment of the tests, so that a missing one is noticed.
        ["/bin/sh", "-c", MAY_WRITE_NOTHING, "sh", sys.executable, "-S", "-m", "demo_service"],
        cwd=layer,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        running = RunningService(process)
        running.port = running.logged("listening")["port"]
        assert running.get("/").text == "Welcome to the demo"
        assert running.get("/metrics").status == 200
        assert '"releaseId":"7.8.9"' in running.get("/health").text
        process.terminate()
        assert running.ended() == 0
    finally:
        process.kill()
        process.communicate()
    assert contents(layer) == before

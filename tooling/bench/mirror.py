"""A mirror of the release sites on loopback, filled with the programs of this machine, to measure a first run.

Layout, archives and checksums are those of the sites. The engine's archive lacks the other language hosts that Pulumi
releases with it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tooling.lane.releases import Host, Release, release_of

_LEFT_OUT = "#!/bin/sh\n# not on this machine\n"


def fill(directory: Path, host: Host, programs: Callable[[str], Path | None], names: tuple[str, ...]) -> int:
    """Writes the released files that have `names`, and their checksums, to `directory`. Returns their bytes.

    `programs` gives the program of a name; None: it is not there, and a script stands in for it.
    """
    digests: dict[str, str] = {}
    total = 0
    releases = {release.url: release for name in names if (release := release_of(name, host)) is not None}
    for release in releases.values():
        file = directory / release.url.partition("://")[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(release, file, programs)
        total += file.stat().st_size
        with file.open("rb") as content:
            digests[release.file] = hashlib.file_digest(content, "sha256").hexdigest()
    for release in releases.values():
        sums = directory / release.checksums.partition("://")[2]
        sums.parent.mkdir(parents=True, exist_ok=True)
        if "api.github.com" in release.checksums:
            assets = [{"name": name, "digest": f"sha256:{digest}"} for name, digest in digests.items()]
            sums.write_text(json.dumps({"assets": assets}), encoding="utf-8")
        else:
            sums.write_text(f"{digests[release.file]}  {release.file}\n", encoding="utf-8")
    return total


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serves the mirror on loopback; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(directory))) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        del format, args


def _write(release: Release, file: Path, programs: Callable[[str], Path | None]) -> None:
    sources = {path: _source(name, programs, file.parent) for name, path in release.members.items()}
    if "" in sources:
        file.write_bytes(sources[""].read_bytes())
    elif release.file.endswith(".zip"):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, source in sources.items():
                archive.write(source, path)
    else:
        with tarfile.open(file, "w:gz", compresslevel=6) as archive:
            for path, source in sources.items():
                archive.add(source, path)


def _source(name: str, programs: Callable[[str], Path | None], directory: Path) -> Path:
    found = programs(name)
    if found is not None:
        return found
    script = directory / f"{name}.sh"
    script.write_text(_LEFT_OUT, encoding="utf-8")
    script.chmod(0o755)
    return script

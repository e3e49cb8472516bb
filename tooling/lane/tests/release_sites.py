"""The release sites on loopback, with the layout of the real ones, and the faults that real ones have."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tooling.lane.releases import Host, Release, release_of

VERSIONS = {
    "pulumi": "v3.259.0",
    "etcd": "etcd Version: 3.6.5",
    **dict.fromkeys(("kube-apiserver", "kube-controller-manager", "kube-scheduler"), "Kubernetes v1.35.4"),
    "kwok": "kwok version v0.8.0 go1.26.0",
    "kwokctl": "kwokctl version v0.8.0 go1.26.0",
    "helm": 'version.BuildInfo{Version:"v3.22.0"}',
}
"""What each program prints when it is asked."""


def program(name: str) -> bytes:
    """A program that does nothing but report its version. Too long to fit into the buffers of a connection."""
    return f"#!/bin/sh\necho '{VERSIONS.get(name, name)}'\nexit\n".encode() + b"#" * 300_000


@dataclass
class Sites:
    """Files by address without scheme, and what went on."""

    files: dict[str, bytes] = field(default_factory=dict)
    root: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Address and range of each request."""
    statuses: dict[str, list[int]] = field(default_factory=dict)
    """Statuses to answer with, before the file, by address."""
    rate_limited: bool = False
    """Whether those answers say, as GitHub's API does, that no request is left."""
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """Bytes after which the connection is closed, by address; negative: without having said how many there are."""
    ranges: bool = True
    moved: dict[str, str] = field(default_factory=dict)
    """Redirects, by address."""
    authorizations: list[str] = field(default_factory=list)

    def publish(self, release: Release, content: bytes | None = None) -> bytes:
        """Puts a release and its checksum where the project has them. Returns the file."""
        file = archive(release) if content is None else content
        self.files[_address(release.url)] = file
        digest = hashlib.sha256(file).hexdigest()
        sums = _address(release.checksums)
        if "api.github.com" in sums:
            assets = json.loads(self.files.get(sums, b'{"assets": []}'))["assets"]
            assets = [*assets, {"name": release.file, "digest": f"sha256:{digest}"}]
            self.files[sums] = json.dumps({"assets": assets}).encode()
        elif sums.endswith(".sha256"):
            self.files[sums] = digest.encode()
        else:
            self.files[sums] = self.files.get(sums, b"") + f"{digest}  {release.file}\n".encode()
        return file

    def asked_for(self, address: str) -> list[str]:
        """The ranges of the requests for a file."""
        return [span for path, span in self.requests if path == _address(address)]


def publish_all(sites: Sites, host: Host, names: Mapping[str, str] = VERSIONS) -> None:
    releases = (release_of(name, host) for name in names)
    for release in {release.url: release for release in releases if release is not None}.values():
        sites.publish(release)


def archive(release: Release) -> bytes:
    """The release's file with its programs, and with a file that nobody asked for."""
    contents = {path: program(name) for name, path in release.members.items()}
    if "" in contents:
        return contents[""]
    others = {next(iter(contents)).rpartition("/")[0] + "/README.md": b"read me", "../../escaped": b"out"}
    made = io.BytesIO()
    if release.file.endswith(".zip"):
        with zipfile.ZipFile(made, "w") as file:
            for path, content in {**others, **contents}.items():
                file.writestr(path, content)
        return made.getvalue()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        for path, content in {**others, **contents}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _address(url: str) -> str:
    return url.partition("://")[2]


@contextmanager
def release_sites() -> Iterator[Sites]:
    sites = Sites()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            # A proxy is asked for a whole address.
            address = re.sub(r"^https?://[^/]+", "", self.path).lstrip("/")
            span = self.headers.get("Range", "")
            sites.requests.append((address, span))
            if "Authorization" in self.headers:
                sites.authorizations.append(self.headers["Authorization"])
            if sites.statuses.get(address):
                headers = {"X-RateLimit-Remaining": "0"} if sites.rate_limited else {}
                self._head(sites.statuses[address].pop(0), 0, **headers)
            elif address in sites.moved:
                self._head(302, 0, Location=sites.moved[address])
            elif address not in sites.files:
                self._head(404, 0)
            else:
                self._send(address, sites.files[address], span)

        def _send(self, address: str, content: bytes, span: str) -> None:
            size, first = len(content), int(span.removeprefix("bytes=").rstrip("-") or 0) if sites.ranges else 0
            if first >= size > 0 and span and sites.ranges:
                self._head(416, 0, **{"Content-Range": f"bytes */{size}"})
                return
            cuts = sites.cuts.get(address)
            cut = cuts.pop(0) if cuts else None
            length = None if cut is not None and cut < 0 else size - first
            if first:
                self._head(206, length, **{"Content-Range": f"bytes {first}-{size - 1}/{size}"})
            else:
                self._head(200, length)
            body = content[first:]
            self.wfile.write(body if cut is None else body[: abs(cut)])
            if cut is not None:
                self.close_connection = True

        def _head(self, status: int, length: int | None, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if length is None:
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        sites.root = f"http://127.0.0.1:{server.server_port}"
        try:
            yield sites
        finally:
            server.shutdown()
            serving.join()

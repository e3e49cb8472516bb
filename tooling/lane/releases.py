"""The files that the projects release for the lane's programs: addresses, archives and checksums, as data.

Fetches nothing. A program without a row for a machine is not released for it and is built with Go.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from shared.versions import ENGINE, ETCD, HELM, KUBERNETES_PATCH, KWOK

Host = tuple[str, str]
"""System and processor as Go names them, e.g. `("linux", "arm64")`."""

HOSTS: tuple[Host, ...] = (("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64"))

CHECKSUMS = Path(__file__).with_name("release_checksums.json")
"""Pinned SHA-256 by address; `make pins WRITE=1` fills in the rest."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One released file for one kind of machine."""

    title: str
    """Project and version, for messages and directories: `etcd-3.6.5`."""
    url: str
    members: Mapping[str, str]
    """Program to its path in the archive; to an empty path if the file is the program itself."""
    checksums: str
    """Address where the project publishes the file's checksum: in a list as `sha256sum` writes it, alone, or in the
    answer of GitHub's API."""
    megabytes: int
    """Approximate size, for the question before the download. Estimated from the programs that the lane builds: no
    release site could be read when this was written."""

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def site(self) -> str:
        """The host that is asked, e.g. `dl.k8s.io`."""
        return self.url.split("/")[2]

    def directory(self, host: Host) -> str:
        """Name of the directory of its programs in the cache: `etcd-3.6.5-linux-amd64`."""
        return "-".join((self.title, *host))


def release_of(program: str, host: Host) -> Release | None:
    """The released file that has `program` for `host`; None if the project releases none."""
    make = _RELEASES.get(program)
    return make(program, host) if make else None


@functools.cache
def pinned_checksums() -> Mapping[str, str]:
    """SHA-256 by address."""
    return MappingProxyType(json.loads(CHECKSUMS.read_text(encoding="utf-8")))


def _engine(_: str, host: Host) -> Release:
    """Source: pulumi/pulumi, .goreleaser.yml; get.pulumi.com, install.sh."""
    system, processor = host
    base, version = "https://get.pulumi.com/releases/sdk", ENGINE.value
    names = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
    return Release(
        title=f"pulumi-{version}",
        url=f"{base}/pulumi-v{version}-{system}-{'x64' if processor == 'amd64' else processor}.tar.gz",
        # Plain `pulumi` needs the language host and its script beside the engine; the lane itself does not.
        members={name: f"pulumi/{name}" for name in names},
        checksums=f"{base}/pulumi-{version}-checksums.txt",
        megabytes=150,
    )


def _etcd(_: str, host: Host) -> Release:
    """Source: etcd-io/etcd, scripts/build-release.sh; macOS gets a zip."""
    system, processor = host
    base = f"https://github.com/etcd-io/etcd/releases/download/v{ETCD.value}"
    name = f"etcd-v{ETCD.value}-{system}-{processor}"
    return Release(
        title=f"etcd-{ETCD.value}",
        url=f"{base}/{name}.{'tar.gz' if system == 'linux' else 'zip'}",
        members={"etcd": f"{name}/etcd"},
        checksums=f"{base}/SHA256SUMS",
        megabytes=25,
    )


def _kubernetes(program: str, host: Host) -> Release | None:
    """Kubernetes releases its control plane for Linux only. Source: kubernetes.io/releases/download."""
    system, processor = host
    if system != "linux":
        return None
    url = f"https://dl.k8s.io/release/v{KUBERNETES_PATCH.value}/bin/{system}/{processor}/{program}"
    return Release(
        title=f"{program}-{KUBERNETES_PATCH.value}",
        url=url,
        members={program: ""},
        checksums=f"{url}.sha256",
        megabytes={"kube-apiserver": 105, "kube-controller-manager": 95, "kube-scheduler": 70}[program],
    )


def _kwok(program: str, host: Host) -> Release:
    """kwok publishes no file of checksums, but GitHub states each file's. Source: kwok v0.8.0, hack/releases.sh."""
    system, processor = host
    version = f"v{KWOK.value}"
    return Release(
        title=f"{program}-{KWOK.value}",
        url=f"https://github.com/kubernetes-sigs/kwok/releases/download/{version}/{program}-{system}-{processor}",
        members={program: ""},
        checksums=f"https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/{version}",
        megabytes={"kwok": 85, "kwokctl": 70}[program],
    )


def _helm(_: str, host: Host) -> Release:
    """Source: helm/helm, release notes of v3.22.0."""
    system, processor = host
    url = f"https://get.helm.sh/helm-v{HELM.value}-{system}-{processor}.tar.gz"
    return Release(
        title=f"helm-{HELM.value}",
        url=url,
        members={"helm": f"{system}-{processor}/helm"},
        checksums=f"{url}.sha256sum",
        megabytes=20,
    )


_RELEASES = {
    "pulumi": _engine,
    "etcd": _etcd,
    **dict.fromkeys(("kube-apiserver", "kube-controller-manager", "kube-scheduler"), _kubernetes),
    **dict.fromkeys(("kwok", "kwokctl"), _kwok),
    "helm": _helm,
}
RELEASED = tuple(_RELEASES)
"""Programs that a project releases for at least one kind of machine."""

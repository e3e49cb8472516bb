"""What the projects release, by value, and how it is found and pinned."""

from __future__ import annotations

import re

import pytest

from tooling.lane.program_table import PROGRAMS
from tooling.lane.released import checksum_in
from tooling.lane.releases import HOSTS, RELEASED, pinned_checksums, release_of

HEX = "0123456789abcdef" * 4
LINUX, MAC = ["linux-amd64", "linux-arm64"], ["darwin-amd64", "darwin-arm64"]

FILES = {
    ("pulumi", "linux-amd64"): "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-x64.tar.gz",
    ("pulumi", "linux-arm64"): "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-arm64.tar.gz",
    ("pulumi", "darwin-amd64"): "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-darwin-x64.tar.gz",
    ("pulumi", "darwin-arm64"): "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-darwin-arm64.tar.gz",
    **{
        ("etcd", host): f"https://github.com/etcd-io/etcd/releases/download/v3.6.5/etcd-v3.6.5-{host}.tar.gz"
        for host in LINUX
    },
    **{
        ("etcd", host): f"https://github.com/etcd-io/etcd/releases/download/v3.6.5/etcd-v3.6.5-{host}.zip"
        for host in MAC
    },
    **{
        (name, host): f"https://dl.k8s.io/release/v1.35.4/bin/{host.replace('-', '/')}/{name}"
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        for host in LINUX
    },
    **{
        (name, host): f"https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/{name}-{host}"
        for name in ("kwok", "kwokctl")
        for host in (*LINUX, *MAC)
    },
    **{("helm", host): f"https://get.helm.sh/helm-v3.22.0-{host}.tar.gz" for host in (*LINUX, *MAC)},
}
SUMS = {
    "pulumi": "https://get.pulumi.com/releases/sdk/pulumi-3.259.0-checksums.txt",
    "etcd": "https://github.com/etcd-io/etcd/releases/download/v3.6.5/SHA256SUMS",
    "kube-apiserver": "https://dl.k8s.io/release/v1.35.4/bin/linux/arm64/kube-apiserver.sha256",
    "kwok": "https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v0.8.0",
    "helm": "https://get.helm.sh/helm-v3.22.0-linux-arm64.tar.gz.sha256sum",
}
MEMBERS = {
    ("etcd", "linux-arm64"): {"etcd": "etcd-v3.6.5-linux-arm64/etcd"},
    ("helm", "darwin-arm64"): {"helm": "darwin-arm64/helm"},
    ("kwok", "linux-amd64"): {"kwok": ""},
    ("pulumi", "linux-amd64"): {
        "pulumi": "pulumi/pulumi",
        "pulumi-language-python": "pulumi/pulumi-language-python",
        "pulumi-language-python-exec": "pulumi/pulumi-language-python-exec",
    },
}


def test_every_file_of_every_machine_has_the_address_that_its_project_gives_it() -> None:
    found = {
        (name, "-".join(host)): release.url
        for name in RELEASED
        for host in HOSTS
        if (release := release_of(name, host)) is not None
    }
    assert found == FILES


def test_kubernetes_releases_no_control_plane_for_macos() -> None:
    assert release_of("kube-apiserver", ("darwin", "arm64")) is None


def test_checksums_are_published_beside_the_files_except_for_kwok() -> None:
    found = {name: release.checksums for name in SUMS if (release := release_of(name, ("linux", "arm64")))}
    assert found == SUMS


@pytest.mark.parametrize(("name", "host"), MEMBERS, ids=str)
def test_the_programs_are_where_the_archive_has_them(name: str, host: str) -> None:
    system, processor = host.split("-")
    release = release_of(name, (system, processor))
    assert release is not None
    assert release.members == MEMBERS[name, host]


def test_every_program_of_the_lane_is_released_for_linux() -> None:
    of_the_lane = {name for name, program in PROGRAMS.items() if program.of_the_lane}
    assert set(RELEASED) == of_the_lane | {"helm"}


def test_every_pinned_checksum_is_of_a_file_that_may_be_downloaded() -> None:
    pinned = pinned_checksums()
    assert set(pinned) <= set(FILES.values())
    assert [value for value in pinned.values() if not re.fullmatch("[0-9a-f]{64}", value)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEX}\n", HEX),
        (f"{HEX.upper()}  etcd.tar.gz\n", HEX),
        (f"{'f' * 64}  other.tar.gz\n{HEX} *etcd.tar.gz\n", HEX),
        (f"{HEX}  ./etcd.tar.gz\n", HEX),
        (f"{HEX}  etcd.tar.gz.asc\n", ""),
        (f"{HEX[:40]}  etcd.tar.gz\n", ""),
        ("<html>not found</html>", ""),
        ("", ""),
        (f'{{"assets": [{{"name": "x", "digest": "sha256:{"f" * 64}"}}, {{"name": "etcd.tar.gz", '
         f'"digest": "sha256:{HEX}"}}]}}', HEX),
        ('{"assets": [{"name": "etcd.tar.gz", "digest": null}]}', ""),
        (f'{{"assets": [{{"name": "etcd.tar.gz", "digest": "sha512:{HEX}"}}]}}', ""),
        ('{"message": "API rate limit exceeded"}', ""),
        ('{"assets": [', ""),
        ('{"assets": ["etcd.tar.gz"]}', ""),
    ],
)  # fmt: skip
def test_a_checksum_is_read_in_each_form_in_which_projects_publish_it(text: str, found: str) -> None:
    assert checksum_in(text, "etcd.tar.gz") == found

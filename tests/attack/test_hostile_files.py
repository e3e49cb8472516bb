"""A tenant's file as a hostile pull request: what it would take from others is refused before anything is deployed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import catalog
from shared.errors import BadInput
from tests.attack.attempts import Attempt, Ledger

AREA = "Catalog files"
FILE = "attacker.yaml"
_SOURCE = "a pull request to tenants/catalog"

VALUES: dict[str, tuple[str, ...]] = {
    "hosts: [{}]": (
        "tenant-b.example.com",
        "x.tenant-b.example.com",
        "example.com",
        '"tenant-a.example.com."',
        "TENANT-B.example.com",
        '"*.example.com"',
        "sts.amazonaws.com",
        "x.us-east-1.eks.amazonaws.com",
        "kubernetes.default.svc",
        "x.cluster.local",
        "localhost",
        "10.0.0.1",
        '"[::1]"',
        '"tenаnt-b.example.com"',
        '"tenant-b．example.com"',
        '"shop\\u200b.example.com"',
        '"shop.example.com,tenant-b.example.com"',
        '"shop.example.com tenant-b.example.com"',
        '"shop.example.com\\ntenant-b.example.com"',
        '"https://shop.example.com/"',
        '"shop.example.com:443"',
        '"shop.example.com\'"',
        '""',
        "null",
        "x" * 64 + ".example.com",
        "shop.evil.example",
    ),
    "namespaces: [{}]": (
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "default",
        "tenant-b",
        "amazon-cloudwatch",
        "external-secrets",
        '"attacker,tenant-b"',
        '"../tenant-b"',
        "Attacker",
        '"аttacker"',
        '"attacker\\n"',
        '""',
    ),
    "registries: [{}]": (
        "registry.k8s.io/../evil.example",
        '"registry.k8s.io:４４３"',
        '"registry.k8s.io,evil.example"',
        '"*"',
        '"*.example.com"',
        "https://evil.example",
        "public.ecr.aws",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-b",
        "999999999999.dkr.ecr.us-east-1.amazonaws.com/x",
        '"registry.k8s.io@evil.example"',
        '"rеgistry.k8s.io"',
        '"registry.k8s.io/\'"',
        '"registry.k8s.io "',
        '""',
    ),
    "tolerations: [{}]": (
        "node.kubernetes.io/unschedulable",
        "CriticalAddonsOnly",
        '"*"',
        '""',
        '"dedicated,node.kubernetes.io/unschedulable"',
    ),
    "deployer_principal_arns: [{}]": (
        '"*"',
        '"arn:aws:iam::*:role/x"',
        '"arn:aws:iam::123456789012:role/*"',
        "arn:aws:iam::999999999999:role/x",
        "arn:aws:iam::999999999999:root",
        "arn:aws:sts::123456789012:assumed-role/x/y",
        "arn:aws:iam::123456789012:group/x",
        '""',
    ),
    "repository: {}": ('"*/*"', '"evil/*"', '"evil/x:environment:prod"', '"evil"', '"../x"', '"evil/x?"'),
    "repositories: [{}]": ('"../tenant-b/x"', '"tenant-b/x"', '"*"', '"X"', '""'),
    "web_ports: [{}]": ("0", "70000", "-1", "1.5"),
    "egress_ranges: [{{cidr: {}, ports: [443]}}]": (
        "0.0.0.0/0",
        "169.254.169.254/32",
        "169.254.170.23/32",
        "169.0.0.0/8",
        "127.0.0.0/8",
        '"::/0"',
        '"fd00:ec2::254/128"',
        "10.0.0.0/33",
        "10.0.0.1/8",
    ),
    "may_call: [{}]": ("nobody", '"*"', "attacker", "Tenant-b"),
    "bucket_access: {}": ("everything", "admin"),
    "quota: {{pods: {}}}": ("-1", "0", '"1e999999"', ".inf", "99999999999999999999999999"),
    "containers: {{max: {{cpu: {}, memory: 1Gi, ephemeral-storage: 1Gi}}}}": ('"-1"', '"1e400"', '"٣"', "[]"),
    "pod_security: {{attacker: {{level: {}, reason: none, until: 2099-01-01}}}}": ("privileged", "unrestricted"),
    "name: {}": ("tenant-b", "kube-system"),
    "{}: x": ("permissions_boundary", "role_arn", "bucket_prefix", "<<", "__class__"),
}
"""Values of keys, each in a file that is right but for it."""

TEXTS: dict[str, str] = {
    "a billion laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nowner: x\n",
    "an anchor": "owner: &a team\nhosts: [*a]\n",
    "a merge key": "x: &x {owner: team}\n<<: *x\n",
    "nesting without end": f"owner: {'[' * 5000}\n",
    "a very large file": f"owner: {'x' * 200_000}\n",
    "a key twice": "owner: x\nhosts: []\nhosts: [tenant-b.example.com]\n",
    "an object of Python": "owner: !!python/object/apply:os.system [id]\n",
    "a tag": "owner: !x y\n",
    "two documents": "owner: x\n---\nowner: y\n",
    "a list": "- owner: x\n",
    "a text": "owner\n",
    "nothing": "",
    "an owner that is no text": "owner: {x: y}\n",
    "an owner in several lines": 'owner: "x\\ny"\n',
    "an empty owner": "owner: ''\n",
}

NAMES = (
    "tenаnt-a.yaml",
    "Tenant-a.yaml",
    "attacker.yml",
    "-rf.yaml",
    "kube-system.yaml",
    "attacker .yaml",
    "attacker\n.yaml",
    "a.b.yaml",
    f"{'x' * 64}.yaml",
)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Which accounts are foreign is known only where the environment's own is.
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "123456789012")
    return Path(shutil.copytree(catalog.DIRECTORY, tmp_path / "catalog"))


def refusal(directory: Path) -> str:
    """The code of the error that loading the catalog for `dev` ends with; empty if it is accepted."""
    try:
        catalog.tenant_names("dev", directory=directory)
    except BadInput as error:
        return error.code
    return ""


REFUSALS = (
    "tenant-invalid",
    "host-taken",
    "namespace-taken",
    "application-taken",
    "catalog-file-unknown",
    "name-invalid",
)
MECHANISM = " or ".join(f"catalog, {code}" for code in REFUSALS)


def tried(ledger: Ledger, name: str, directory: Path) -> bool:
    attempt = Attempt(
        area=AREA,
        name=name,
        source=_SOURCE,
        actor="whoever opens a pull request for a tenant",
        proof="the same file without it is accepted",
        mechanism=MECHANISM,
        control="a file that names its owner",
    )
    code = refusal(directory)
    return ledger.record(attempt, f"catalog, {code}" if code else "").expected


def test_a_file_of_a_tenant_of_its_own_is_accepted(directory: Path) -> None:
    (directory / FILE).write_text("owner: x\nhosts: [shop.example.com]\nregistries: [registry.k8s.io]\n")
    assert refusal(directory) == ""


@pytest.mark.parametrize("key", VALUES)
def test_a_hostile_value_is_refused(directory: Path, ledger: Ledger, key: str) -> None:
    accepted = []
    for value in VALUES[key]:
        line = key.format(value)
        (directory / FILE).write_text(f"owner: x\n{line}\n", encoding="utf-8")
        accepted += [] if tried(ledger, line, directory) else [line]
    assert accepted == []


def test_a_hostile_text_is_refused(directory: Path, ledger: Ledger) -> None:
    accepted = []
    for name, text in TEXTS.items():
        (directory / FILE).write_text(text, encoding="utf-8")
        accepted += [] if tried(ledger, name, directory) else [name]
    assert accepted == []


def test_bytes_that_are_no_utf_8_are_refused(directory: Path, ledger: Ledger) -> None:
    accepted = []
    for name, content in {
        "a NUL byte": b"owner: x\0\n",
        "broken UTF-8": b"owner: \xff\xfe\n",
        "UTF-16": "owner: x\nhosts: [tenant-b.example.com]\n".encode("utf-16"),
    }.items():
        (directory / FILE).write_bytes(content)
        accepted += [] if tried(ledger, name, directory) else [name]
    assert accepted == []


def test_a_file_name_that_looks_like_anothers_is_refused(directory: Path, ledger: Ledger) -> None:
    accepted = []
    for name in NAMES:
        path = directory / name
        path.write_text("owner: x\n")
        accepted += [] if tried(ledger, f"a file called {name!r}", directory) else [name]
        path.unlink()
    assert accepted == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a link to a file of the machine", lambda path: path.symlink_to("/etc/hostname")),
        ("a link to another tenant's file", lambda path: path.symlink_to("tenant-b.yaml")),
        ("a directory", lambda path: path.mkdir()),
        ("a pipe, which nobody writes to", os.mkfifo),
    ],
)
def test_what_is_no_file_is_refused(directory: Path, ledger: Ledger, name: str, make: Callable[[Path], None]) -> None:
    make(directory / FILE)
    assert tried(ledger, name, directory)

"""What registries, chart repositories and EKS answer about pins, and how that is written down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.stub import Stubber

from shared import versions
from shared.testing import load_module
from shared.versions import ADDONS, KUBERNETES, Pin
from tooling.lane.ports import free_ports
from tooling.paths import REPOSITORY
from tooling.pins.registry import Image
from tooling.pins.rewrite import rewritten
from tooling.pins.sources import CHARTS, Answer, addon_answers, chart_answer, image_answers, images

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
TODAY = date(2026, 12, 1)


def pin(value: str) -> Pin:
    return Pin(value=value, source="unverified: here", read_on=date(2026, 1, 1))


class _Registry(BaseHTTPRequestHandler):
    """Hands out a token to everybody, two pages of tags, one manifest, and the index of a chart repository."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        asked = urlsplit(self.path)
        root = f"http://{self.headers['Host']}"
        if asked.path == "/token":
            assert parse_qs(asked.query) == {"service": ["here"], "scope": ["repository:team/web:pull"]}
            self._send(200, {"token": "t"})
        elif asked.path == "/charts/index.yaml":
            self._send(
                200, {"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"}, {"version": "2.0.0-rc.1"}]}}
            )
        elif self.headers.get("Authorization") != "Bearer t":
            challenge = f'Bearer realm="{root}/token",service="here",scope="repository:team/web:pull"'
            self._send(401, {}, {"WWW-Authenticate": challenge})
        elif asked.path == "/v2/team/web/manifests/v1.2.0":
            assert "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
            self._send(200, {}, {"Docker-Content-Digest": DIGEST})
        elif asked.path == "/v2/team/web/tags/list" and "last" not in asked.query:
            self._send(200, {"tags": ["v1.2.0", "latest"]}, {"Link": '</v2/team/web/tags/list?last=x>; rel="next"'})
        elif asked.path == "/v2/team/web/tags/list":
            self._send(200, {"tags": ["v1.10.1", "v2.0.0-rc.1"]})
        else:
            self._send(404, {})

    def _send(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        del format, args


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_image_is_found_with_its_digest_and_the_newest_release(host: str) -> None:
    (answer,) = image_answers({"WEB_IMAGE": pin(f"{host}/team/web:v1.2.0")})
    assert (answer.exists, answer.newest) == (True, "v1.10.1")
    assert answer.value == f"{host}/team/web:v1.2.0@{DIGEST}"
    assert not answer.moved


def test_a_tag_that_names_another_image_than_before_has_moved(host: str) -> None:
    (answer,) = image_answers({"WEB_IMAGE": pin(f"{host}/team/web:v1.2.0@{OTHER}")})
    assert answer.moved


def test_a_tag_that_is_not_there_is_missing(host: str) -> None:
    (answer,) = image_answers({"WEB_IMAGE": pin(f"{host}/team/web:v9.9.9")})
    assert answer.exists is False


def test_a_registry_that_nobody_serves_is_named() -> None:
    (port,) = free_ports(1)
    (answer,) = image_answers({"WEB_IMAGE": pin(f"127.0.0.1:{port}/team/web:v1.2.0")})
    assert answer.exists is None
    assert answer.why.startswith(f"http://127.0.0.1:{port} cannot be reached")


def test_a_chart_is_found_in_its_repository(host: str) -> None:
    answer = chart_answer("CHART", pin("1.2.0"), f"http://{host}/charts", "web")
    assert (answer.exists, answer.newest) == (True, "1.10.0")
    assert chart_answer("CHART", pin("3.0.0"), f"http://{host}/charts", "web").exists is False
    assert chart_answer("CHART", pin("1.2.0"), f"http://{host}/nowhere", "web").exists is None


def test_eks_is_asked_for_the_platforms_minor() -> None:
    make: Any = boto3.Session().client
    client = make("eks", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
    there = {"addonVersions": [{"addonVersion": "v1.2.0-eksbuild.1"}, {"addonVersion": "v1.2.0-eksbuild.10"}]}
    with Stubber(client) as stub:
        for name in ("coredns", "vpc-cni"):
            asked = {"addonName": name, "kubernetesVersion": KUBERNETES.value}
            stub.add_response("describe_addon_versions", {"addons": [there]}, asked)
        stub.add_client_error("describe_addon_versions", "UnrecognizedClientException")
        pins = {"coredns": pin("v1.2.0-eksbuild.1"), "vpc-cni": pin("v1.1.0-eksbuild.1"), "kube-proxy": pin("v1")}
        one, two, three = addon_answers(pins, "us-east-1", client)
    assert (one.exists, one.newest) == (True, "v1.2.0-eksbuild.10")
    assert two.exists is False
    assert (three.exists, three.why) == (None, "EKS does not answer (ClientError)")


MODULE = """
A = Pin(
    value="host/a:v1",  # kept
    source="unverified: read in ä "
    "a copy",
    read_on=date(2026, 1, 1),
)
B = {"b": Pin(value="v2", source=_WHERE, read_on=date(2026, 1, 1))}
C = Pin(value="host/c:v3", source="here", read_on=date(2026, 1, 1))
"""


def test_only_what_was_found_is_written() -> None:
    found = [
        Answer(name="A", pin=pin("host/a:v1"), exists=True, digest=DIGEST, source="host: tag v1 of a"),
        Answer(name="b", pin=pin("v2"), exists=True, source="eks"),
        Answer(name="C", pin=pin("host/c:v3"), exists=None, why="out of reach"),
    ]
    assert (
        rewritten(MODULE, found, TODAY)
        == f"""
A = Pin(
    value="host/a:v1@{DIGEST}",  # kept
    source="host: tag v1 of a",
    read_on=date(2026, 12, 1),
)
B = {{"b": Pin(value="v2", source="eks", read_on=date(2026, 12, 1))}}
C = Pin(value="host/c:v3", source="here", read_on=date(2026, 1, 1))
"""
    )


def test_a_pin_that_is_missing_or_has_moved_stays_as_it_was() -> None:
    moved = Answer(name="C", pin=pin(f"host/c:v3@{OTHER}"), exists=True, digest=DIGEST, source="x")
    missing = Answer(name="A", pin=pin("host/a:v1"), exists=False, source="x")
    assert rewritten(MODULE, [moved, missing], TODAY) == MODULE


def test_every_image_add_on_and_chart_of_the_platform_is_asked_about() -> None:
    assert set(images()) == {name for name in vars(versions) if name.endswith("_IMAGE")}
    assert all(Image.parse(one.value).tag for one in images().values())
    assert len(ADDONS) > 5
    module = load_module(REPOSITORY / "platform-addons", "settings").ADDONS["load-balancer-controller"].component
    globals_of = module.__init__.__globals__
    repository, chart = CHARTS["LOAD_BALANCER_CONTROLLER_CHART"]
    assert (globals_of["REPOSITORY"], globals_of["NAME"]) == (repository, chart)

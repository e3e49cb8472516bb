"""An API server that is gone or stalls, and an environment that leads elsewhere: told by name, or no matter at all.

The tests share one stack and run in the order in which they stand; the last destroys it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chain.clone import Clone
from tests.chain.deployed import INFRASTRUCTURE, deployed
from tests.faults.aws_proxy import WRITES, AwsProxy, Fault
from tests.faults.test_services_that_fail import failed
from tooling.lane.state import Lane

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("API server that fails")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Tier 1 has been deployed."""
    directory = tmp_path_factory.mktemp("faults") / "Zoë's own clone"
    directory.mkdir()
    with deployed(directory, INFRASTRUCTURE) as made:
        yield made


def api_server(clone: Clone) -> int:
    lane = Lane.load(clone.local)
    assert lane is not None
    pid = lane.cluster.processes.pids()["kube-apiserver"]
    assert pid is not None
    return pid


def test_an_api_server_that_is_gone_is_told_and_comes_back(clone: Clone) -> None:
    lane = Lane.load(clone.local)
    assert lane is not None
    os.kill(api_server(clone), signal.SIGKILL)
    said = clone.tiers("up", "platform-addons", "--stack", "local", expect=2).stderr
    assert "error[lane-stopped]: parts of the local lane are not running: kube-apiserver" in said
    assert "hint: tiers local up" in said
    with socket.create_server(("127.0.0.1", lane.ports.api_server)):
        taken = failed(clone, "local", "up")
    assert f"error[port-taken]: port {lane.ports.api_server} of the lane's kube-apiserver is used" in taken
    clone.tiers("local", "up")


def test_an_api_server_that_stalls_is_waited_for(clone: Clone) -> None:
    stalled = api_server(clone)
    os.kill(stalled, signal.SIGSTOP)
    goes_on = threading.Timer(20, os.kill, (stalled, signal.SIGCONT))
    goes_on.start()
    try:
        clone.tiers("up", "platform-addons", "--stack", "local")
    finally:
        goes_on.cancel()
        os.kill(stalled, signal.SIGCONT)


def test_a_proxy_in_the_environment_is_no_matter_to_the_lane(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1")
    monkeypatch.setattr(clone, "variables", {**dead, "NO_PROXY": "", "no_proxy": ""})
    clone.tiers("preview", "platform-addons", "--stack", "local", "--expect-no-changes")


def test_destroying_under_faults_leaves_nothing(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action=WRITES, share=0.2, carried_out=True), Fault(action=".*", share=0.1, status=503))
    clone.tiers("destroy", "--stack", "local", "--yes")
    aws.set()
    left: list[Any] = clone.tiers("audit", "--stack", "local", "--json").document["left"]
    assert left == []

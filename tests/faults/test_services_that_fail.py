"""An AWS that fails, loses answers or rejects expired credentials; an API server that is down or stalls; variables that
name a dead proxy. Errors name the cause, and a rerun repairs the stack.

The tests share one lane and run in file order: each failure leaves more deployed than the one before, and the last test
destroys everything.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import Counter
from typing import Any

import pytest

from tests.chain.clone import Clone
from tests.faults.aws_proxy import WRITES, AwsProxy, Fault
from tooling.aws_emulator.inventory import inventory
from tooling.lane.state import REGION, Lane

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("faults")]

UP = ("up", "infrastructure", "--stack", "local")


def failed(clone: Clone, *arguments: str) -> str:
    """What a run that failed says to people."""
    said = clone.tiers(*arguments, expect=1).stderr
    assert "hint: " in said, said
    return said


def made(clone: Clone) -> Counter[str]:
    lane = Lane.load(clone.local)
    assert lane is not None
    return Counter(
        f"{item['service']}/{item['kind']}" for item in inventory(lane.aws_endpoint, REGION, lane.operator_key)
    )


def test_a_clock_that_is_off_is_told_before_anything_is_made(clone: Clone, aws: AwsProxy) -> None:
    before = made(clone)
    skewed = "Signature expired: 20261124T000000Z is now earlier than 20261124T001000Z"
    aws.set(Fault(action=".*", status=403, code="SignatureDoesNotMatch", message=skewed))
    said = failed(clone, *UP)
    assert "SignatureDoesNotMatch: Signature expired" in said
    assert "hint: this machine's clock is wrong: set it (timedatectl set-ntp true)" in said
    aws.set()
    assert made(clone) == before


def test_credentials_that_run_out_in_the_middle_are_told_and_nothing_is_lost(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action=".*", status=400, code="ExpiredToken", message="The security token has expired", after=40))
    said = failed(clone, *UP)
    assert "ExpiredToken: The security token has expired" in said
    assert "hint: sign in again (aws sso login, or new keys)" in said
    assert clone.tiers("status", "--stack", "local", "--json").document["stacks"][0]["resources"] > 1


def test_an_api_that_throttles_and_fails_and_loses_answers_makes_each_thing_once(clone: Clone, aws: AwsProxy) -> None:
    throttled = {"status": 503, "code": "RequestLimitExceeded", "message": "Request limit exceeded."}
    aws.set(
        Fault(action=WRITES, share=0.2, carried_out=True),
        Fault(action=WRITES, share=0.1, status=0, carried_out=True),
        Fault(action=".*", share=0.1, status=502, code="BadGateway"),
        Fault(action=".*", share=0.05, **throttled),
    )
    clone.tiers(*UP)
    assert sum(aws.injected.values()) >= 10, aws.injected
    aws.set()
    clone.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")


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

"""The environment of processes that the lane starts: the user's, without variables that point elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping

_LEADING_ELSEWHERE = ("AWS_", "PULUMI_", "KUBE", "KWOK_", "ETCD_", "MOTO_", "BOTO_", "HELM_")
"""Prefixes of variables that choose accounts, clusters, back-ends or plug-ins: etcd and kwokctl take every option from
one, and KUBECONFIG or AWS_PROFILE could send a mistake to a real cluster or account."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY")
_PYTHON = ("PYTHONHOME", "PYTHONSTARTUP")


def washed(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of `environment`, by default this process's, for programs that must only reach loopback."""
    source = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in source.items()
        if not name.startswith(_LEADING_ELSEWHERE) and name.upper() not in _PROXIES and name not in _PYTHON
    }
    loopback = "127.0.0.1,localhost,::1"
    return {**kept, "NO_PROXY": loopback, "no_proxy": loopback}

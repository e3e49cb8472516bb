"""`python -m tooling.kubelet`: see `tooling.kubelet.process`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tooling.kubelet.process import Options, run


def parsed(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m tooling.kubelet", description="Runs the pods of services on the local lane as processes"
    )
    parser.add_argument("--directory", type=Path, required=True, help="directory of the kubelet's own files")
    parser.add_argument("--lane", type=Path, required=True, help="directory of the lane")
    parser.add_argument("--api-server", required=True, help="address of the API server")
    parser.add_argument("--pki", type=Path, required=True, help="directory of the administrator's certificate")
    parser.add_argument("--aws", required=True, help="address of the emulated AWS")
    parser.add_argument("--port", type=int, required=True, help="loopback port of the proxy")
    given = parser.parse_args(arguments)
    return Options(
        lane_directory=given.lane,
        directory=given.directory,
        api_server=given.api_server,
        pki=given.pki,
        aws_endpoint=given.aws,
        port=given.port,
    )


if __name__ == "__main__":
    run(parsed(sys.argv[1:]))

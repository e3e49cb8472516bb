"""`python -m tooling.aws_emulator`: see `tooling.aws_emulator.process`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.errors import PlatformError
from tooling.aws_emulator.options import Options


def parsed(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m tooling.aws_emulator", description="The emulated AWS of the local lane"
    )
    parser.add_argument("--port", type=int, required=True, help="loopback port of the AWS API")
    parser.add_argument("--webhook-port", type=int, required=True, help="loopback port of the token webhook")
    parser.add_argument("--directory", type=Path, required=True, help="directory of the journal and the log")
    parser.add_argument(
        "--cluster-kubeconfig", type=Path, help="administrator of the API server behind the EKS cluster"
    )
    parser.add_argument("--operators", type=Path, help="file with the keys that act as the account's root user")
    parser.add_argument("--oidc-issuer", help="service-account issuer of that API server")
    given = parser.parse_args(arguments)
    return Options(
        port=given.port,
        webhook_port=given.webhook_port,
        directory=given.directory,
        cluster_kubeconfig=given.cluster_kubeconfig,
        operators=given.operators,
        oidc_issuer=given.oidc_issuer,
    )


def main() -> int:
    options = parsed(sys.argv[1:])
    # Imports moto, which reads its environment then; `process` has set it by that time.
    from tooling.aws_emulator.process import run

    try:
        run(options)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())

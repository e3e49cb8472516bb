"""`tiers` in a process that was forked with Pulumi's SDKs loaded: its fork server is a fork of it, not an interpreter.

What a fork server does first, loading the SDKs, takes more than a second of a processor: half of a preview. Nothing
else differs: workers and plug-ins are forked from that process as always. The modules of the repository are those of
the tree that the command is run in.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping

SDK_MODULES = (
    "boto3",
    "dill",
    "google.protobuf.struct_pb2",
    "grpc_health.v1.health",
    "pulumi.automation",
    "pulumi_aws.autoscaling",
    "pulumi_aws.cloudwatch",
    "pulumi_aws.ec2",
    "pulumi_aws.ecr",
    "pulumi_aws.eks",
    "pulumi_aws.get_availability_zones",
    "pulumi_aws.iam",
    "pulumi_aws.kms",
    "pulumi_aws.s3",
    "pulumi_aws.vpc",
    "pulumi_eks",
    "pulumi_kubernetes.admissionregistration.v1",
    "pulumi_kubernetes.apiextensions.v1",
    "pulumi_kubernetes.apps.v1",
    "pulumi_kubernetes.autoscaling.v2",
    "pulumi_kubernetes.batch.v1",
    "pulumi_kubernetes.core.v1",
    "pulumi_kubernetes.helm.v3",
    "pulumi_kubernetes.meta.v1",
    "pulumi_kubernetes.networking.v1",
    "pulumi_kubernetes.policy.v1",
    "pulumi_kubernetes.rbac.v1",
    "pulumi_kubernetes.scheduling.v1",
    "pulumi_kubernetes.storage.v1",
)
"""What programs and plug-ins import that no clone has a copy of; what is missing here is loaded as always."""


class _Child:
    """The part of `subprocess.Popen` by which the runner ends its fork server."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def main() -> None:
    """Entry of `tests.preloaded`."""
    from tooling.runner import fork_server

    start_interpreter = fork_server.start_server

    def start_server(connection: int, variables: Mapping[str, str], output: int) -> _Child | subprocess.Popen[bytes]:
        # A fork has the thread that forks and no other.
        if threading.active_count() > 1:
            return start_interpreter(connection, variables, output)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _serve(connection, variables, output)
        return _Child(pid)

    fork_server.start_server = start_server  # type: ignore[assignment]
    from tooling.cli.main import main as tiers

    tiers()


def _serve(connection: int, variables: Mapping[str, str], output: int) -> None:
    """Becomes the fork server; never returns."""
    from tooling.paths import REPOSITORY
    from tooling.runner import fork_server

    code = 1
    try:
        os.setsid()
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            for number, file in enumerate((nothing.fileno(), output, output)):
                os.dup2(file, number)
        kept = {0, 1, 2, connection}
        for name in os.listdir("/dev/fd"):  # noqa: PTH208
            if int(name) not in kept:
                _close(int(name))
        os.chdir(REPOSITORY)
        os.environ.clear()
        os.environ.update(variables)
        sys.argv = ["tooling.runner.fork_server", str(connection)]
        fork_server.main()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        # That by which the directory was read.
        return

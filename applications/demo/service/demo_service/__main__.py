"""`python -m demo_service`: reads the configuration, then serves until SIGTERM or SIGINT.

Exit codes: 0 stopped; 1 stopped, and requests were cut off; 2 wrong configuration, or the address is in use.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys

from demo_service.configuration import Configuration, ConfigurationError, load_configuration
from demo_service.logs import configure_logs
from demo_service.version import service_version

_LOG = logging.getLogger("demo_service")


def main() -> int:
    # As process 1 of a container, a process without a handler does not get SIGTERM at all. There is nothing to finish
    # until the server has its own; an exception could end up in a module that is being imported, and be ignored.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: os._exit(0))
    configure_logs(logging.INFO)
    version = service_version()
    try:
        configuration = load_configuration()
        logging.getLogger().setLevel(configuration.log_level)
        listening = _bound(configuration)
    except ConfigurationError as error:
        _LOG.error(error.what, extra={"fields": {"at": error.at, "hint": error.hint, "version": version}})
        return 2
    _LOG.info("starting", extra={"fields": {"version": version}})
    # Imported late: importing them takes most of the start, and a wrong configuration is reported without them.
    from demo_service.application import make_application
    from demo_service.lifecycle import Lifecycle
    from demo_service.server import serve

    lifecycle = Lifecycle(shutdown_seconds=configuration.shutdown_seconds)
    return serve(listening, make_application(configuration.responses, lifecycle, version), lifecycle)


def _bound(configuration: Configuration) -> socket.socket:
    family = socket.AF_INET6 if ":" in configuration.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((configuration.host, configuration.port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"cannot listen on {configuration.host}, port {configuration.port}: {error.strerror}",
            at="environment variables HOST and PORT",
            hint="use a free port of 1024 or more, and an address of this machine",
        ) from error
    return listening


if __name__ == "__main__":
    sys.exit(main())

"""Puts one emulator together: moto with its EKS completed, journal, both servers, controllers."""

from __future__ import annotations

import logging
import socket
import threading
from dataclasses import dataclass

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from shared.errors import PlatformError
from tooling.aws_emulator import determinism, leftover_tags, made_by_aws
from tooling.aws_emulator.application import Application
from tooling.aws_emulator.authentication.webhook import WebhookServer
from tooling.aws_emulator.authorization import access_control, operators
from tooling.aws_emulator.controllers.loop import ControllerLoop
from tooling.aws_emulator.ec2 import vpc_endpoints
from tooling.aws_emulator.ecr import images
from tooling.aws_emulator.eks.install import MOTO_VERSION, install
from tooling.aws_emulator.federation.issuers import ISSUERS
from tooling.aws_emulator.iam import identities
from tooling.aws_emulator.journal import Journal
from tooling.aws_emulator.logs import groups
from tooling.aws_emulator.options import Options

_log = logging.getLogger(__name__)


class _Handler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Request lines can hold presigned credentials, and the journal has every change anyway."""


@dataclass
class Emulator:
    """Bound but not serving until `start`."""

    application: Application
    server: BaseWSGIServer
    webhook: WebhookServer
    controllers: ControllerLoop

    def start(self) -> None:
        """Replays first: whoever connects before waits, and finds the account as it was."""
        self.application.replay()
        for serve in (self.server.serve_forever, self.webhook.serve_forever, self.controllers.run):
            threading.Thread(target=serve, name=serve.__qualname__, daemon=True).start()
        _log.info("serving on ports %d and %d", self.server.port, self.webhook.server_port)

    def stop(self) -> None:
        self.controllers.stop()
        self.webhook.shutdown()
        self.server.shutdown()


def assemble(options: Options) -> Emulator:
    """Raises PlatformError if moto is another one, a port is taken, or the journal is somebody else's or damaged."""
    install(options)
    operators.OPERATORS.secrets = operators.read(options.operators) if options.operators is not None else {}
    ISSUERS.directory = options.directory
    made_by_aws.install()
    vpc_endpoints.install()
    identities.install()
    access_control.install()
    groups.install()
    images.install()
    leftover_tags.install()
    journal = Journal(options.directory / "journal.jsonl", moto_version=MOTO_VERSION)
    determinism.install(journal.salt)
    controllers = ControllerLoop(options.cluster_kubeconfig)
    application = Application(journal, after_change=controllers.wake, health=controllers.health)
    if journal.dropped_line:
        _log.warning("the journal's last line was cut short and is dropped: its request was never answered")
    try:
        # Bound here, since werkzeug ends the process where a port is taken.
        listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
        webhook = WebhookServer(options.webhook_port)
    except OSError as error:
        raise _port_taken(options, error) from error
    server = make_server(
        "127.0.0.1", options.port, application, threaded=True, request_handler=_Handler, fd=listener.detach()
    )
    return Emulator(application=application, server=server, webhook=webhook, controllers=controllers)


def _port_taken(options: Options, error: OSError) -> PlatformError:
    return PlatformError(
        "port-taken",
        f"port {options.port} or {options.webhook_port} of 127.0.0.1 cannot be used: {error.strerror}",
        at=str(options.directory),
        hint="tiers local status",
    )

"""The description of a lane: addresses, chosen once and kept in `<directory>/lane.json`, and the environment in which
the engine, the plug-ins, `kubectl` and `aws` reach this lane and nothing else. `lifecycle` starts and removes it.
"""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import Refused
from shared.versions import ENGINE, ETCD, KUBERNETES_PATCH, KWOK
from tooling.aws_emulator.authorization.operators import LANE_PREFIX, OperatorKey, document
from tooling.kubelet.processes import FORK_SERVER
from tooling.lane.binaries import search_path
from tooling.lane.caller import caller_variables
from tooling.lane.cluster import Cluster, ClusterPorts
from tooling.lane.environments import washed
from tooling.lane.ports import LOOPBACK, free_ports
from tooling.lane.processes import Service
from tooling.paths import REPOSITORY, local_directory
from tooling.whole_files import write_whole

REGION = "us-east-1"
LANE_FORMAT = 3
"""Of the record and of what lies beside it. 3: a kubelet for the pods of services, and its port."""


class LanePorts(BaseModel):
    """Loopback ports; see `ClusterPorts` for the cluster's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aws: int
    webhook: int
    api_server: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kwok: int
    ingress: int
    """Where the hosts of Ingresses answer."""


class Lane(BaseModel):
    """A lane, running or not. It does not tell which processes run: see `status`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[3] = LANE_FORMAT
    directory: Path
    created: datetime
    ports: LanePorts
    issuer: str
    """The cluster's OIDC issuer, in the form that EKS uses, one per lane: the API server needs it at start."""
    access_key_id: str
    secret_access_key: str
    versions: dict[str, str]
    """Versions of the programs that created its state."""

    @classmethod
    def new(cls, directory: Path) -> Lane:
        """Chooses ports and names for a lane in `directory`; writes nothing."""
        numbers = free_ports(len(LanePorts.model_fields))
        return cls(
            directory=directory,
            created=datetime.now(UTC).replace(microsecond=0),
            ports=LanePorts(**dict(zip(LanePorts.model_fields, numbers, strict=True))),
            issuer=f"https://oidc.eks.{REGION}.amazonaws.com/id/{secrets.token_hex(16).upper()}",
            # Not of a real account, and without the prefix of real keys, which secret scanners look for.
            access_key_id=f"{LANE_PREFIX}{secrets.token_hex(8).upper()}",
            secret_access_key=secrets.token_hex(20),
            versions=pinned_versions(),
        )

    @classmethod
    def load(cls, directory: Path | None = None) -> Lane | None:
        """The lane in `directory`, by default the clone's own; None if there is none.

        Raises:
            Refused: `directory-not-a-lane`; its record cannot be read, was written by another version of this
                repository, or the lane was made in another place: its cluster's files name each other by their whole
                path.
        """
        where = directory or local_directory()
        try:
            lane = cls.model_validate_json(_record(where).read_bytes())
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise Refused(
                "directory-not-a-lane",
                "the lane's directory is a file",
                at=str(where),
                hint="set TIERS_LOCAL_DIR to a new or empty directory",
            ) from error
        except (OSError, ValidationError) as error:
            raise Refused(
                "lane-record-unreadable",
                "the lane's record is unreadable, or was written by another version of this repository",
                at=str(_record(where)),
                hint="tiers local reset",
            ) from error
        if lane.directory != where:
            raise Refused(
                "lane-moved",
                f"the lane was created in {lane.directory} and cannot run elsewhere",
                at=str(where),
                hint=f"move it back to {lane.directory} and run `tiers local down` there, then `tiers local up` here",
            )
        return lane

    def save(self) -> None:
        """Writes the record atomically."""
        write_whole(_record(self.directory), self.model_dump_json(indent=2) + "\n", private=True)

    @property
    def aws_endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.aws}"

    @property
    def cluster(self) -> Cluster:
        ports = self.ports.model_dump(exclude={"aws", "webhook", "ingress"})
        return Cluster(
            directory=self.directory / "cluster",
            ports=ClusterPorts(**ports),
            issuer=self.issuer,
            webhook_port=self.ports.webhook,
        )

    @property
    def emulator(self) -> Service:
        return emulator_in(self.directory)

    def start_emulator(self) -> None:
        """Starts the AWS emulator unless it is running, without credentials: it calls only the lane's cluster."""
        self.emulator.directory.mkdir(mode=0o700, exist_ok=True)
        operators = self.emulator.directory / "operators.json"
        write_whole(operators, document(self.operator_key), private=True)
        options = {
            "--port": str(self.ports.aws),
            "--webhook-port": str(self.ports.webhook),
            "--operators": str(operators),
            "--cluster-kubeconfig": str(self.cluster.kubeconfig),
            "--oidc-issuer": self.issuer,
        }
        self.emulator.start(
            sys.executable,
            [word for option in options.items() for word in option],
            {**washed(), "PYTHONPATH": str(REPOSITORY)},
        )

    @property
    def kubelet(self) -> Service:
        return kubelet_in(self.directory)

    @property
    def ingress_address(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.ingress}"

    def start_kubelet(self) -> None:
        """Starts the kubelet unless it is running. The cluster's certificates must exist."""
        self.kubelet.directory.mkdir(mode=0o700, exist_ok=True)
        options = {
            "--lane": str(self.directory),
            "--api-server": self.cluster.server,
            "--pki": str(self.cluster.pki),
            "--aws": self.aws_endpoint,
            "--port": str(self.ports.ingress),
        }
        self.kubelet.start(
            sys.executable,
            [word for option in options.items() for word in option],
            {**washed(), "PYTHONPATH": str(REPOSITORY)},
        )

    @property
    def pulumi_home(self) -> Path:
        return self.directory / "pulumi"

    @property
    def state_directory(self) -> Path:
        """The engine's file backend."""
        return self.directory / "state"

    @property
    def state_key_file(self) -> Path:
        """See `tooling.lane.state_key`."""
        return self.directory / "state-key.json"

    @property
    def baseline_file(self) -> Path:
        return self.directory / "baseline.json"

    @property
    def operator_key(self) -> OperatorKey:
        """Acts as the root user of the emulated account."""
        return OperatorKey(self.access_key_id, self.secret_access_key)

    @property
    def _own_key(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key}

    def environment(self) -> dict[str, str]:
        """The complete environment of a child process: the user's, cleaned and pointed at this lane only.

        Raises:
            PlatformError: a program has not been obtained yet. BadInput: `local-credentials-invalid`.
        """
        kept = washed()
        return {
            **kept,
            "PATH": os.pathsep.join([*search_path(), *kept.get("PATH", "").split(os.pathsep)]),
            "PULUMI_HOME": str(self.pulumi_home),
            # The engine replaces a stack's file atomically, but writes its sidecar of attributes in place: a kill in
            # between leaves an empty sidecar, and an unreadable state ("failed to load checkpoint: EOF").
            "PULUMI_BACKEND_URL": f"file://{self.state_directory}?metadata=skip",
            # A stack file in git holds no key, so a program that works there takes the one that the state names.
            "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Otherwise a `pulumi-resource-aws` on the user's PATH would take precedence over the lane's own.
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            **caller_variables(os.environ, self._own_key),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def emulator_in(directory: Path) -> Service:
    """The AWS emulator of the lane in `directory`, even if the lane's record is lost."""
    home = directory / "aws"
    return Service("emulator", home, ("-m", "tooling.aws_emulator", "--directory", str(home)))


def kubelet_in(directory: Path) -> Service:
    """The kubelet of the lane in `directory`, which runs the pods of services as processes."""
    home = directory / "kubelet"
    return Service("kubelet", home, ("-m", "tooling.kubelet", "--directory", str(home)))


def services_of(directory: Path) -> Service:
    """The processes of the lane's services, and the one that they are forked from: they have its command line."""
    home = directory / "kubelet"
    return Service("fork_server", home, (*FORK_SERVER, str(home)))


def pinned_versions() -> dict[str, str]:
    """Versions of the programs that create a lane now."""
    return {
        "engine": ENGINE.value,
        "kubernetes": KUBERNETES_PATCH.value,
        "etcd": ETCD.value,
        "kwok": KWOK.value,
    }


def _record(directory: Path) -> Path:
    return directory / "lane.json"

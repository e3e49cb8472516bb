"""What application programs are made of: components that comply with everything the platform requires.

A component takes one frozen dataclass of arguments, and a typed model for each concern in it.
"""

from shared.applications.long_running import Spread
from shared.applications.probes import CommandProbe, HttpProbe, Probes
from shared.applications.routes import HealthCheck, Route
from shared.applications.task import CronTask, CronTaskArgs, Task, TaskArgs
from shared.applications.volumes import ClaimedVolume, EmptyDirectory, ExistingClaim, SecretFiles
from shared.applications.web_application import WebApplication, WebApplicationArgs
from shared.applications.worker import Worker, WorkerArgs
from shared.applications.workload import InitContainer, SecretKey

__all__ = [
    "ClaimedVolume",
    "CommandProbe",
    "CronTask",
    "CronTaskArgs",
    "EmptyDirectory",
    "ExistingClaim",
    "HealthCheck",
    "HttpProbe",
    "InitContainer",
    "Probes",
    "Route",
    "SecretFiles",
    "SecretKey",
    "Spread",
    "Task",
    "TaskArgs",
    "WebApplication",
    "WebApplicationArgs",
    "Worker",
    "WorkerArgs",
]

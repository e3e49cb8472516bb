"""Work that ends: a task runs once for each change, a cron task by the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.meta import v1 as meta

from shared.applications.arguments import invalid
from shared.applications.shutdown import grace_without_requests
from shared.applications.workload import PodShape, Workload, WorkloadArgs
from shared.errors import nearest

TASK_LABEL = "app.kubernetes.io/component"
"""On pods of tasks, in place of the application's name: the Service of a web application selects pods by that."""

_SPARE_SECONDS = 60
"""Added to a task's deadline, so that the failure is reported by the Job, with its reason."""
_DAY_SECONDS = 24 * 60 * 60
_MOST_KEPT = 10
"""Most that tier 2's admission policy `workloads-history` allows."""
_FIELD = r"[0-9A-Za-z*/,\-?]+"
_SCHEDULE = re.compile(rf"{_FIELD}( {_FIELD}){{4}}|@(hourly|daily|midnight|weekly|monthly|yearly|annually)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class TaskArgs(WorkloadArgs):
    retries: int = 2
    """Pods that may fail before the task has failed. Pods evicted from their node do not count."""
    deadline_seconds: int = 600
    """Time after which a task that still runs has failed, retries included."""
    delete_after_seconds: int | None = None
    """Time after its end until Kubernetes deletes the Job and its pods. `None`: it is kept until the next run. A
    deleted task runs again when the stack is refreshed and deployed, so set this only if that does no harm."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.retries < 0:
            raise invalid(f"retries ({self.retries}) is negative", hint="set retries to 0 or more")
        if self.deadline_seconds < 1:
            raise invalid(f"deadline_seconds ({self.deadline_seconds}) is less than 1", hint="raise deadline_seconds")
        # Validated here, while the caller's line is on the stack.
        _ = self.grace_seconds

    @property
    def grace_seconds(self) -> int:
        return grace_without_requests(exit_seconds=self.exit_seconds)


@dataclass(frozen=True, kw_only=True)
class CronTaskArgs(TaskArgs):
    schedule: str
    """`minute hour day month weekday`, or `@daily` and the like."""
    time_zone: str = "Etc/UTC"
    """Of `schedule`, as in the IANA database."""
    start_within_seconds: int = 300
    """A run that cannot start within this time is skipped."""
    successful_kept: int = 3
    """Successful runs whose Jobs, pods and logs are kept."""
    failed_kept: int = 3
    """Failed runs whose Jobs, pods and logs are kept."""
    suspended: bool = False
    """Whether no further runs start."""
    delete_after_seconds: int | None = _DAY_SECONDS
    """Time after its end until Kubernetes deletes a run; `None`: `successful_kept` and `failed_kept` decide alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _SCHEDULE.fullmatch(self.schedule):
            raise invalid(
                f"schedule {self.schedule!r} is not `minute hour day month weekday`, such as '30 2 * * *'",
                hint="correct schedule; the time zone is an argument of its own",
            )
        zones = available_timezones()
        if zones and self.time_zone not in zones:
            raise invalid(
                f"time_zone {self.time_zone!r} is not in the IANA database{nearest(self.time_zone, zones)}",
                hint="use a name such as Europe/Berlin",
            )
        for name in ("successful_kept", "failed_kept"):
            if not 0 <= getattr(self, name) <= _MOST_KEPT:
                raise invalid(
                    f"{name} ({getattr(self, name)}) must be at least 0 and at most {_MOST_KEPT}", hint=f"lower {name}"
                )


class _Ending(Workload):
    """Base of the components with Jobs."""

    def _job_spec(self, args: TaskArgs) -> batch.JobSpecArgs:
        shape = PodShape(grace_seconds=args.grace_seconds, restart_policy="Never")
        evicted = batch.PodFailurePolicyOnPodConditionsPatternArgs(type="DisruptionTarget", status="True")
        return batch.JobSpecArgs(
            backoff_limit=args.retries,
            active_deadline_seconds=args.deadline_seconds,
            ttl_seconds_after_finished=args.delete_after_seconds,
            pod_failure_policy=batch.PodFailurePolicyArgs(
                rules=[batch.PodFailurePolicyRuleArgs(action="Ignore", on_pod_conditions=[evicted])]
            ),
            template=self._pod_template(shape),
        )


class Task(_Ending):
    """A Job and its ConfigMap. The deployment waits until the Job is complete.

    A Job cannot be changed, so that every change of the image, the configuration or another argument creates a new one,
    and then deletes the old one. Use `depends_on` to run a task, such as a migration, before an application is updated.
    """

    job_name: pulumi.Output[str]

    def __init__(self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # A Job's name has at most 63 characters; Pulumi adds nine.
        super().__init__("Task", name, args, opts, name_label=TASK_LABEL, longest_name=54)
        limit = pulumi.CustomTimeouts(create=f"{args.deadline_seconds + _SPARE_SECONDS}s")
        job = batch.Job(
            name,
            # Auto-named, so that a new Job can exist beside the old one.
            metadata=meta.ObjectMetaArgs(namespace=self.namespace, labels=self._labels),
            spec=self._job_spec(args),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(custom_timeouts=limit)),
        )
        self.job_name = job.metadata.name.apply(str)
        self.register_outputs({"job_name": self.job_name})


class CronTask(_Ending):
    """A CronJob and its ConfigMap. A run that is still active when the next one is due goes on, and that one is
    skipped. Changes apply to the next run."""

    def __init__(self, name: str, args: CronTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # Source: Kubernetes, "CronJob": the controller adds eleven characters to the name of a Job.
        super().__init__("CronTask", name, args, opts, name_label=TASK_LABEL, longest_name=52)
        batch.CronJob(
            name,
            metadata=self._metadata(),
            spec=batch.CronJobSpecArgs(
                schedule=args.schedule,
                time_zone=args.time_zone,
                concurrency_policy="Forbid",
                starting_deadline_seconds=args.start_within_seconds,
                successful_jobs_history_limit=args.successful_kept,
                failed_jobs_history_limit=args.failed_kept,
                suspend=args.suspended,
                job_template=batch.JobTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(labels=self._labels), spec=self._job_spec(args)
                ),
            ),
            opts=self._child,
        )
        self.register_outputs({"namespace": self.namespace})

"""How a pod leaves its load balancer without dropping requests."""

from __future__ import annotations

from dataclasses import dataclass

from shared.kubernetes_labels import LONGEST_GRACE_SECONDS
from shared.program_errors import ProgramInputError

DEREGISTRATION_MARGIN_SECONDS = 15
"""Time from the deletion of a pod until no load balancer node sends it new requests: the controller has to deregister
the target, and AWS has to propagate that. A generous estimate; no upper bound is documented."""
EXIT_MARGIN_SECONDS = 5
"""Added to the time a container needs to exit, so that the kubelet does not kill one that is about to exit."""


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """How a pod leaves its load balancer without dropping requests; all times in seconds since its deletion.

    The target group stops new requests within `DEREGISTRATION_MARGIN_SECONDS` and lets running ones finish for
    `deregistration_delay`. The container gets SIGTERM at `pre_stop`, when both have passed, and is killed at `grace`.

    Source: AWS Load Balancer Controller documentation, "Pod readiness gate"; Elastic Load Balancing, "Edit target group
    attributes", deregistration delay; Kubernetes, "Container Lifecycle Hooks".
    """

    deregistration_delay: int
    pre_stop: int
    grace: int


def shutdown(*, longest_request_seconds: int, exit_seconds: int) -> Shutdown:
    """Matching shutdown times for the longest request and the time the application needs to exit after SIGTERM.

    Raises:
        ProgramInputError: `shutdown-out-of-range`.
    """
    pre_stop = DEREGISTRATION_MARGIN_SECONDS + longest_request_seconds
    grace = pre_stop + exit_seconds + EXIT_MARGIN_SECONDS
    if longest_request_seconds < 1 or exit_seconds < 1 or grace > LONGEST_GRACE_SECONDS:
        longest = LONGEST_GRACE_SECONDS - DEREGISTRATION_MARGIN_SECONDS - EXIT_MARGIN_SECONDS
        raise ProgramInputError(
            "shutdown-out-of-range",
            f"longest_request_seconds ({longest_request_seconds}) and exit_seconds ({exit_seconds}) must be at least 1 "
            f"and at most {longest} in total: a pod's longest grace period is {LONGEST_GRACE_SECONDS} seconds",
            at="WebApplicationArgs",
            hint="lower them; use a Job for longer work",
        )
    return Shutdown(deregistration_delay=longest_request_seconds, pre_stop=pre_stop, grace=grace)


def grace_without_requests(*, exit_seconds: int) -> int:
    """The grace period of pods that no load balancer sends requests to.

    Raises:
        ProgramInputError: `shutdown-out-of-range`.
    """
    longest = LONGEST_GRACE_SECONDS - EXIT_MARGIN_SECONDS
    if not 1 <= exit_seconds <= longest:
        raise ProgramInputError(
            "shutdown-out-of-range",
            f"exit_seconds ({exit_seconds}) must be at least 1 and at most {longest}: a pod's longest grace period is "
            f"{LONGEST_GRACE_SECONDS} seconds",
            at="exit_seconds",
            hint="lower it; let the application continue an interrupted piece of work after its restart",
        )
    return exit_seconds + EXIT_MARGIN_SECONDS

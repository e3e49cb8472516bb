"""Workloads: what they leave behind in the API server's storage, which all tenants share."""

from __future__ import annotations

from admission.policy import (
    CLAIM_TEMPLATES,
    CONTAINERS,
    JOB_TEMPLATES,
    POD_TEMPLATES,
    SPEC_CHANGED,
    AdmissionPolicy,
    Rule,
    Validation,
    cel,
    controllers,
)

_MOST_KEPT = 10
"""Kubernetes' default for revisions."""
_MOST_METADATA = 16 * 1024
_MOST_TEXT = 64 * 1024
_COPIERS = controllers("deployment-controller", "statefulset-controller", "cronjob-controller", "job-controller")

HISTORY = AdmissionPolicy(
    name="workloads-history",
    stops="old revisions and finished Jobs that fill the API server's storage",
    source="Kubernetes, Deployments, clean up policy; CronJob, Jobs history limits",
    rules=(
        Rule(group="apps", resources=("deployments", "statefulsets")),
        Rule(group="batch", resources=("cronjobs",)),
    ),
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"dyn(object).spec.?revisionHistoryLimit.orValue({_MOST_KEPT}) <= {_MOST_KEPT}",
            message=f"set revisionHistoryLimit to at most {_MOST_KEPT}",
        ),
        Validation(
            expression=f"dyn(object).spec.?successfulJobsHistoryLimit.orValue({_MOST_KEPT}) <= {_MOST_KEPT} && "
            f"dyn(object).spec.?failedJobsHistoryLimit.orValue({_MOST_KEPT}) <= {_MOST_KEPT}",
            message=f"set successfulJobsHistoryLimit and failedJobsHistoryLimit to at most {_MOST_KEPT}",
        ),
    ),
)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""What `kubectl apply` writes on the workload itself: as long as the workload, and not copied."""


def _size_of_metadata(part: str, *, without: str = "") -> str:
    """CEL for the size of labels and annotations, keys included."""
    maps = (f"{part}.?metadata.?{field}.orValue({{}})" for field in ("annotations", "labels"))
    return " + ".join(
        f"{texts}.filter(key, key != '{without}').map(key, size(key) + size(string({texts}[key]))).sum()"
        for texts in maps
    )


SIZES = AdmissionPolicy(
    name="workloads-size",
    stops="copies of a large template, one for each revision and pod, that fill the API server's storage",
    source="etcd, System limits; Kubernetes, Annotations",
    rules=POD_TEMPLATES,
    conditions={
        "changed": "request.operation == 'CREATE' || dyn(object).spec != dyn(oldObject).spec || "
        "dyn(object).metadata.?annotations != dyn(oldObject).metadata.?annotations || "
        "dyn(object).metadata.?labels != dyn(oldObject).metadata.?labels",
        "not-a-copier": f"!(request.userInfo.username in {cel(_COPIERS)})",
    },
    variables={
        **CONTAINERS,
        **CLAIM_TEMPLATES,
        **JOB_TEMPLATES,
        "templates": "[variables.template] + variables.claim_templates + variables.job_templates",
        "texts": "variables.containers.map(container, "
        "container.?env.orValue([]).map(variable, size(string(variable.?value.orValue('')))).sum() + "
        "container.?command.orValue([]).map(word, size(string(word))).sum() + "
        "container.?args.orValue([]).map(word, size(string(word))).sum()).sum()",
    },
    validations=(
        Validation(
            expression=f"{_size_of_metadata('dyn(object)', without=_LAST_APPLIED)} <= {_MOST_METADATA} && "
            f"variables.templates.all(template, {_size_of_metadata('template')} <= {_MOST_METADATA})",
            message=f"shorten the labels and annotations of the workload and of each of its templates to at most "
            f"{_MOST_METADATA} characters",
        ),
        Validation(
            expression=f"variables.texts <= {_MOST_TEXT}",
            message=f"shorten command, args and env of the workload to at most {_MOST_TEXT} characters: put larger "
            "texts in a ConfigMap and mount it",
        ),
    ),
)

WORKLOADS = (HISTORY, SIZES)

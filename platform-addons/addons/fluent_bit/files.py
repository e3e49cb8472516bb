"""Fluent Bit configuration files in classic mode, for the agent on nodes and for Fargate's log router.

Records are routed by namespace label, which tenants cannot change, and never by content: the output of a pod stays in
the fields `log` and `data`. No `aws` filter, which needs instance metadata, as pods cannot reach it.

Source: Fluent Bit manual, "Classic mode", and the page of each plug-in; of Fargate EKS user guide, "Start AWS Fargate
logging for your cluster".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.kubernetes_labels import TENANT_LABEL
from shared.log_groups import fargate_log_group, platform_log_group, tenant_log_group

STATE = "/var/fluent-bit/state"
"""On the node, so that a new pod continues where the old one stopped."""
HEALTH_PORT = 2020

_NAMESPACE, _POD, _CONTAINER = (f"$kubernetes['{key}']" for key in ("namespace_name", "pod_name", "container_name"))
_FILES = "var.log.containers."
"""The directory of container log files as it appears in tags."""


@dataclass(frozen=True, kw_only=True)
class Section:
    kind: str
    """`SERVICE`, `INPUT`, `FILTER`, `OUTPUT` or `PARSER`."""
    entries: Mapping[str, str | int]

    def text(self) -> str:
        width = max(map(len, self.entries))
        return "\n".join([f"[{self.kind}]", *(f"    {key:<{width}} {value}" for key, value in self.entries.items())])


def written(*sections: Section) -> str:
    return "\n\n".join(section.text() for section in sections) + "\n"


def agent_files(*, cluster_name: str, region: str) -> dict[str, str]:
    """Files of the agent on every node."""
    return {
        "fluent-bit.conf": written(
            _service(), _container_files(), *_agent_filters(), *_agent_outputs(cluster_name, region)
        ),
        "parsers.conf": written(_klog()),
    }


def fargate_files(*, cluster_name: str, region: str) -> dict[str, str]:
    """Files of Fargate's router, which has its own `SERVICE` and `INPUT` and accepts at most 5300 characters."""
    return {
        "filters.conf": written(
            Section(kind="FILTER", entries={"Name": "parser", "Match": "*", "Key_Name": "log", "Parser": "cri-line"}),
            Section(kind="FILTER", entries=_metadata(match="kube.*")),
        ),
        "output.conf": written(
            _output(
                "kube.*",
                {
                    "region": region,
                    "log_group_name": fargate_log_group(cluster_name),
                    "log_stream_prefix": "pods-",
                    "auto_create_group": "Off",
                },
            )
        ),
        "parsers.conf": written(_cri_line()),
        # The router's own logs would go to a group that AWS creates without retention.
        "flb_log_cw": "false",
    }


def _service() -> Section:
    return Section(
        kind="SERVICE",
        entries={
            "Flush": 5,
            "Grace": 30,
            "Daemon": "Off",
            "Log_Level": "warn",
            "Parsers_File": "parsers.conf",
            "HTTP_Server": "On",
            # The kubelet probes the pod's address.
            "HTTP_Listen": "0.0.0.0",  # noqa: S104 - inside the pod's own network
            "HTTP_Port": HEALTH_PORT,
            "Health_Check": "On",
            "HC_Errors_Count": 10,
            "HC_Retry_Failure_Count": 10,
            "HC_Period": 60,
            "scheduler.base": 5,
            "scheduler.cap": 300,
            "storage.path": f"{STATE}/chunks/",
            "storage.sync": "normal",
            "storage.checksum": "On",
            # Chunks of about 2 MB in memory at the same time: most of the pod's memory limit.
            "storage.max_chunks_up": 48,
            "storage.backlog.mem_limit": "16M",
        },
    )


def _container_files() -> Section:
    return Section(
        kind="INPUT",
        entries={
            "Name": "tail",
            "Tag": "kube.*",
            "Path": "/var/log/containers/*.log",
            # Joins lines that the container runtime has split.
            "multiline.parser": "docker, cri",
            "DB": f"{STATE}/positions.db",
            "DB.locking": "true",
            # The log files are the buffer: if memory is full, reading pauses.
            "storage.type": "memory",
            "Mem_Buf_Limit": "16MB",
            "Buffer_Max_Size": "256k",
            "Skip_Long_Lines": "On",
            "Refresh_Interval": 10,
            "Rotate_Wait": 30,
            # Also read logs of pods that finished before the agent started.
            "Read_from_Head": "On",
        },
    )


def _metadata(*, match: str) -> dict[str, str | int]:
    return {
        "Name": "kubernetes",
        "Match": match,
        # JSON output of a pod is stored below one key; otherwise it could overwrite the fields used for routing.
        "Merge_Log": "On",
        "Merge_Log_Key": "data",
        "Keep_Log": "Off",
        # Pod annotations must not control how its logs are processed.
        "K8S-Logging.Parser": "Off",
        "K8S-Logging.Exclude": "Off",
        "Annotations": "Off",
        "Buffer_Size": 0,
        "Kube_Meta_Cache_TTL": "300s",
    }


def _agent_filters() -> tuple[Section, ...]:
    tenant = f"$kubernetes_namespace['labels']['{TENANT_LABEL}']"
    return (
        Section(
            kind="FILTER",
            entries={
                **_metadata(match="kube.*"),
                "Kube_URL": "https://kubernetes.default.svc:443",
                "Kube_Tag_Prefix": f"kube.{_FILES}",
                "Use_Kubelet": "Off",
                "Namespace_Labels": "On",
                "Namespace_Annotations": "Off",
            },
        ),
        Section(
            kind="FILTER",
            entries={
                "Name": "rewrite_tag",
                "Match": "kube.*",
                "Rule": f"{tenant} ^.+$ tenant.{_NAMESPACE}.{_POD}.{_CONTAINER} false",
                "Emitter_Name": "tenants",
                # Buffered on disk, so that one tenant's high log volume does not block the others.
                "Emitter_Storage.type": "filesystem",
            },
        ),
        # Only platform records still have the old tag.
        Section(
            kind="FILTER",
            entries={
                "Name": "parser",
                "Match": "kube.*",
                "Key_Name": "log",
                "Parser": "klog",
                "Reserve_Data": "On",
                "Preserve_Key": "On",
            },
        ),
    )


def _agent_outputs(cluster_name: str, region: str) -> tuple[Section, ...]:
    to_platform: dict[str, str | int] = {
        "region": region,
        "log_group_name": platform_log_group(cluster_name),
        "log_stream_template": f"{_NAMESPACE}.{_POD}.{_CONTAINER}",
        "log_stream_prefix": "unnamed-",
        # A group created by the agent would have no retention, and conflict with the stack that creates it.
        "auto_create_group": "Off",
        "Retry_Limit": 10,
    }
    to_tenants = {
        **to_platform,
        "log_group_template": tenant_log_group(cluster_name, _NAMESPACE),
        # On the node's disk; the oldest chunks are dropped first.
        "storage.total_limit_size": "256M",
    }
    return (
        _output("tenant.*", to_tenants),
        _output("kube.*", to_platform),
    )


def _output(match: str, entries: Mapping[str, str | int]) -> Section:
    return Section(kind="OUTPUT", entries={"Name": "cloudwatch_logs", "Match": match, **entries})


def _klog() -> Section:
    """Lines of Kubernetes' own components, e.g. `W0612 07:41:12.011237       1 main.go:305] message`."""
    return Section(
        kind="PARSER",
        entries={
            "Name": "klog",
            "Format": "regex",
            "Regex": r"^(?<level>[IWEF])\d{4} \S+ +\d+ (?<source>[^\]]+)\] (?<message>.*)$",
        },
    )


def _cri_line() -> Section:
    """A line in the container runtime's format: time, stream, full or partial, and the container's output."""
    return Section(
        kind="PARSER",
        entries={
            "Name": "cri-line",
            "Format": "regex",
            "Regex": r"^(?<time>\S+) (?<stream>stdout|stderr) (?<part>[FP]) (?<log>.*)$",
            "Time_Key": "time",
            "Time_Format": "%Y-%m-%dT%H:%M:%S.%L%z",
        },
    )

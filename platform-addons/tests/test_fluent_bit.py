"""Fluent Bit: where what pods print goes, what it may do in AWS and in the cluster, how it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, run_program
from shared.versions import FLUENT_BIT_IMAGE
from tests.fluent_bit_files import ReadSection, missing_parsers, named, pattern, read

NAME = "fluent-bit"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PLATFORM_GROUP = "/eks/eks-cluster-dev/platform"


def files(run: Run) -> dict[str, str]:
    return run.one("kubernetes:core/v1:ConfigMap", "fluent-bit-config").inputs["data"]


def main_file(run: Run) -> list[ReadSection]:
    return read(files(run)["fluent-bit.conf"])


def outputs(run: Run) -> dict[str, dict[str, str]]:
    """By the tags that they take."""
    return {section.entries["match"]: section.entries for section in main_file(run) if section.kind == "OUTPUT"}


def pod(run: Run) -> dict[str, Any]:
    return run.one(DAEMON_SET, NAME).inputs["spec"]["template"]["spec"]


def container(run: Run) -> dict[str, Any]:
    (only,) = pod(run)["containers"]
    return only


def egress(run: Run) -> list[dict[str, Any]]:
    return run.one(NETWORK_POLICY, "fluent-bit-network").inputs["spec"]["egress"]


def test_its_configuration_is_one_that_it_takes(dev: Run) -> None:
    assert set(files(dev)) == {"fluent-bit.conf", "parsers.conf"}
    sections = main_file(dev)
    assert [(section.kind, section.name) for section in sections] == [
        ("SERVICE", ""),
        ("INPUT", "tail"),
        ("FILTER", "kubernetes"),
        ("FILTER", "rewrite_tag"),
        ("FILTER", "parser"),
        ("OUTPUT", "cloudwatch_logs"),
        ("OUTPUT", "cloudwatch_logs"),
    ]
    assert missing_parsers(sections, read(files(dev)["parsers.conf"])) == set()


def test_a_tenants_pods_go_to_their_namespaces_group_and_all_others_to_the_platforms(dev: Run) -> None:
    rule = named(main_file(dev), "FILTER", "rewrite_tag")["rule"].split(" ")
    assert rule == [
        "$kubernetes_namespace['labels']['platform.internal/tenant']",
        "^.+$",
        "tenant.$kubernetes['namespace_name'].$kubernetes['pod_name'].$kubernetes['container_name']",
        "false",
    ]
    found = outputs(dev)
    assert set(found) == {"tenant.*", "kube.*"}
    group = found["tenant.*"]["log_group_template"]
    assert group == "/eks/eks-cluster-dev/tenants/$kubernetes['namespace_name']"
    assert "log_group_template" not in found["kube.*"]
    assert {output["log_group_name"] for output in found.values()} == {PLATFORM_GROUP}


def test_it_makes_no_group_and_the_platforms_own_ends_and_is_encrypted(dev: Run, project: Path) -> None:
    assert {output["auto_create_group"] for output in outputs(dev).values()} == {"Off"}
    group = dev.one(LOG_GROUP, "platform-pods").inputs
    assert (group["name"], group["retentionInDays"]) == (PLATFORM_GROUP, 30)
    assert group["kmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
    longer = run_program(project, stack="dev", config={"fluent_bit_retention_days": 365})
    assert longer.one(LOG_GROUP, "platform-pods").inputs["retentionInDays"] == 365


def test_nothing_that_a_pod_prints_or_is_annotated_with_decides_where_it_goes(dev: Run) -> None:
    metadata = named(main_file(dev), "FILTER", "kubernetes")
    # Without a key of its own, JSON that is printed could overwrite the fields that are routed by.
    assert (metadata["merge_log"], metadata["merge_log_key"]) == ("On", "data")
    assert (metadata["k8s-logging.parser"], metadata["k8s-logging.exclude"]) == ("Off", "Off")
    assert (metadata["namespace_labels"], metadata["use_kubelet"]) == ("On", "Off")


def test_lines_that_the_runtime_cut_are_put_together(dev: Run) -> None:
    tail = named(main_file(dev), "INPUT", "tail")
    assert tail["path"] == "/var/log/containers/*.log"
    assert tail["multiline.parser"] == "docker, cri"
    # The filter finds pod and namespace in what is left of the tag.
    prefix = named(main_file(dev), "FILTER", "kubernetes")["kube_tag_prefix"]
    assert prefix == tail["tag"].replace("*", "var.log.containers.")


def test_what_it_may_hold_has_an_end_in_memory_and_on_disk(dev: Run) -> None:
    assert named(main_file(dev), "INPUT", "tail")["mem_buf_limit"] == "16MB"
    assert named(main_file(dev), "FILTER", "rewrite_tag")["emitter_storage.type"] == "filesystem"
    assert outputs(dev)["tenant.*"]["storage.total_limit_size"] == "256M"
    assert {output["retry_limit"] for output in outputs(dev).values()} == {"10"}
    (service,) = [section.entries for section in main_file(dev) if section.kind == "SERVICE"]
    # Chunks are of some 2 MB.
    assert int(service["storage.max_chunks_up"]) * 2 + 16 + 16 < 256
    assert int(service["grace"]) < pod(dev)["terminationGracePeriodSeconds"]


def test_it_finds_its_region_without_instance_metadata(dev: Run) -> None:
    assert {output["region"] for output in outputs(dev).values()} == {"us-east-1"}
    assert container(dev)["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]
    assert "aws" not in {section.name for section in main_file(dev)}


def test_it_reads_the_lines_of_kubernetes_own_components(dev: Run) -> None:
    (klog,) = read(files(dev)["parsers.conf"])
    found = pattern(klog).match("W0612 07:41:12.011237       1 main.go:305] cannot reach it: [1]")
    assert found is not None
    assert found.groupdict() == {"level": "W", "source": "main.go:305", "message": "cannot reach it: [1]"}
    assert pattern(klog).match("Warning: something else") is None
    # A line of another form stays as it is.
    filtered = named(main_file(dev), "FILTER", "parser")
    assert (filtered["reserve_data"], filtered["preserve_key"]) == ("On", "On")


def test_in_aws_it_writes_to_the_groups_of_this_clusters_pods_and_does_nothing_else(dev: Run) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", NAME).inputs
    assert policy["role"] == "eks-fluent-bit-dev"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "WritePodLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/eks/eks-cluster-dev/*",
        }
    ]


def test_only_its_own_service_account_may_assume_the_role(dev: Run) -> None:
    role = dev.one("aws:iam/role:Role", NAME).inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    subjects = {key: value for key, value in statement["Condition"]["StringEquals"].items() if key.endswith(":sub")}
    assert list(subjects.values()) == ["system:serviceaccount:logging:fluent-bit"]
    account = dev.one("kubernetes:core/v1:ServiceAccount", NAME).inputs
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eks-fluent-bit-dev"
    }
    assert account["automountServiceAccountToken"] is False
    assert dev.outputs["role_arns"][NAME] == "arn:aws:iam::123456789012:role/eks-fluent-bit-dev"


def test_in_the_cluster_it_reads_namespaces_and_pods_and_nothing_else(dev: Run) -> None:
    assert dev.one(f"{RBAC}:ClusterRole", NAME).inputs["rules"] == [
        {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["get", "list", "watch"]}
    ]
    bound = dev.one(f"{RBAC}:ClusterRoleBinding", NAME).inputs
    assert bound["roleRef"]["name"] == NAME
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "logging"}]


def test_nobody_is_given_anything_in_its_namespace(dev: Run) -> None:
    in_logging = [
        binding.name
        for binding in dev.registered(f"{RBAC}:RoleBinding")
        if binding.inputs["metadata"]["namespace"] == "logging"
    ]
    assert in_logging == []
    labels = dev.one("kubernetes:core/v1:Namespace", "logging").inputs["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/managed-by": "platform", "pod-security.kubernetes.io/enforce": "privileged"}


def test_it_is_root_without_capabilities_on_a_file_system_that_it_cannot_write(dev: Run) -> None:
    assert pod(dev)["securityContext"] == {
        "runAsNonRoot": False,
        "runAsUser": 0,
        "runAsGroup": 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(dev)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(dev)["resources"] == {
        "requests": {"cpu": "50m", "memory": "100Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    }
    assert container(dev)["image"] == FLUENT_BIT_IMAGE.value
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod(dev).keys()


def test_of_the_node_it_reads_logs_and_writes_its_own_state(dev: Run) -> None:
    of_node = {volume["name"]: volume["hostPath"] for volume in pod(dev)["volumes"] if "hostPath" in volume}
    assert of_node == {
        "logs": {"path": "/var/log", "type": "Directory"},
        "state": {"path": "/var/fluent-bit/state", "type": "DirectoryOrCreate"},
    }
    mounts = {mount["name"]: mount for mount in container(dev)["volumeMounts"]}
    assert mounts["logs"] == {"name": "logs", "mountPath": "/var/log", "readOnly": True}
    assert mounts["config"]["readOnly"] is True
    (writable,) = [name for name, mount in mounts.items() if not mount.get("readOnly")]
    assert writable == "state"
    state = mounts["state"]["mountPath"]
    (service,) = [section.entries for section in main_file(dev) if section.kind == "SERVICE"]
    assert named(main_file(dev), "INPUT", "tail")["db"].startswith(f"{state}/")
    assert service["storage.path"].startswith(f"{state}/")


def test_it_runs_on_every_node_before_what_tenants_run(dev: Run) -> None:
    daemon_set = dev.one(DAEMON_SET, NAME).inputs
    assert daemon_set["metadata"]["namespace"] == "logging"
    assert daemon_set["metadata"]["labels"]["k8s-app"] == "fluent-bit-logging"
    assert pod(dev)["tolerations"] == [{"operator": "Exists"}]
    assert pod(dev)["nodeSelector"] == {"kubernetes.io/os": "linux"}
    # It tolerates Fargate's taint too, and would wait there for ever.
    (term,) = pod(dev)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"] == [
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]}
    ]
    assert pod(dev)["priorityClassName"] == "platform-agent"
    assert pod(dev)["serviceAccountName"] == NAME
    assert daemon_set["spec"]["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}


def test_the_kubelet_asks_the_port_that_it_answers_on(dev: Run) -> None:
    (service,) = [section.entries for section in main_file(dev) if section.kind == "SERVICE"]
    assert (service["http_server"], service["health_check"]) == ("On", "On")
    port = int(service["http_port"])
    assert container(dev)["livenessProbe"]["httpGet"] == {"path": "/", "port": port}
    assert container(dev)["readinessProbe"]["httpGet"] == {"path": "/api/v1/health", "port": port}


def test_another_configuration_rolls_its_pods_and_the_same_one_does_not(dev: Run, project: Path) -> None:
    def checksum(run: Run) -> str:
        annotations = run.one(DAEMON_SET, NAME).inputs["spec"]["template"]["metadata"]["annotations"]
        return annotations["platform.internal/config-checksum"]

    other = run_program(
        project, stack="dev", upstream=lambda _: contract_outputs(Infrastructure, cluster_name="eks-cluster-other")
    )
    assert checksum(other) != checksum(dev)
    same = run_program(project, stack="dev", config={"fluent_bit_retention_days": 365})
    assert checksum(same) == checksum(dev)


def test_nobody_reaches_it_and_it_reaches_names_and_https(dev: Run) -> None:
    denial = dev.one(NETWORK_POLICY, "default-deny-logging-network").inputs
    assert denial["metadata"]["namespace"] == "logging"
    assert denial["spec"]["podSelector"] == {}
    own = dev.one(NETWORK_POLICY, "fluent-bit-network").inputs["spec"]
    assert own["podSelector"] == {"matchLabels": {"k8s-app": "fluent-bit-logging"}}
    assert own["ingress"] == []
    assert [sorted({port["port"] for port in rule["ports"]}) for rule in egress(dev)] == [[53], [443]]


def test_with_pod_identity_it_reaches_the_agent_on_its_node(project: Path) -> None:
    run = run_program(
        project, stack="dev", upstream=lambda _: contract_outputs(Infrastructure, workload_identity="pod-identity")
    )
    association = run.one("aws:eks/podIdentityAssociation:PodIdentityAssociation", NAME).inputs
    assert (association["namespace"], association["serviceAccount"]) == ("logging", NAME)
    assert egress(run)[-1] == {
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }


def test_it_starts_once_its_rights_its_rails_and_its_group_are_there(dev: Run) -> None:
    needed = [
        dev.one("aws:iam/rolePolicy:RolePolicy", NAME),
        dev.one(f"{RBAC}:ClusterRoleBinding", NAME),
        dev.one(NETWORK_POLICY, "default-deny-logging-network"),
        dev.one("kubernetes:core/v1:Namespace", "logging"),
        dev.one(LOG_GROUP, "platform-pods"),
        dev.one("kubernetes:scheduling.k8s.io/v1:PriorityClass", "platform-agent"),
    ]
    assert [each.name for each in needed if not dev.comes_after(dev.one(DAEMON_SET, NAME), each)] == []


@pytest.mark.parametrize("days", [31, 0, True, "for ever"])
def test_only_what_cloudwatch_can_keep_is_taken(project: Path, days: object) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config={"fluent_bit_retention_days": days})
    assert refused.value.code == "settings-invalid"
    assert "fluent_bit_retention_days" in refused.value.what


def test_switched_off_it_leaves_nothing(project: Path) -> None:
    run = run_program(project, stack="dev", config={"fluent_bit_enabled": False})
    assert [each.name for each in run.resources if NAME in each.name or each.name in ("logging", "platform-pods")] == []
    assert NAME not in run.outputs["addons"]

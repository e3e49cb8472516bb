"""The reusable web application: what an app team gets for an image and a host, and what it is refused."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from shared.applications import CommandProbe, HttpProbe, Probes, WebApplication, WebApplicationArgs
from shared.applications.shutdown import DEREGISTRATION_MARGIN_SECONDS
from shared.contracts import Tenant, consume
from shared.errors import PlatformError
from shared.kubernetes_labels import BUDGET_LABEL, LONGEST_GRACE_SECONDS
from shared.providers import kubernetes_provider
from shared.testing import Run, contract_outputs, run_program

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/x"
ALB = "alb.ingress.kubernetes.io"


def application(*, tenant: dict[str, Any] | None = None, preview: bool = False, **args: Any) -> Run:
    def program() -> None:
        contract = consume(Tenant, stack="dev.tenant-a")
        provider = kubernetes_provider(
            kubeconfig=contract.kubeconfig, cluster_arn=contract.cluster_arn, context=contract.cluster_name
        )
        web = WebApplication(
            "web",
            WebApplicationArgs(tenant=contract, image="registry.k8s.io/web:1", **args),
            pulumi.ResourceOptions(provider=provider),
        )
        pulumi.export("url", web.url)

    return run_program(program, preview=preview, upstream=lambda _: contract_outputs(Tenant, **(tenant or {})))


def pod(run: Run) -> dict[str, Any]:
    return run.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]


def container(run: Run) -> dict[str, Any]:
    (only,) = pod(run)["containers"]
    return only


def test_its_pods_meet_pod_securitys_restricted_profile() -> None:
    run = application()
    assert pod(run)["securityContext"]["runAsNonRoot"] is True
    assert pod(run)["securityContext"]["runAsUser"] > 0
    assert pod(run)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(run)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "nodeName", "volumes"} & pod(run).keys()
    for probe in ("readinessProbe", "livenessProbe"):
        assert container(run)[probe]["httpGet"] == {"path": "/", "port": 8080}


def test_its_pods_use_the_tenants_account_and_get_no_token_by_default() -> None:
    assert pod(application())["serviceAccountName"] == "tenant"
    assert pod(application())["automountServiceAccountToken"] is False
    assert pod(application(automount_service_account_token=True))["automountServiceAccountToken"] is True


def test_requests_and_limits_are_set_so_that_the_autoscaler_can_count() -> None:
    run = application(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1", "memory": "2Gi"})
    assert container(run)["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "2Gi"},
    }


def test_pods_spread_over_zones_and_nodes() -> None:
    constraints = pod(application())["topologySpreadConstraints"]
    assert [c["topologyKey"] for c in constraints] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    for constraint in constraints:
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert constraint["labelSelector"] == {"matchLabels": {"app.kubernetes.io/name": "web"}}


def test_one_port_goes_all_the_way() -> None:
    run = application(port=9000, tenant={"web_ports": [8080, 9000]})
    (service,) = run.one("kubernetes:core/v1:Service").inputs["spec"]["ports"]
    (of_container,) = container(run)["ports"]
    assert service["port"] == service["targetPort"] == of_container["containerPort"] == 9000
    assert container(run)["readinessProbe"]["httpGet"]["port"] == 9000
    (path,) = run.one(INGRESS).inputs["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "web", "port": {"name": service["name"]}}


def test_the_container_is_told_its_port() -> None:
    run = application(port=9000, tenant={"web_ports": [9000]})
    assert container(run)["env"] == [{"name": "PORT", "value": "9000"}]


def test_probes_ask_for_what_the_application_says() -> None:
    probes = Probes(
        ready=HttpProbe(path="/ready"),
        live=CommandProbe(command=["check"], timeout_seconds=5),
        startup=HttpProbe(path="/ready", period_seconds=2, failures=60),
    )
    run = application(probes=probes)
    rates = {"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 3}
    ready = {"httpGet": {"path": "/ready", "port": 8080}}
    assert container(run)["readinessProbe"] == {**ready, **rates}
    assert container(run)["livenessProbe"] == {"exec": {"command": ["check"]}, **rates, "timeoutSeconds": 5}
    assert container(run)["startupProbe"] == {**ready, **rates, "periodSeconds": 2, "failureThreshold": 60}
    annotations = run.one(INGRESS).inputs["metadata"]["annotations"]
    assert annotations[f"{ALB}/healthcheck-path"] == "/ready"


def test_an_application_may_have_no_liveness_probe() -> None:
    assert "livenessProbe" not in container(application(probes=Probes(live=None)))


def test_a_service_selects_the_pods_of_its_own_deployment() -> None:
    run = application()
    selector = run.one("kubernetes:core/v1:Service").inputs["spec"]["selector"]
    spec = run.one(DEPLOYMENT).inputs["spec"]
    assert spec["selector"]["matchLabels"] == selector
    assert selector.items() <= spec["template"]["metadata"]["labels"].items()
    assert run.one("kubernetes:core/v1:Service").inputs["spec"]["type"] == "ClusterIP"


def test_the_number_of_pods_is_the_autoscalers() -> None:
    run = application(replicas=3, max_replicas=9, cpu_percent=50)
    assert "replicas" not in run.one(DEPLOYMENT).inputs["spec"]
    scaler = run.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    assert scaler["metrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        }
    ]


def test_a_node_can_always_be_drained() -> None:
    budget = application().one(BUDGET).inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget
    # Else pods that never become ready keep their node: kubernetes/kubernetes#72320.
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_budget_selects_one_label_whose_value_is_its_name_so_that_no_two_meet() -> None:
    # kubernetes/kubernetes#75957: pods under two budgets cannot be evicted at all.
    run = application()
    budget, deployment = run.one(BUDGET), run.one(DEPLOYMENT)
    name = budget.inputs["metadata"]["name"]
    assert budget.inputs["spec"]["selector"] == {"matchLabels": {BUDGET_LABEL: name}}
    assert deployment.inputs["spec"]["template"]["metadata"]["labels"][BUDGET_LABEL] == name
    # Immutable: a Deployment of before this label must stay the same one.
    assert deployment.inputs["spec"]["selector"] == {"matchLabels": {"app.kubernetes.io/name": "web"}}
    assert run.comes_after(budget, deployment)


@pytest.mark.parametrize(("longest_request", "exits"), [(30, 15), (240, 60)], ids=["default", "longer"])
def test_a_pod_leaves_the_load_balancer_before_it_stops_and_stops_before_it_is_killed(
    longest_request: int, exits: int
) -> None:
    default = (longest_request, exits) == (30, 15)
    run = application() if default else application(longest_request_seconds=longest_request, exit_seconds=exits)
    attributes = run.one(INGRESS).inputs["metadata"]["annotations"][f"{ALB}/target-group-attributes"]
    draining = int(attributes.removeprefix("deregistration_delay.timeout_seconds="))
    pre_stop = container(run)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert draining == longest_request
    assert pre_stop >= draining + DEREGISTRATION_MARGIN_SECONDS
    assert pod(run)["terminationGracePeriodSeconds"] > pre_stop + exits


def test_the_longest_shutdown_is_the_longest_that_a_tenants_pods_may_ask_for() -> None:
    grace = pod(application(longest_request_seconds=600, exit_seconds=280))["terminationGracePeriodSeconds"]
    assert grace == LONGEST_GRACE_SECONDS


def test_a_change_of_configuration_rolls_the_pods() -> None:
    run = application(config={"COLOUR": "blue"})
    config = run.one("kubernetes:core/v1:ConfigMap")
    assert config.inputs["data"] == {"COLOUR": "blue"}
    assert config.inputs["metadata"]["labels"] == {
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "project",
        "app.kubernetes.io/managed-by": "pulumi",
    }
    # Named anew at every change; the pod template bears the name.
    assert "name" not in config.inputs["metadata"]
    assert container(run)["envFrom"] == [{"configMapRef": {"name": "web-1a2b3c4d"}}]
    assert run.comes_after(run.one(DEPLOYMENT), config)


def test_members_of_secrets_are_environment_variables_too() -> None:
    run = application(secrets=["database", "queue"])
    assert container(run)["envFrom"][1:] == [{"secretRef": {"name": "database"}}, {"secretRef": {"name": "queue"}}]


def test_its_ingress_is_of_the_tenants_class_group_and_host() -> None:
    ingress = application(tenant={"tenant": "tenant-b", "hosts": ["b.example.com"]}).one(INGRESS).inputs
    assert ingress["spec"]["ingressClassName"] == "alb"
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["b.example.com"]
    assert "defaultBackend" not in ingress["spec"]
    assert ingress["metadata"]["annotations"] == {
        f"{ALB}/scheme": "internet-facing",
        f"{ALB}/target-type": "ip",
        f"{ALB}/listen-ports": '[{"HTTP": 80}]',
        f"{ALB}/healthcheck-path": "/",
        f"{ALB}/target-group-attributes": "deregistration_delay.timeout_seconds=30",
        f"{ALB}/group.name": "tenant-b",
    }


def test_its_load_balancer_is_where_the_tenants_file_says() -> None:
    run = application(tenant={"load_balancer_scheme": "internal"}, certificate_arn=CERTIFICATE)
    schemes = [one.inputs["metadata"]["annotations"][f"{ALB}/scheme"] for one in run.registered(INGRESS)]
    assert schemes == ["internal", "internal"]


def test_with_a_certificate_plain_http_of_its_host_is_redirected() -> None:
    run = application(certificate_arn=CERTIFICATE)
    annotations = run.one(INGRESS, "web").inputs["metadata"]["annotations"]
    assert annotations[f"{ALB}/listen-ports"] == '[{"HTTPS": 443}]'
    assert annotations[f"{ALB}/certificate-arn"] == CERTIFICATE
    redirect = run.one(INGRESS, "web-redirect").inputs
    assert redirect["metadata"]["annotations"][f"{ALB}/listen-ports"] == '[{"HTTP": 80}]'
    action = json.loads(redirect["metadata"]["annotations"][f"{ALB}/actions.web"])
    assert action["redirectConfig"] == {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
    (rule,) = redirect["spec"]["rules"]
    assert rule["host"] == "tenant-a.example.com"
    # Of an existing Service, or who waits for the Ingress waits for endpoints that never come.
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "web", "port": {"name": "use-annotation"}}
    assert run.outputs["url"] == "https://tenant-a.example.com/"


def test_a_host_of_the_tenant_may_be_chosen() -> None:
    run = application(host="two.example.com", tenant={"hosts": ["one.example.com", "two.example.com"]})
    assert run.one(INGRESS).inputs["spec"]["rules"][0]["host"] == "two.example.com"
    assert run.outputs["url"] == "http://two.example.com/"


@pytest.mark.parametrize(
    ("args", "tenant", "code", "says"),
    [
        ({"host": "other.example.com"}, {}, "host-not-the-tenants", "tenant-a.example.com"),
        ({"host": "xtenant-a.example.com"}, {}, "host-not-the-tenants", "xtenant-a"),
        ({}, {"hosts": []}, "host-missing", "tenant-a"),
        ({"port": 9000}, {}, "port-not-open", "8080"),
        ({"replicas": 5}, {}, "replicas-out-of-order", "max_replicas (4)"),
        ({"replicas": 0}, {}, "replicas-out-of-order", "replicas (0)"),
        ({"longest_request_seconds": 900}, {}, "shutdown-out-of-range", "longest_request_seconds (900)"),
        ({"longest_request_seconds": 0}, {}, "shutdown-out-of-range", "at least 1"),
        ({"exit_seconds": 851}, {}, "shutdown-out-of-range", "at most 880 in total"),
    ],
    ids=[
        "foreign-host",
        "look-alike-host",
        "no-host",
        "closed-port",
        "replicas",
        "no-replicas",
        "long-request",
        "no-time-for-requests",
        "long-exit",
    ],
)
def test_what_the_tenant_may_not_do_is_refused_with_the_way_to_fix_it(
    args: dict[str, Any], tenant: dict[str, Any], code: str, says: str
) -> None:
    with pytest.raises(PlatformError) as refused:
        application(tenant=tenant, **args)
    assert refused.value.code == code
    assert says in refused.value.what
    assert refused.value.hint


def test_a_foreign_host_is_refused_in_a_preview_too() -> None:
    with pytest.raises(PlatformError) as refused:
        application(host="other.example.com", preview=True)
    assert refused.value.code == "host-not-the-tenants"

"""Services and Ingresses: what of a tenant the outside reaches, and under which names."""

from __future__ import annotations

import json
from collections.abc import Sequence

from admission.policy import HOSTS, SPEC_CHANGED, SPEC_OR_ANNOTATIONS_CHANGED, AdmissionPolicy, Rule, Validation, cel
from shared.kubernetes_labels import HTTPS_REDIRECT, INGRESS_CLASS, LOAD_BALANCER_SCHEME_ANNOTATION, TENANT_LABEL

_SERVICES = (Rule(group="", resources=("services",)),)
_INGRESSES = (Rule(group="networking.k8s.io", resources=("ingresses",)),)

_ALB = "alb.ingress.kubernetes.io/"
INGRESS_ANNOTATIONS = tuple(
    f"{_ALB}{key}"
    for key in (
        "backend-protocol",
        "backend-protocol-version",
        "certificate-arn",
        "group.order",
        "healthcheck-interval-seconds",
        "healthcheck-path",
        "healthcheck-port",
        "healthcheck-protocol",
        "healthcheck-timeout-seconds",
        "healthy-threshold-count",
        "inbound-cidrs",
        "listen-ports",
        "scheme",
        "ssl-policy",
        "ssl-redirect",
        "success-codes",
        "target-group-attributes",
        "target-type",
        "unhealthy-threshold-count",
    )
)
"""What an Ingress may say to the load balancer controller: about its own listeners and its own targets. Left out is
what reaches others' load balancers, target groups, subnets, security groups, buckets and tags.

Source: AWS Load Balancer Controller documentation, "Ingress annotations"."""
_GROUP = f"{_ALB}group.name"
_TOOLS = ("argocd.argoproj.io/", "kubectl.kubernetes.io/", "meta.helm.sh/", "pulumi.com/")
"""Prefixes of annotations that deployment tools write and no controller of the cluster reads."""

TYPES = AdmissionPolicy(
    name="services-types",
    stops="traffic that bypasses the Ingress, and cluster names that lead elsewhere",
    source="Capsule e2e, service_disable_*; Kubernetes issue 97076 (CVE-2020-8554)",
    rules=_SERVICES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="object.spec.?type.orValue('ClusterIP') == 'ClusterIP'",
            detail="'type ' + object.spec.?type.orValue('') + ' is refused'",
            message="use type ClusterIP with an Ingress; to reach an external name, use that name directly",
        ),
        Validation(
            expression="object.spec.?externalIPs.orValue([]).size() == 0",
            message="omit externalIPs: they capture traffic that is meant for others",
        ),
    ),
)

INGRESS_HOSTS = AdmissionPolicy(
    name="ingresses-hosts",
    stops="traffic for another tenant's host, for every host below a domain, or for any host",
    source="Capsule e2e, ingress_hostnames_collision_* and ingress_disable_wildcard; Kyverno policies, "
    "disallow-empty-ingress-host and restrict-ingress-defaultbackend",
    rules=_INGRESSES,
    conditions=SPEC_CHANGED,
    variables={
        **HOSTS,
        "asked": "object.spec.?rules.orValue([]).map(rule, rule.?host.orValue(''))",
        "foreign": "variables.asked.filter(host, !(host in variables.hosts))",
    },
    validations=(
        Validation(
            expression="!('' in variables.asked)",
            message="set `host` in every rule: a rule without a host receives the traffic that no "
            "other Ingress matches",
        ),
        Validation(
            expression="!has(object.spec.defaultBackend)",
            message="omit defaultBackend: it receives the traffic that no other Ingress matches; use "
            "a rule with a host",
        ),
        Validation(
            expression="variables.foreign.size() == 0",
            detail="'host ' + variables.foreign.join(', ') + ' is none of ' + variables.hosts.join(', ')",
            message="use one of the tenant's hosts, complete and without *, or add it to `hosts` in the tenant's file",
        ),
        Validation(
            expression="object.spec.?tls.orValue([]).all(tls, tls.?hosts.orValue([]).size() > 0 && "
            "tls.hosts.all(host, host in variables.hosts))",
            message="set hosts in each entry of `tls`, and only hosts of the tenant",
        ),
    ),
)

INGRESS_CLASSES = AdmissionPolicy(
    name="ingresses-class",
    stops="an Ingress of another class, or of none",
    source="Capsule e2e, ingress_class",
    rules=_INGRESSES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"object.spec.?ingressClassName.orValue('') == '{INGRESS_CLASS}'",
            message=f"set ingressClassName: {INGRESS_CLASS}",
        ),
    ),
)


_ATTRIBUTES = f"{_ALB}load-balancer-attributes"
LOAD_BALANCER_ATTRIBUTES = (
    "client_keep_alive.seconds",
    "idle_timeout.timeout_seconds",
    "routing.http.preserve_host_header.enabled",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "routing.http.xff_client_port.enabled",
    "routing.http.xff_header_processing.mode",
    "routing.http2.enabled",
)
"""What a tenant may set on its own load balancer. Left out is what writes to a bucket, outlives the namespace, or
weakens what the class has set.

Source: Elastic Load Balancing, Application Load Balancers, "Load balancer attributes"."""
_SCHEME = f"{_ALB}scheme"
_SERVICE_ANNOTATIONS = (
    # What Kubernetes and scrapers of metrics read; nothing that names anything else.
    "prometheus.io/path",
    "prometheus.io/port",
    "prometheus.io/scheme",
    "prometheus.io/scrape",
    "service.kubernetes.io/topology-mode",
)


def _refused(allowed: Sequence[str], *, unless: str = "false") -> str:
    """CEL for the keys that are not on a list. One without a domain is a person's note, which no controller reads.

    `unless`: CEL about `key` that allows it besides.
    """
    return (
        "object.metadata.?annotations.orValue({}).filter(key, "
        f"key.contains('/') && !(key in {cel(allowed)}) && !{cel(_TOOLS)}.exists(tool, key.startsWith(tool)) && "
        f"!({unless}))"
    )


def service_annotations(more: Sequence[str]) -> AdmissionPolicy:
    """`more`: keys that the platform team allows besides."""
    return AdmissionPolicy(
        name="services-annotations",
        stops="DNS records for any name, and annotations that an Ingress may not have, because the "
        "load balancer controller reads those of Services too",
        source="kubernetes-sigs/external-dns, issues 3330 and 3565; AWS Load Balancer Controller documentation, "
        "Ingress annotations, merge behaviour",
        rules=_SERVICES,
        conditions=SPEC_OR_ANNOTATIONS_CHANGED,
        variables={"refused": _refused((*INGRESS_ANNOTATIONS, *_SERVICE_ANNOTATIONS, *more))},
        validations=(
            Validation(
                expression="variables.refused.size() == 0",
                detail="'annotation ' + variables.refused.join(', ') + ' is not on the list for Services'",
                message="remove it: Services may have the same annotations as Ingresses, and DNS "
                "records are created for the hosts of Ingresses",
            ),
        ),
    )


def _redirect() -> str:
    """CEL: the annotation `key` is the one allowed action; a `forward` reaches any target group of the account."""
    return f"key.startsWith('{_ALB}actions.') && object.metadata.annotations[key] == {json.dumps(HTTPS_REDIRECT)}"


def ingress_annotations(more: Sequence[str]) -> AdmissionPolicy:
    """`more`: keys that the platform team allows besides."""
    return AdmissionPolicy(
        name="ingresses-annotations",
        stops="a group name that joins another tenant's load balancer, a load balancer that nothing"
        " can reach, or configuration injected into a controller",
        source="AWS Load Balancer Controller documentation, IngressGroup; Kubernetes issue 126811 (CVE-2021-25742)",
        rules=_INGRESSES,
        conditions=SPEC_OR_ANNOTATIONS_CHANGED,
        variables={
            "annotations": "object.metadata.?annotations.orValue({})",
            "group": f"variables.annotations[?'{_GROUP}'].orValue('')",
            "tenant": f"namespaceObject.metadata.labels['{TENANT_LABEL}']",
            "refused": _refused((*INGRESS_ANNOTATIONS, _GROUP, _ATTRIBUTES, *more), unless=_redirect()),
            "scheme": f"variables.annotations[?'{_SCHEME}'].orValue('')",
            "tenants_scheme": f"namespaceObject.metadata.?annotations[?'{LOAD_BALANCER_SCHEME_ANNOTATION}']."
            "orValue('internet-facing')",
            # As the controller reads it: `key=value`, comma-separated.
            "attributes": f"variables.annotations[?'{_ATTRIBUTES}'].orValue('').split(',')."
            "map(pair, pair.split('=')[0].trim())"
            f".filter(key, key != '' && !(key in {cel(LOAD_BALANCER_ATTRIBUTES)}))",
        },
        validations=(
            Validation(
                expression="variables.refused.size() == 0",
                detail="'annotation ' + variables.refused.join(', ') + ' is not on the list for Ingresses'",
                message="remove it; the platform team can allow it for every tenant in "
                "platform-addons:admission_ingress_annotations",
            ),
            Validation(
                expression="variables.group in ['', variables.tenant]",
                detail="'group.name ' + variables.group + ' is not ' + variables.tenant",
                message="set group.name to the name of the tenant: all its Ingresses share one load balancer",
            ),
            Validation(
                # All Ingresses of a group share a scheme, and the network policies admit the subnets of one.
                expression="variables.scheme == variables.tenants_scheme",
                detail="'scheme ' + (variables.scheme == '' ? 'is not set' : variables.scheme) + ', and not ' + "
                "variables.tenants_scheme",
                message="set the annotation scheme to the value of load_balancer_scheme in the tenant's file",
            ),
            Validation(
                expression="variables.attributes.size() == 0",
                detail="'attribute ' + variables.attributes.join(', ') + ' is refused'",
                message=f"load-balancer-attributes may set {', '.join(LOAD_BALANCER_ATTRIBUTES)}",
            ),
        ),
    )


SERVICES = (TYPES, INGRESS_HOSTS, INGRESS_CLASSES)

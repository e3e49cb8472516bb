"""What external-dns may do, in AWS and in the cluster: documents and rules, nothing registered."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_kubernetes.rbac import v1 as rbac

from shared.iam import Statement, policy_document
from shared.rbac import rule

NAME = "external-dns"
NAMESPACE = "external-dns"

RECORD_TYPES = ("A", "AAAA", "TXT")
"""Aliases of load balancers, and the text records that tell whose they are."""


def records_policy(*, partition: str, zone_ids: Sequence[str], domains: Sequence[str], deletes: bool) -> str:
    """Writes records of these types at and below these domains, in these zones; deletes them only where it is told to.

    Zones cannot be listed one by one. The conditions compare every record of a batch.

    Source: external-dns, docs/tutorials/aws.md, "IAM Permissions"; Route 53 developer guide, "Using IAM policy
    conditions for fine-grained access control".
    """
    zones = [f"arn:{partition}:route53:::hostedzone/{zone}" for zone in zone_ids]
    prefix = "route53:ChangeResourceRecordSets"
    names = [name for domain in domains for name in (domain, f"*.{domain}")]
    return policy_document(
        Statement(
            sid="WriteRecords",
            actions=["route53:ChangeResourceRecordSets"],
            resources=zones,
            conditions={
                "ForAllValues:StringLike": {f"{prefix}NormalizedRecordNames": names},
                "ForAllValues:StringEquals": {
                    f"{prefix}RecordTypes": RECORD_TYPES,
                    f"{prefix}Actions": ["CREATE", "UPSERT", *(["DELETE"] if deletes else [])],
                },
                # All of no values is true: a request that says nothing of its records must not pass.
                "Null": {
                    f"{prefix}NormalizedRecordNames": "false",
                    f"{prefix}RecordTypes": "false",
                    f"{prefix}Actions": "false",
                },
            },
        ),
        Statement(sid="ReadRecords", actions=["route53:ListResourceRecordSets"], resources=zones),
        Statement(sid="FindZones", actions=["route53:ListHostedZones"], resources=["*"]),
    )


def cluster_rules() -> list[rbac.PolicyRuleArgs]:
    """Source: external-dns, charts/external-dns/templates/clusterrole.yaml, what source `ingress` reads."""
    return [rule("networking.k8s.io", ("ingresses",))]

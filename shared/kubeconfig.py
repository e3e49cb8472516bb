"""A kubeconfig whose only credential is `aws eks get-token`. It contains no secret, so contracts may include it.

Source: EKS user guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

NAMESPACES_EXTENSION = "platform.internal/namespaces"
"""Extension of a tenant's context with all of its namespaces, which policies compare objects with."""


def kubeconfig(
    *,
    cluster_name: str,
    endpoint: str,
    certificate_authority: str,
    region: str,
    role_arn: str,
    namespaces: Sequence[str] = (),
) -> str:
    """A kubeconfig as JSON text.

    Args:
        certificate_authority: base64-encoded, as EKS returns it.
        role_arn: the role that signs the token; the caller must be allowed to assume it.
        namespaces: a tenant's; the first is the context's default. Empty: the default is `default`.

    Returns:
        One cluster, one user and one context, all named after the cluster.
    """
    context: dict[str, Any] = {"cluster": cluster_name, "user": cluster_name}
    if namespaces:
        extension = {"name": NAMESPACES_EXTENSION, "extension": {"namespaces": list(namespaces)}}
        context |= {"namespace": namespaces[0], "extensions": [extension]}
    arguments = ["eks", "get-token", "--cluster-name", cluster_name, "--region", region, "--output", "json"]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": cluster_name,
            "clusters": [
                {
                    "name": cluster_name,
                    "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority},
                }
            ],
            "contexts": [{"name": cluster_name, "context": context}],
            "users": [
                {
                    "name": cluster_name,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [*arguments, "--role-arn", role_arn],
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
        }
    )


def namespaces_in(text: str) -> list[str]:
    """The namespaces in a kubeconfig of `kubeconfig`; empty if it is not a tenant's, or somebody else wrote it."""
    try:
        contexts = json.loads(text)["contexts"]
        extensions = [each for one in contexts for each in one["context"].get("extensions", [])]
        return [
            namespace
            for one in extensions
            if one["name"] == NAMESPACES_EXTENSION
            for namespace in one["extension"]["namespaces"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def kubeconfig_command(*, cluster_name: str, region: str, role_arn: str, profile: str = "") -> str:
    """The command that adds the same credentials to a user's own kubeconfig.

    Args:
        profile: AWS CLI profile to sign in with, e.g. one of `aws sso login`; empty: the caller's default.
    """
    command = f"aws eks update-kubeconfig --region {region} --name {cluster_name} --role-arn {role_arn}"
    return f"{command} --profile {profile}" if profile else command

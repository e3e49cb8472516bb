"""A kubeconfig whose only credential is `aws eks get-token`. It contains no secret, so contracts may include it.

Source: EKS user guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file".
"""

from __future__ import annotations

import json


def kubeconfig(
    *, cluster_name: str, endpoint: str, certificate_authority: str, region: str, role_arn: str, namespace: str = ""
) -> str:
    """A kubeconfig as JSON text.

    Args:
        certificate_authority: base64-encoded, as EKS returns it.
        role_arn: the role that signs the token; the caller must be allowed to assume it.
        namespace: default namespace of the context; empty: `default`.

    Returns:
        One cluster, one user and one context, all named after the cluster.
    """
    context = {"cluster": cluster_name, "user": cluster_name} | ({"namespace": namespace} if namespace else {})
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


def kubeconfig_command(*, cluster_name: str, region: str, role_arn: str, profile: str = "") -> str:
    """The command that adds the same credentials to a user's own kubeconfig.

    Args:
        profile: AWS CLI profile to sign in with, e.g. one of `aws sso login`; empty: the caller's default.
    """
    command = f"aws eks update-kubeconfig --region {region} --name {cluster_name} --role-arn {role_arn}"
    return f"{command} --profile {profile}" if profile else command

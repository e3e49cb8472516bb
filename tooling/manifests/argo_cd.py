"""The Argo CD `Application` of one overlay.

It has no automated sync and no finalizer: the objects may exist already, and belong to Pulumi until they are handed
over. Its project is the tenant's, so that Argo CD allows it the tenant's namespaces and kinds only.

Source: Argo CD documentation, "Application Specification", "Sync Options".
"""

from __future__ import annotations

from typing import Any

NAMESPACE = "argocd"
"""Namespace of Argo CD itself, where its Applications are."""


def application(*, name: str, tenant: str, namespace: str, repository: str, revision: str, path: str) -> dict[str, Any]:
    """Args:
    repository: URL of the git repository.
    path: of the overlay in it.
    """
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"{tenant}-{name}", "namespace": NAMESPACE},
        "spec": {
            "project": tenant,
            "source": {"repoURL": repository, "targetRevision": revision, "path": path},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {
                # Without the first, Argo CD would keep a copy of the object in an annotation; the last one refuses an
                # object that another Application has.
                "syncOptions": ["ServerSideApply=true", "PruneLast=true", "FailOnSharedResource=true"]
            },
        },
    }

"""EKS add-ons: create, update, delete, look up. Always ACTIVE at once; their objects follow within a second."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from tooling.aws_emulator.eks import versions
from tooling.aws_emulator.eks.addon_catalog import (
    CATALOG,
    catalog_addon,
    checked_version,
    default_version,
    parsed_configuration,
)
from tooling.aws_emulator.eks.operations import found
from tooling.aws_emulator.eks.pod_identity_operations import PodIdentityOperations
from tooling.aws_emulator.eks.records import Addon, Cluster, Document, without_absent
from tooling.aws_emulator.eks.refusals import in_use


class AddonOperations(PodIdentityOperations):
    def create_addon(self) -> ActionResult:
        cluster, entry = self.cluster(), catalog_addon(self.parameter("addonName"))
        self.refuse_unmodelled(("namespaceConfig",))
        if entry.name in cluster.addons:
            in_use("Addon already exists.")
        version = checked_version(entry, self.parameter("addonVersion"), cluster.version)
        role, configuration = self.parameter("serviceAccountRoleArn"), self.parameter("configurationValues")
        parsed_configuration(configuration)
        if role:
            self.check_role(role)
        addon = Addon(
            cluster=cluster.name,
            name=entry.name,
            version=version,
            arn=self.arn(f"addon/{cluster.name}/{entry.name}/{mock_random.uuid4()}"),
            tags=dict(self.parameter("tags") or {}),
            service_account_role=role,
            configuration=configuration,
        )
        self.associate_pod_identities(cluster, addon)
        cluster.addons[addon.name] = addon
        cluster.self_managed_addons.discard(addon.name)
        return ActionResult({"addon": self.addon_document(cluster, addon)})

    def describe_addon(self) -> ActionResult:
        cluster = self.cluster()
        return ActionResult({"addon": self.addon_document(cluster, self.addon(cluster))})

    def update_addon(self) -> ActionResult:
        cluster = self.cluster()
        addon = self.addon(cluster)
        version, role = self.parameter("addonVersion"), self.parameter("serviceAccountRoleArn")
        configuration = self.parameter("configurationValues")
        params: dict[str, str] = {}
        if version:
            addon.version = checked_version(catalog_addon(addon.name), version, cluster.version)
            params["AddonVersion"] = version
        if role:
            self.check_role(role)
            addon.service_account_role = role
            params["ServiceAccountRoleArn"] = role
        if configuration is not None:
            parsed_configuration(configuration)
            addon.configuration = configuration or None
            params["ConfigurationValues"] = configuration
        if self.parameter("podIdentityAssociations") is not None:
            self.release_pod_identities(cluster, addon)
            self.associate_pod_identities(cluster, addon)
            params["PodIdentityAssociations"] = ",".join(addon.pod_identity_associations)
        if self.parameter("resolveConflicts"):
            params["ResolveConflicts"] = self.parameter("resolveConflicts")
        addon.modified_at = utcnow()
        return self.record_update(cluster, "AddonUpdate", params, addon=addon.name)

    def delete_addon(self) -> ActionResult:
        cluster = self.cluster()
        addon = self.addon(cluster)
        document = {**self.addon_document(cluster, addon), "status": "DELETING"}
        self.release_pod_identities(cluster, addon)
        del cluster.addons[addon.name]
        if str(self.parameter("preserve")).lower() == "true":
            cluster.self_managed_addons.add(addon.name)
        return ActionResult({"addon": document})

    def list_addons(self) -> ActionResult:
        return self.page("addons", self.cluster().addons)

    def describe_addon_versions(self) -> ActionResult:
        name, version = self.parameter("addonName"), self.parameter("kubernetesVersion")
        if name is not None:
            catalog_addon(name)
        return ActionResult(
            {
                "addons": [
                    {
                        "addonName": addon.name,
                        "type": addon.kind,
                        "publisher": "eks",
                        "owner": "aws",
                        "defaultNamespace": addon.namespace,
                        "addonVersions": _versions(addon.name) if version in (None, versions.DEFAULT) else [],
                    }
                    for addon in CATALOG.values()
                    if name in (None, addon.name)
                ]
            }
        )

    def addon(self, cluster: Cluster) -> Addon:
        name = self.parameter("addonName")
        return found(cluster.addons, name, f"No addon: {name} found in cluster: {cluster.name}")

    def associate_pod_identities(self, cluster: Cluster, addon: Addon) -> None:
        for wanted in self.parameter("podIdentityAssociations") or []:
            association = self.associate(
                cluster,
                catalog_addon(addon.name).namespace,
                wanted["serviceAccount"],
                wanted["roleArn"],
                owner=addon.arn,
            )
            addon.pod_identity_associations.append(association.id)

    def release_pod_identities(self, cluster: Cluster, addon: Addon) -> None:
        for identity in addon.pod_identity_associations:
            cluster.pod_identity_associations.pop(identity, None)
        addon.pod_identity_associations = []

    def addon_document(self, cluster: Cluster, addon: Addon) -> Document:
        return without_absent(
            {
                "addonName": addon.name,
                "clusterName": addon.cluster,
                "status": "ACTIVE",
                "addonVersion": addon.version,
                "health": {"issues": []},
                "addonArn": addon.arn,
                "createdAt": addon.created_at,
                "modifiedAt": addon.modified_at,
                "serviceAccountRoleArn": addon.service_account_role,
                "tags": addon.tags,
                "configurationValues": addon.configuration,
                "podIdentityAssociations": [
                    cluster.pod_identity_associations[identity].arn for identity in addon.pod_identity_associations
                ],
            }
        )


def _versions(name: str) -> list[Document]:
    version = default_version(name, versions.DEFAULT)
    if version is None:
        return []
    compatibility = {"clusterVersion": versions.DEFAULT, "platformVersions": ["*"], "defaultVersion": True}
    return [{"addonVersion": version, "architecture": ["amd64", "arm64"], "compatibilities": [compatibility]}]

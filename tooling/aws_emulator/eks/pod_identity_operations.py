"""Pod identity associations. Credentials for pods (eks-auth) are not modelled: the lane's containers do not run."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from tooling.aws_emulator.eks.operations import Operations, found
from tooling.aws_emulator.eks.records import Cluster, PodIdentityAssociation
from tooling.aws_emulator.eks.refusals import in_use, invalid_request

_SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")


class PodIdentityOperations(Operations):
    def create_pod_identity_association(self) -> ActionResult:
        association = self.associate(
            self.cluster(), self.parameter("namespace"), self.parameter("serviceAccount"), self.parameter("roleArn")
        )
        association.tags = dict(self.parameter("tags") or {})
        self.take_options(association)
        return ActionResult({"association": association.document()})

    def describe_pod_identity_association(self) -> ActionResult:
        return ActionResult({"association": self.association().document()})

    def update_pod_identity_association(self) -> ActionResult:
        association = self.association()
        self.refuse_owned(association)
        role = self.parameter("roleArn")
        if role:
            self.check_role(role)
            association.role = role
        self.take_options(association)
        association.modified_at = utcnow()
        return ActionResult({"association": association.document()})

    def delete_pod_identity_association(self) -> ActionResult:
        association = self.association()
        self.refuse_owned(association)
        del self.cluster().pod_identity_associations[association.id]
        return ActionResult({"association": association.document()})

    def list_pod_identity_associations(self) -> ActionResult:
        namespace, account = self.parameter("namespace"), self.parameter("serviceAccount")
        associations = [
            association.document()
            for association in self.cluster().pod_identity_associations.values()
            if namespace in (None, association.namespace) and account in (None, association.service_account)
        ]
        return ActionResult(
            {"associations": [{key: document[key] for key in _SUMMARY if key in document} for document in associations]}
        )

    def associate(
        self, cluster: Cluster, namespace: str, service_account: str, role: str, *, owner: str | None = None
    ) -> PodIdentityAssociation:
        """Stores an association; an account has one at most."""
        self.check_role(role)
        for other in cluster.pod_identity_associations.values():
            if (other.namespace, other.service_account) == (namespace, service_account):
                in_use(f"Association already exists: {other.id}")
        identity = f"a-{mock_random.get_random_string(17, lower_case=True)}"
        association = PodIdentityAssociation(
            cluster=cluster.name,
            id=identity,
            arn=self.arn(f"podidentityassociation/{cluster.name}/{identity}"),
            namespace=namespace,
            service_account=service_account,
            role=role,
            tags={},
            owner=owner,
        )
        cluster.pod_identity_associations[identity] = association
        return association

    def take_options(self, association: PodIdentityAssociation) -> None:
        if self.parameter("disableSessionTags") is not None:
            association.disable_session_tags = self.parameter("disableSessionTags")
        if self.parameter("policy") is not None:
            association.policy = self.parameter("policy") or None
        if self.parameter("targetRoleArn") is not None:
            association.target_role = self.parameter("targetRoleArn") or None
            association.external_id = (
                f"{self.region}/{self.current_account}/{association.cluster}/{association.namespace}/"
                f"{association.service_account}"
                if association.target_role
                else None
            )

    def association(self) -> PodIdentityAssociation:
        identity = self.parameter("associationId")
        return found(
            self.cluster().pod_identity_associations, identity, f"The association ID {identity} could not be found"
        )

    def refuse_owned(self, association: PodIdentityAssociation) -> None:
        if association.owner:
            invalid_request(f"The association {association.id} is owned by {association.owner}: update that add-on")

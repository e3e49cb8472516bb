"""What all EKS operations share: finding a cluster, reading parameters, checking what an ARN or id names, paging."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks.models import CLUSTER_NOT_FOUND_MSG, NODEGROUP_NOT_FOUND_MSG, paginated_list
from moto.eks.responses import EKSResponse
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

from tooling.aws_emulator.eks.records import Cluster, Nodegroup, Update
from tooling.aws_emulator.eks.refusals import invalid_parameter, not_found

T = TypeVar("T")

_ROLE_ARN = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>\d{12}):role/.+")


class Operations(EKSResponse):
    """One request to EKS. Parameters are parsed by botocore's own model, hence typed and percent-decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    def parameter(self, name: str) -> Any:
        """A parameter by its name in the API's reference, or None."""
        return self._get_param(name)

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.current_account][self.region]

    def cluster(self) -> Cluster:
        """The cluster that the request names; `name` and `clusterName` are the same path parameter."""
        name = self.parameter("clusterName") or self.parameter("name")
        if name not in self.eks_backend.clusters:
            not_found(CLUSTER_NOT_FOUND_MSG.format(clusterName=name))
        return cast(Cluster, self.eks_backend.clusters[name])

    def nodegroup(self, cluster: Cluster) -> Nodegroup:
        name = self.parameter("nodegroupName")
        if name not in cluster.nodegroups:
            not_found(NODEGROUP_NOT_FOUND_MSG.format(nodegroupName=name))
        return cast(Nodegroup, cluster.nodegroups[name])

    def refuse_unmodelled(self, names: Iterable[str]) -> None:
        """Refuses by name every parameter of `names` that was given."""
        for name in names:
            if self.parameter(name):
                invalid_parameter(f"the local lane does not model {name}")

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:eks:{self.region}:{self.current_account}:{resource}"

    def check_role(self, arn: str) -> None:
        """Refuses a role that is not in IAM; roles of other accounts cannot be looked at."""
        match = _ROLE_ARN.fullmatch(arn)
        if match is None:
            invalid_parameter(f"Invalid Role Arn: '{arn}'")
        if match["account"] == self.current_account:
            roles = iam_backends[self.current_account][self.partition].roles.values()
            if all(role.arn != arn for role in roles):
                invalid_parameter(
                    f"Role with arn: {arn}, could not be assumed because it does not exist "
                    "or the trusted entity is not correct"
                )

    def record_update(
        self,
        cluster: Cluster,
        kind: str,
        params: Mapping[str, str],
        *,
        nodegroup: str | None = None,
        addon: str | None = None,
    ) -> ActionResult:
        """Stores a finished update and answers it, as every `Update…` operation does."""
        update = Update(id=str(mock_random.uuid4()), type=kind, params=dict(params), nodegroup=nodegroup, addon=addon)
        cluster.updates[update.id] = update
        return ActionResult({"update": update.document()})

    def page(self, key: str, names: Iterable[str]) -> ActionResult:
        """One page of names, under `key`."""
        limit = self._get_int_param("maxResults", 100)
        found, next_token = paginated_list(list(names), limit, self.parameter("nextToken"))
        return ActionResult({key: found, "nextToken": next_token})


def found(store: Mapping[str, T], key: str, message: str) -> T:
    """The record under `key`, or ResourceNotFoundException with `message`."""
    if key not in store:
        not_found(message)
    return store[key]

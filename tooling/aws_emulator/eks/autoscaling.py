"""The Auto Scaling group behind a node group, with its instances spread over all its subnets.

moto's own group puts every instance into the first subnet, and picks the ones to terminate by their address in memory,
so that a replay would keep others than before. Instances are moto's, with the ids and addresses that the fake nodes
bear. Not its business: what a node looks like in Kubernetes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend

from tooling.aws_emulator.eks.records import Nodegroup

ASG_NAME_TAG = "aws:autoscaling:groupName"


class NodegroupAutoScalingGroup(FakeAutoScalingGroup):
    """A group whose launch template is a copy made by EKS with the group's name."""

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        surplus = len(self.instance_states) - (self.desired_capacity or 0)
        if surplus > 0:
            self.terminate(self._next_to_go(surplus))
        elif surplus < 0:
            self.replace_autoscaling_group_instances(-surplus, self.get_propagated_tags())

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        for _ in range(count_needed):
            self._launch({**propagated_tags, ASG_NAME_TAG: self.name})

    def replace_all(self) -> None:
        """What an update of the node group's version comes to: every node is another one afterwards."""
        self.terminate(list(self.instance_states))
        self.set_desired_capacity(self.desired_capacity)

    def terminate(self, states: Sequence[InstanceState]) -> None:
        if states:
            self.ec2_backend.terminate_instances([state.instance.id for state in states])
        self.instance_states = [state for state in self.instance_states if state not in states]

    def _subnets(self) -> list[str]:
        return (self.vpc_zone_identifier or "").split(",")

    def _launch(self, tags: dict[str, str]) -> None:
        assert self.ec2_launch_template is not None
        data = self.ec2_launch_template.get_version(self.launch_template_version).data
        used = [state.instance.subnet_id for state in self.instance_states]
        subnet = min(self._subnets(), key=used.count)
        reservation = self.ec2_backend.run_instances(
            data.get("ImageId", ""),
            1,
            None,  # type: ignore[arg-type]
            [],
            security_group_ids=data["SecurityGroupIds"],
            instance_type=data["InstanceType"],
            is_instance_type_default=False,
            subnet_id=subnet,
            tags={"instance": tags},
            region_name=self.region,
        )
        instance = reservation.instances[0]
        instance.autoscaling_group = self  # type: ignore[attr-defined]
        self.instance_states.append(InstanceState(instance))

    def _next_to_go(self, count: int) -> list[InstanceState]:
        """The oldest instances of the fullest subnets, `count` of them."""
        left, gone = list(self.instance_states), []
        for _ in range(count):
            subnets = [state.instance.subnet_id for state in left]
            fullest = max(self._subnets(), key=subnets.count)
            oldest = next(state for state in left if state.instance.subnet_id == fullest)
            left.remove(oldest)
            gone.append(oldest)
        return gone


def create_group(
    nodegroup: Nodegroup,
    *,
    account: str,
    region: str,
    ec2: EC2Backend,
    instance_type: str,
    image_id: str,
    security_groups: Sequence[str],
) -> NodegroupAutoScalingGroup:
    """Makes EKS' launch template and the group, both named `eks-<node group>-<uuid>`, and starts the instances."""
    backend = _backend(account, region)
    name = f"eks-{nodegroup.nodegroup_name}-{nodegroup.uuid}"
    tags = group_tags(nodegroup)
    template = ec2.create_launch_template(
        name,
        "made by EKS for its managed node group",
        {"ImageId": image_id, "InstanceType": instance_type, "SecurityGroupIds": list(security_groups)},
        {"launch-template": {key: tags[key] for key in ("eks:cluster-name", "eks:nodegroup-name")}},
    )
    scaling = nodegroup.scaling_config
    group: Any = NodegroupAutoScalingGroup(  # moto's metaclass hides the type
        name=name,
        availability_zones=[],
        desired_capacity=0,
        max_size=scaling["maxSize"],
        min_size=scaling["minSize"],
        launch_config_name="",
        launch_template={"LaunchTemplateId": template.id, "Version": "1"},
        vpc_zone_identifier=",".join(nodegroup.subnets),
        default_cooldown=None,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        autoscaling_backend=backend,
        ec2_backend=ec2,
        tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],  # type: ignore[misc]
        mixed_instances_policy=None,
        capacity_rebalance=nodegroup.capacity_type == "SPOT",
    )
    group.created_time = utcnow().isoformat()
    backend.autoscaling_groups[name] = group
    group.set_desired_capacity(scaling["desiredSize"])
    return group


def group_tags(nodegroup: Nodegroup) -> Mapping[str, str]:
    """Those by which the cluster autoscaler finds its groups, and EKS' own."""
    cluster = nodegroup.cluster_name
    return {
        "eks:cluster-name": cluster,
        "eks:nodegroup-name": nodegroup.nodegroup_name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
        f"kubernetes.io/cluster/{cluster}": "owned",
    }


def group_of(nodegroup: Nodegroup, *, account: str, region: str) -> FakeAutoScalingGroup | None:
    """None if it was deleted outside EKS."""
    return _backend(account, region).autoscaling_groups.get(nodegroup.autoscaling_group_name)


def scale(group: FakeAutoScalingGroup, scaling: Mapping[str, int]) -> None:
    group.min_size, group.max_size = scaling["minSize"], scaling["maxSize"]
    group.set_desired_capacity(scaling["desiredSize"])


def delete_group(nodegroup: Nodegroup, *, account: str, region: str, ec2: EC2Backend) -> None:
    """Deletes the group, its instances and EKS' launch template; what is gone already is no error."""
    backend, name = _backend(account, region), nodegroup.autoscaling_group_name
    if name in backend.autoscaling_groups:
        backend.delete_auto_scaling_group(name)
    if name in ec2.launch_template_name_to_ids:
        ec2.delete_launch_template(name, None)


def use_launch_data(nodegroup: Nodegroup, ec2: EC2Backend, group: FakeAutoScalingGroup, data: dict[str, Any]) -> None:
    """Another version of EKS' launch template, which the group's next instances come from."""
    version = ec2.get_launch_template_by_name(nodegroup.autoscaling_group_name).create_version(data, "")
    group.launch_template_version = group.provided_launch_template_version = str(version.number)


def _backend(account: str, region: str) -> AutoScalingBackend:
    return autoscaling_backends[account][region]

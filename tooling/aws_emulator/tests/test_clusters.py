"""Clusters: the real service's refusals, the fields moto drops, updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.versions import KUBERNETES
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.aws_emulator.tests.conftest import Account, answer

MINOR = int(KUBERNETES.value.split(".")[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "9.99"}, "unsupported Kubernetes version 9.99"),
        ({"version": f"1.{MINOR + 2}"}, "unsupported Kubernetes version"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-0", "subnet-1"]}}, "The subnet ID 'subnet-0' does not exist"),
        ({"roleArn": "arn:aws:iam::123456789012:role/nobody"}, "does not exist"),
        ({"computeConfig": {"enabled": True}}, "the local lane does not model computeConfig"),
        ({"outpostConfig": {"outpostArns": ["a"], "controlPlaneInstanceType": "m5.large"}}, "outpostConfig"),
        ({"logging": {"clusterLogging": [{"types": ["gossip"], "enabled": True}]}}, "Invalid log type: gossip"),
    ],
    ids=["unknown-version", "version-too-new", "missing-subnet", "missing-role", "auto-mode", "outpost", "log-type"],
)
def test_cluster_is_not_created_from_a_bad_request(account: Account, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as error:
        account.cluster(**change)
    assert answer(error)[0] == "InvalidParameterException"
    assert account.eks.list_clusters()["clusters"] == []


def test_cluster_is_not_created_in_one_zone(emulator: Emulator) -> None:
    account = Account(emulator, zones="aa")
    with pytest.raises(ClientError, match="at least two different AZs"):
        account.cluster()


def test_cluster_is_not_created_with_a_security_group_that_is_not_there(account: Account) -> None:
    with pytest.raises(ClientError, match="security group 'sg-0' does not exist"):
        account.cluster(resourcesVpcConfig={"subnetIds": account.network(), "securityGroupIds": ["sg-0"]})


def test_second_cluster_is_refused_by_name(account: Account) -> None:
    account.cluster()
    with pytest.raises(
        ClientError, match="the local lane runs one EKS cluster, and platform is there already"
    ) as error:
        account.cluster("other")
    assert answer(error)[0] == "ResourceLimitExceededException"
    assert account.eks.list_clusters()["clusters"] == ["platform"]


def test_cluster_of_the_same_name_is_in_use(account: Account) -> None:
    account.cluster()
    with pytest.raises(ClientError, match="already exists") as error:
        account.cluster(roleArn=account.role("again"))
    assert answer(error)[0] == "ResourceInUseException"


def test_cluster_keeps_every_field_it_was_created_with(account: Account) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    account.cluster(
        version=f"1.{MINOR - 1}",
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        upgradePolicy={"supportType": "STANDARD"},
        zonalShiftConfig={"enabled": True},
        deletionProtection=True,
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
        kubernetesNetworkConfig={"serviceIpv4Cidr": "10.100.0.0/16"},
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        tags={"owner": "platform"},
        resourcesVpcConfig={
            "subnetIds": account.network(),
            "endpointPrivateAccess": True,
            "publicAccessCidrs": ["192.0.2.0/24"],
        },
    )
    cluster = account.eks.describe_cluster(name="platform")["cluster"]
    assert cluster["version"] == f"1.{MINOR - 1}"
    assert cluster["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["zonalShiftConfig"] == {"enabled": True}
    assert cluster["deletionProtection"] is True
    assert cluster["encryptionConfig"] == [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.100.0.0/16"
    assert cluster["logging"]["clusterLogging"] == [
        {"types": ["api", "audit"], "enabled": True},
        {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
    ]
    assert cluster["tags"] == {"owner": "platform"}
    network = cluster["resourcesVpcConfig"]
    assert network["vpcId"] == account.vpc
    assert network["subnetIds"] == account.subnets
    assert network["endpointPrivateAccess"] is True
    assert network["endpointPublicAccess"] is True
    assert network["publicAccessCidrs"] == ["192.0.2.0/24"]


def test_cluster_security_group_comes_and_goes_with_the_cluster(account: Account) -> None:
    group = account.cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    found = account.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["VpcId"] == account.vpc
    assert {"Key": "aws:eks:cluster-name", "Value": "platform"} in found["Tags"]
    account.eks.delete_cluster(name="platform")
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        account.ec2.describe_security_groups(GroupIds=[group])


def test_protected_cluster_is_not_deleted_until_protection_is_lifted(account: Account) -> None:
    account.cluster(deletionProtection=True)
    with pytest.raises(ClientError, match="protected from deletion") as error:
        account.eks.delete_cluster(name="platform")
    assert answer(error)[0] == "InvalidRequestException"
    lifted = account.eks.update_cluster_config(name="platform", deletionProtection=False)["update"]
    assert (lifted["type"], lifted["status"]) == ("DeletionProtectionUpdate", "Successful")
    account.eks.delete_cluster(name="platform")
    assert account.eks.list_clusters()["clusters"] == []


def test_cluster_with_a_node_group_is_not_deleted(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    with pytest.raises(ClientError, match="nodegroups attached"):
        account.eks.delete_cluster(name="platform")


def test_version_goes_up_by_one_minor_only(account: Account) -> None:
    account.cluster(version=f"1.{MINOR - 1}")
    for wrong in (f"1.{MINOR + 1}", f"1.{MINOR - 1}"):
        with pytest.raises(ClientError, match="Unsupported Kubernetes minor version update"):
            account.eks.update_cluster_version(name="platform", version=wrong)
    update = account.eks.update_cluster_version(name="platform", version=KUBERNETES.value)["update"]
    assert account.eks.describe_cluster(name="platform")["cluster"]["version"] == KUBERNETES.value
    again = account.eks.describe_update(name="platform", updateId=update["id"])["update"]
    assert (again["type"], again["status"]) == ("VersionUpdate", "Successful")
    assert account.eks.list_updates(name="platform")["updateIds"] == [update["id"]]


@pytest.mark.parametrize(
    ("change", "kind", "path", "value"),
    [
        ({"resourcesVpcConfig": {"publicAccessCidrs": ["192.0.2.0/24"]}}, "EndpointAccessUpdate",
         ("resourcesVpcConfig", "publicAccessCidrs"), ["192.0.2.0/24"]),
        ({"upgradePolicy": {"supportType": "STANDARD"}}, "UpgradePolicyUpdate",
         ("upgradePolicy", "supportType"), "STANDARD"),
        ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate", ("zonalShiftConfig", "enabled"), True),
        ({"deletionProtection": True}, "DeletionProtectionUpdate", ("deletionProtection",), True),
    ],
    ids=["endpoint", "upgrade-policy", "zonal-shift", "deletion-protection"],
)  # fmt: skip
def test_configuration_update_answers_an_update_and_holds(
    account: Account, change: dict[str, Any], kind: str, path: tuple[str, ...], value: object
) -> None:
    account.cluster()
    assert account.eks.update_cluster_config(name="platform", **change)["update"]["type"] == kind
    found: Any = account.eks.describe_cluster(name="platform")["cluster"]
    for key in path:
        found = found[key]
    assert found == value


def test_logging_update_changes_only_the_types_it_names(account: Account) -> None:
    account.cluster(logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    account.eks.update_cluster_config(
        name="platform", logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    )
    setups = account.eks.describe_cluster(name="platform")["cluster"]["logging"]["clusterLogging"]
    assert {"types": ["api", "audit"], "enabled": True} in setups


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "No changes needed"),
        ({"deletionProtection": True, "upgradePolicy": {"supportType": "STANDARD"}}, "Only one type of update"),
        ({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, "Unsupported authentication mode update"),
        ({"resourcesVpcConfig": {"endpointPublicAccess": True}}, "No changes needed"),
        ({"resourcesVpcConfig": {"endpointPublicAccess": False}}, "cannot both be disabled"),
        ({"computeConfig": {"enabled": True}}, "does not model computeConfig"),
    ],
    ids=["nothing", "two-kinds", "mode-backwards", "same", "no-endpoint", "auto-mode"],
)
def test_configuration_update_is_refused(account: Account, change: dict[str, Any], message: str) -> None:
    account.cluster()
    before = account.eks.describe_cluster(name="platform")["cluster"]
    with pytest.raises(ClientError, match=message):
        account.eks.update_cluster_config(name="platform", **change)
    assert account.eks.describe_cluster(name="platform")["cluster"] == before


def test_encryption_is_associated_once(account: Account) -> None:
    account.cluster()
    config = [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:us-east-1:123456789012:key/1"}}]
    account.eks.associate_encryption_config(clusterName="platform", encryptionConfig=config)
    assert account.eks.describe_cluster(name="platform")["cluster"]["encryptionConfig"] == config
    with pytest.raises(ClientError, match="cannot be changed"):
        account.eks.associate_encryption_config(clusterName="platform", encryptionConfig=config)


def test_action_that_moto_lacks_is_refused_once_and_by_name(emulator: Emulator) -> None:
    with pytest.raises(ClientError) as error:
        emulator.client("iam").simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])
    code, message = answer(error)[:2]
    assert code == "NotModelledByLocalLane"
    assert "SimulateCustomPolicy" in message
    assert answer(error)[2] == 501


def test_eks_operation_that_is_not_modelled_is_refused_by_name(account: Account) -> None:
    account.cluster()
    with pytest.raises(ClientError, match="list_insights") as error:
        account.eks.list_insights(clusterName="platform")
    assert answer(error)[0] == "NotModelledByLocalLane"


def test_endpoint_authority_and_issuer_are_the_api_servers_own(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    (tmp_path / "ca.crt").write_text("authority")
    (tmp_path / "admin.crt").write_text("certificate")
    (tmp_path / "admin.key").write_text("key")
    with running_emulator(
        tmp_path / "e", cluster_kubeconfig=kubeconfig, oidc_issuer="https://issuer.test/1"
    ) as emulator:
        account = Account(emulator)
        assert account.cluster()["endpoint"].endswith(".us-east-1.eks.amazonaws.com")
        kubeconfig.write_text(
            "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
            "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1', certificate-authority: ca.crt}}],"
            "users: [{name: u, user: {client-certificate: admin.crt, client-key: admin.key}}]}"
        )
        cluster = account.eks.describe_cluster(name="platform")["cluster"]
    assert cluster["endpoint"] == "https://127.0.0.1:1"
    assert cluster["certificateAuthority"]["data"] == "YXV0aG9yaXR5"
    assert cluster["identity"]["oidc"]["issuer"] == "https://issuer.test/1"

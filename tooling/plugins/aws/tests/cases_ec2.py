"""Conformance cases of EC2: network, routes, security groups, launch templates."""

from __future__ import annotations

import base64

from tooling.plugins.aws.tests.case import Case, Swap, policy

_POLICY = policy("s3:GetObject")
_RULE = {"protocol": "tcp", "fromPort": 443, "toPort": 443}

CASES = (
    Case(
        pulumi_name="aws:ec2/vpc:Vpc",
        inputs=lambda world: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True},
        updates={
            "enableDnsHostnames": False,
            "enableDnsSupport": False,
            "enableNetworkAddressUsageMetrics": True,
        },
        replaces={"cidrBlock": "10.2.0.0/16", "instanceTenancy": "dedicated"},
    ),
    Case(
        pulumi_name="aws:ec2/subnet:Subnet",
        inputs=lambda world: {
            "vpcId": world.vpc_id,
            "cidrBlock": "10.200.1.0/24",
            "availabilityZone": "us-east-1a",
            "mapPublicIpOnLaunch": True,
        },
        updates={"mapPublicIpOnLaunch": False},
        replaces={
            "cidrBlock": "10.200.2.0/24",
            "availabilityZone": "us-east-1b",
            "availabilityZoneId": Swap("availabilityZone", "use1-az4"),
        },
        planned={"vpcId": lambda world: world.other_vpc_id},
        side_by_side=False,
    ),
    Case(
        pulumi_name="aws:ec2/internetGateway:InternetGateway",
        inputs=lambda world: {"vpcId": world.other_vpc_id},
        updates={"vpcId": lambda world: world.new_vpc("10.210.0.0/16")},
    ),
    Case(
        pulumi_name="aws:ec2/eip:Eip",
        inputs=lambda world: {"domain": "vpc"},
        silent=frozenset({"associationId"}),
    ),
    Case(
        pulumi_name="aws:ec2/natGateway:NatGateway",
        inputs=lambda world: {"subnetId": world.subnet_ids[0], "allocationId": world.allocation_ids[0]},
        replaces={
            "subnetId": lambda world: world.subnet_ids[1],
            "allocationId": lambda world: world.allocation_ids[1],
            "connectivityType": Swap("allocationId", "private"),
        },
        side_by_side=False,
    ),
    Case(
        pulumi_name="aws:ec2/routeTable:RouteTable",
        inputs=lambda world: {
            "vpcId": world.vpc_id,
            "routes": [
                {"cidrBlock": "0.0.0.0/0", "gatewayId": world.gateway_id},
                {"cidrBlock": "10.50.0.0/16", "natGatewayId": world.nat_gateway_id},
            ],
        },
        updates={
            "routes": lambda world: [
                {"cidrBlock": "10.50.0.0/16", "networkInterfaceId": world.network_interface_id},
                {"cidrBlock": "10.60.0.0/16", "networkInterfaceId": world.network_interface_id},
                {"destinationPrefixListId": world.prefix_list_ids[0], "vpcPeeringConnectionId": world.peering_id},
            ],
        },
        replaces={"vpcId": lambda world: world.other_vpc_id},
    ),
    Case(
        pulumi_name="aws:ec2/route:Route",
        inputs=lambda world: {
            "routeTableId": world.route_table_ids[0],
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": world.gateway_id,
        },
        updates={
            "natGatewayId": Swap("gatewayId", lambda world: world.nat_gateway_id),
            "networkInterfaceId": Swap("gatewayId", lambda world: world.network_interface_id),
            "vpcPeeringConnectionId": Swap("gatewayId", lambda world: world.peering_id),
        },
        replaces={
            "routeTableId": lambda world: world.route_table_ids[1],
            "destinationCidrBlock": "10.70.0.0/16",
            "destinationPrefixListId": Swap("destinationCidrBlock", lambda world: world.prefix_list_ids[0]),
        },
        needed=frozenset({"gatewayId"}),
        import_id=lambda resource: f"{resource.outputs['routeTableId']}_0.0.0.0/0",
    ),
    Case(
        pulumi_name="aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=lambda world: {"routeTableId": world.route_table_ids[0], "subnetId": world.subnet_ids[1]},
        updates={"routeTableId": lambda world: world.route_table_ids[1]},
        replaces={"subnetId": lambda world: world.subnet_ids[2]},
        import_id=lambda resource: f"{resource.outputs['subnetId']}/{resource.outputs['routeTableId']}",
    ),
    Case(
        pulumi_name="aws:ec2/securityGroup:SecurityGroup",
        inputs=lambda world: {
            "description": "of a case",
            "vpcId": world.vpc_id,
            "ingress": [
                {**_RULE, "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"], "description": "from inside"},
                {**_RULE, "fromPort": 10250, "toPort": 10250, "self": True},
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
        },
        updates={
            "ingress": lambda world: [
                {**_RULE, "cidrBlocks": ["192.168.0.0/16", "10.0.0.0/9"], "description": "changed"},
                {"protocol": "udp", "fromPort": 53, "toPort": 54, "ipv6CidrBlocks": ["fd00::/8"]},
                {**_RULE, "fromPort": 8443, "toPort": 8443, "securityGroups": [world.group_ids[0]]},
                {**_RULE, "fromPort": 9443, "toPort": 9443, "prefixListIds": [world.prefix_list_ids[0]]},
            ],
            "egress": lambda world: [
                {**_RULE, "self": True, "ipv6CidrBlocks": ["::/0"], "description": "out"},
                {"protocol": "udp", "fromPort": 53, "toPort": 54, "securityGroups": [world.group_ids[0]]},
                {**_RULE, "prefixListIds": [world.prefix_list_ids[0]]},
            ],
            "revokeRulesOnDelete": True,
        },
        replaces={"description": "another", "vpcId": lambda world: world.other_vpc_id},
    ),
    Case(
        pulumi_name="aws:ec2/securityGroupRule:SecurityGroupRule",
        inputs=lambda world: {
            "type": "ingress",
            "securityGroupId": world.group_ids[0],
            "protocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrBlocks": ["10.0.0.0/8", "172.16.0.0/12"],
            "description": "of a case",
        },
        updates={"description": "changed"},
        replaces={
            "type": "egress",
            "securityGroupId": lambda world: world.group_ids[1],
            "protocol": "udp",
            "fromPort": 442,
            "toPort": 444,
            "cidrBlocks": ["10.1.0.0/16"],
            "ipv6CidrBlocks": Swap("cidrBlocks", ["fd00::/8"]),
            "prefixListIds": Swap("cidrBlocks", Swap("description", lambda world: [world.prefix_list_ids[0]])),
            "self": Swap("cidrBlocks", True),
            "sourceSecurityGroupId": Swap("cidrBlocks", lambda world: world.group_ids[2]),
        },
        import_id=lambda resource: (
            f"{resource.outputs['securityGroupId']}_ingress_tcp_443_443_10.0.0.0/8_172.16.0.0/12"
        ),
        side_by_side=False,
    ),
    *(
        Case(
            pulumi_name=f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
            inputs=lambda world: {
                "securityGroupId": world.group_ids[0],
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "cidrIpv4": "10.0.0.0/8",
                "description": "of a case",
            },
            updates={
                "ipProtocol": "udp",
                "fromPort": 442,
                "toPort": 444,
                "cidrIpv4": "10.1.0.0/16",
                "description": "changed",
            },
            replaces={"securityGroupId": lambda world: world.group_ids[1]},
            needed=frozenset({"cidrIpv4", "fromPort", "toPort"}),
            fixed={
                "cidrIpv6": Swap("cidrIpv4", "fd00::/8"),
                "prefixListId": Swap("cidrIpv4", lambda world: world.prefix_list_ids[0]),
                "referencedSecurityGroupId": Swap("cidrIpv4", lambda world: world.group_ids[1]),
            },
        )
        for direction in ("Ingress", "Egress")
    ),
    Case(
        pulumi_name="aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=lambda world: {
            "vpcId": world.vpc_id,
            # has both types of endpoint
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Interface",
            "policy": _POLICY,
            "privateDnsEnabled": True,
            "subnetIds": world.subnet_ids[:2],
            "securityGroupIds": world.group_ids[:1],
        },
        updates={
            "policy": policy("s3:PutObject"),
            "privateDnsEnabled": False,
            "subnetIds": lambda world: world.subnet_ids[1:],
            "securityGroupIds": lambda world: world.group_ids[1:],
        },
        replaces={
            "serviceName": "com.amazonaws.us-east-1.kms",
            "vpcEndpointType": Swap("subnetIds", Swap("securityGroupIds", Swap("privateDnsEnabled", "Gateway"))),
        },
        planned={"vpcId": lambda world: world.other_vpc_id},
        silent=frozenset({"cidrBlocks", "prefixListId"}),
        elsewhere=frozenset({"routeTableIds"}),
    ),
    Case(
        pulumi_name="aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        inputs=lambda world: {"vpcId": world.vpc_id, "cidrBlock": "100.64.0.0/16"},
        replaces={"vpcId": lambda world: world.other_vpc_id, "cidrBlock": "100.65.0.0/16"},
    ),
    Case(
        pulumi_name="aws:ec2/flowLog:FlowLog",
        inputs=lambda world: {
            "vpcId": world.vpc_id,
            "trafficType": "ALL",
            "logDestination": world.log_group_arns[0],
            "logFormat": "${version} ${srcaddr}",
            "iamRoleArn": world.role_arns[0],
        },
        replaces={
            "vpcId": lambda world: world.other_vpc_id,
            "subnetId": Swap("vpcId", lambda world: world.subnet_ids[0]),
            "eniId": Swap("vpcId", lambda world: world.network_interface_id),
            "trafficType": "REJECT",
            "logDestination": lambda world: world.log_group_arns[1],
            "logFormat": "${version} ${dstaddr}",
            "maxAggregationInterval": 60,
            "iamRoleArn": lambda world: world.role_arns[1],
        },
        planned={"logDestinationType": "s3"},
        side_by_side=False,
    ),
    Case(
        pulumi_name="aws:ec2/launchTemplate:LaunchTemplate",
        inputs=lambda world: {
            "description": "first",
            "updateDefaultVersion": True,
            "imageId": world.image_ids[0],
            "instanceType": "m6i.large",
            "keyName": "one",
            "userData": base64.b64encode(b"[settings.kubernetes]").decode(),
            "ebsOptimized": "true",
            "vpcSecurityGroupIds": [world.group_ids[0], world.group_ids[1]],
            "iamInstanceProfile": {"arn": world.instance_profile_arns[0]},
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                "httpPutResponseHopLimit": 1,
                "httpProtocolIpv6": "disabled",
                "instanceMetadataTags": "disabled",
            },
            "monitoring": {"enabled": True},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "deleteOnTermination": "true",
                        "encrypted": "true",
                        "volumeSize": 4,
                        "volumeType": "gp3",
                        "iops": 3000,
                        "throughput": 125,
                    },
                }
            ],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "node"}}],
        },
        updates={
            "description": "second",
            "updateDefaultVersion": False,
            "imageId": lambda world: world.image_ids[1],
            "instanceType": "m6i.xlarge",
            "keyName": "two",
            "userData": base64.b64encode(b"[settings.network]").decode(),
            "ebsOptimized": "false",
            "vpcSecurityGroupIds": lambda world: [world.group_ids[0], world.group_ids[2]],
            "iamInstanceProfile.arn": lambda world: world.instance_profile_arns[1],
            "iamInstanceProfile": {"name": "two"},
            "metadataOptions.httpEndpoint": "disabled",
            "metadataOptions.httpTokens": "optional",
            "metadataOptions.httpPutResponseHopLimit": 2,
            "metadataOptions.httpProtocolIpv6": "enabled",
            "metadataOptions.instanceMetadataTags": "enabled",
            "monitoring.enabled": False,
            "blockDeviceMappings": lambda world: [
                {
                    "deviceName": "/dev/xvdb",
                    "ebs": {
                        "deleteOnTermination": "false",
                        "encrypted": "false",
                        "volumeSize": 80,
                        "volumeType": "io2",
                        "iops": 4000,
                        "throughput": 250,
                        "kmsKeyId": world.key_arns[0],
                        "snapshotId": "snap-0123456789abcdef0",
                    },
                },
                {"deviceName": "/dev/xvdc", "noDevice": "true"},
                {"deviceName": "/dev/xvdd", "virtualName": "ephemeral0"},
            ],
            "tagSpecifications": [
                {"resourceType": "instance", "tags": {"Name": "another"}},
                {"resourceType": "volume", "tags": {"Name": "disk"}},
            ],
            "tagSpecifications[0].resourceType": "volume",
        },
        elsewhere=frozenset({"defaultVersion"}),
    ),
)

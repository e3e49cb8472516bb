"""Row of launch templates: every change of the launch template data creates a new version."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.equivalence import as_text, switch
from tooling.plugins.aws.engine.naming_case import (
    capital,
    capitals,
    capitals_within,
    first,
    smalls_within,
    tag_list,
    tag_map,
    unless_gone,
)
from tooling.plugins.aws.engine.refusals import between, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_PLAIN = ("imageId", "instanceType", "keyName", "userData")
_BLOCKS = ("iamInstanceProfile", "metadataOptions", "monitoring")
_TEXT_SWITCHES = ("deleteOnTermination", "encrypted")
"""Booleans that the package represents as text, so that an absent value differs from `false`."""

_ENABLED = one_of("enabled", "disabled")


class LaunchTemplate(Ec2Operations):
    kind = "launch-template"

    def create(self, inputs: Values) -> str:
        answer = self.ec2.create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=_data(inputs),
            **_version_description(inputs),
            **self.tag_specifications(inputs),
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_launch_templates, LaunchTemplateIds=[resource_id])
        template = first(found["LaunchTemplates"]) if found is not None else None
        if template is None:
            return None
        latest = self.ec2.describe_launch_template_versions(LaunchTemplateId=resource_id, Versions=["$Latest"])
        version = latest["LaunchTemplateVersions"][0]
        # moto's DescribeLaunchTemplates always returns the tags that a template was created with (seen in 5.2.5)
        tags = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource_id]}])["Tags"]
        return {
            "arn": self.arn(resource_id),
            "tagsAll": tag_map(tags),
            "name": template["LaunchTemplateName"],
            "defaultVersion": template["DefaultVersionNumber"],
            "latestVersion": template["LatestVersionNumber"],
            "description": version.get("VersionDescription"),
            **_inputs(version["LaunchTemplateData"]),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        latest = state["latestVersion"]
        if changed - {"updateDefaultVersion", "defaultVersion"}:
            answer = self.ec2.create_launch_template_version(
                LaunchTemplateId=resource_id, LaunchTemplateData=_data(inputs), **_version_description(inputs)
            )
            latest = answer["LaunchTemplateVersion"]["VersionNumber"]
        default = latest if inputs.get("updateDefaultVersion") else inputs.get("defaultVersion")
        if default is not None and default != state["defaultVersion"]:
            self.ec2.modify_launch_template(LaunchTemplateId=resource_id, DefaultVersion=str(default))

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_launch_template(LaunchTemplateId=resource_id)


def _version_description(inputs: Values) -> dict[str, str]:
    return {"VersionDescription": inputs["description"]} if inputs.get("description") else {}


def _data(inputs: Values) -> dict[str, Any]:
    """`RequestLaunchTemplateData` with everything that the program sets."""
    data = {**capitals(inputs, _PLAIN), **capitals_within({name: inputs.get(name) for name in _BLOCKS})}
    if inputs.get("ebsOptimized") not in (None, ""):
        data["EbsOptimized"] = switch(inputs["ebsOptimized"]) == "true"
    if inputs.get("vpcSecurityGroupIds"):
        data["SecurityGroupIds"] = inputs["vpcSecurityGroupIds"]
    if inputs.get("blockDeviceMappings"):
        data["BlockDeviceMappings"] = [_device(mapping) for mapping in inputs["blockDeviceMappings"]]
    if inputs.get("tagSpecifications"):
        data["TagSpecifications"] = [
            {"ResourceType": block["resourceType"], "Tags": tag_list(block.get("tags"))}
            for block in inputs["tagSpecifications"]
        ]
    return data


def _device(mapping: Values) -> dict[str, Any]:
    device = capitals(mapping, ("deviceName", "noDevice", "virtualName"))
    if mapping.get("ebs"):
        ebs = {name: value for name, value in mapping["ebs"].items() if value is not None}
        device["Ebs"] = {
            capital(name): switch(value) == "true" if name in _TEXT_SWITCHES else value for name, value in ebs.items()
        }
    return device


def _inputs(data: Values) -> dict[str, Any]:
    """The reverse of `_data`."""
    inputs: dict[str, Any] = {name: data.get(capital(name)) for name in _PLAIN}
    inputs |= {name: smalls_within(data[capital(name)]) for name in _BLOCKS if data.get(capital(name))}
    if data.get("EbsOptimized") is not None:
        inputs["ebsOptimized"] = switch(data["EbsOptimized"])
    inputs["vpcSecurityGroupIds"] = data.get("SecurityGroupIds")
    inputs["blockDeviceMappings"] = [_device_inputs(device) for device in data.get("BlockDeviceMappings") or []]
    inputs["tagSpecifications"] = [
        {"resourceType": block["ResourceType"], "tags": tag_map(block.get("Tags"))}
        for block in data.get("TagSpecifications") or []
        if block["ResourceType"]
        != LaunchTemplate.kind  # moto keeps the template's own tags among its instances' (5.2.5)
    ]
    return inputs


def _device_inputs(device: Values) -> dict[str, Any]:
    inputs = smalls_within(device)
    for name in _TEXT_SWITCHES:
        if "ebs" in inputs and name in inputs["ebs"]:
            inputs["ebs"][name] = switch(inputs["ebs"][name])
    return inputs


def _check(inputs: Values) -> list[tuple[str, str]]:
    if inputs.get("defaultVersion") is not None and inputs.get("updateDefaultVersion") is not None:
        return [("defaultVersion", "`defaultVersion` and `updateDefaultVersion` exclude each other")]
    return []


ROWS = (
    Row(
        pulumi_name="aws:ec2/launchTemplate:LaunchTemplate",
        source="launch_template",
        inputs={
            "description": Input(),
            "updateDefaultVersion": Input(write_only=True),
            "defaultVersion": Input(computed=True),
            "imageId": Input(),
            "instanceType": Input(),
            "keyName": Input(),
            "userData": Input(),
            "ebsOptimized": Input(canonical_form=switch),
            "vpcSecurityGroupIds": Input(unordered=True),
            "iamInstanceProfile": Input(members={"arn": Input(), "name": Input()}),
            "metadataOptions": Input(
                computed=True,
                members={
                    "httpEndpoint": Input(computed=True, refusal=_ENABLED),
                    "httpTokens": Input(computed=True, refusal=one_of("optional", "required")),
                    "httpPutResponseHopLimit": Input(computed=True, refusal=between(1, 64)),
                    "httpProtocolIpv6": Input(computed=True, refusal=_ENABLED),
                    "instanceMetadataTags": Input(computed=True, refusal=_ENABLED),
                },
            ),
            "monitoring": Input(members={"enabled": Input()}),
            "blockDeviceMappings": Input(
                members={
                    "deviceName": Input(),
                    "noDevice": Input(),
                    "virtualName": Input(),
                    "ebs": Input(
                        members={
                            "deleteOnTermination": Input(canonical_form=switch),
                            "encrypted": Input(canonical_form=switch),
                            "iops": Input(computed=True),
                            "kmsKeyId": Input(),
                            "snapshotId": Input(),
                            "throughput": Input(computed=True),
                            "volumeSize": Input(computed=True),
                            "volumeType": Input(computed=True),
                        }
                    ),
                }
            ),
            "tagSpecifications": Input(
                members={"resourceType": Input(required=True, canonical_form=as_text), "tags": Input()},
            ),
        },
        outputs=("arn", "latestVersion"),
        operations=LaunchTemplate,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=125),
        recomputed={"*": ("latestVersion", "defaultVersion")},
        check=_check,
    ),
)

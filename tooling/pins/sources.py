"""The publishers of pinned versions, and their answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import urllib3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from shared import versions
from shared.versions import ADDONS, KUBERNETES, Pin
from tooling.pins.registry import Image, OutOfReach, Registry

CHARTS = {"LOAD_BALANCER_CONTROLLER_CHART": ("https://aws.github.io/eks-charts", "aws-load-balancer-controller")}
"""Name of the pin to the repository and the chart."""
_SEMANTIC = re.compile(r"v?\d+(\.\d+){1,2}(-eksbuild\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`exists` is `None` if the publisher could not be asked; `why` gives the reason."""

    name: str
    pin: Pin
    exists: bool | None
    newest: str = ""
    source: str = ""
    """The `source` to record for a pin that was read there."""
    digest: str = ""
    """The present digest of an image's tag."""
    why: str = ""

    @property
    def value(self) -> str:
        """The pin's value; for an image, with its digest."""
        if not self.digest:
            return self.pin.value
        image = Image.parse(self.pin.value)
        return str(Image(host=image.host, repository=image.repository, tag=image.tag, digest=self.digest))

    @property
    def moved(self) -> bool:
        """Whether the tag refers to another image than when it was pinned."""
        pinned = Image.parse(self.pin.value).digest if "/" in self.pin.value else ""
        return bool(pinned and self.digest and pinned != self.digest)


def images() -> dict[str, Pin]:
    named = {name: value for name, value in vars(versions).items() if isinstance(value, Pin)}
    return {name: pin for name, pin in named.items() if name.endswith("_IMAGE")}


def answers(region: str) -> Iterator[Answer]:
    """Answers for every pin that has a publisher to ask; other versions are in a go.mod or in requirements.lock."""
    yield from image_answers(images())
    for name, (repository, chart) in CHARTS.items():
        yield chart_answer(name, getattr(versions, name), repository, chart)
    yield from addon_answers(ADDONS, region)


def image_answers(pins: Mapping[str, Pin]) -> Iterator[Answer]:
    for name, pin in pins.items():
        image = Image.parse(pin.value)
        registry = Registry(image.host)
        try:
            digest = registry.digest(image)
            alike = [tag for tag in registry.tags(image.repository) if _SEMANTIC.fullmatch(tag)]
        except OutOfReach as error:
            yield Answer(name=name, pin=pin, exists=None, why=str(error))
            continue
        yield Answer(
            name=name,
            pin=pin,
            exists=bool(digest),
            digest=digest,
            newest=max(alike, key=_order, default=""),
            source=f"{image.host}: tag {image.tag} of {image.repository}",
        )


def chart_answer(name: str, pin: Pin, repository: str, chart: str) -> Answer:
    index = f"{repository}/index.yaml"
    try:
        answer = urllib3.request("GET", index, timeout=30, retries=2)
    except urllib3.exceptions.HTTPError as error:
        return Answer(name=name, pin=pin, exists=None, why=f"{repository} cannot be reached ({type(error).__name__})")
    if answer.status != 200:
        return Answer(name=name, pin=pin, exists=None, why=f"{index} answers {answer.status}")
    listed = [str(entry["version"]) for entry in (yaml.safe_load(answer.data)["entries"].get(chart) or ())]
    newest = max((version for version in listed if _SEMANTIC.fullmatch(version)), key=_order, default="")
    return Answer(name=name, pin=pin, exists=pin.value in listed, newest=newest, source=f"{index}: {chart}")


def addon_answers(pins: Mapping[str, Pin], region: str, client: Any = None) -> Iterator[Answer]:
    """Asks EKS with the caller's AWS credentials; the answer is the same for every account."""
    make: Any = boto3.Session().client
    eks = client or make("eks", region_name=region)
    for name, pin in pins.items():
        try:
            found = eks.describe_addon_versions(addonName=name, kubernetesVersion=KUBERNETES.value)["addons"]
        except (BotoCoreError, ClientError) as error:
            yield Answer(name=name, pin=pin, exists=None, why=f"EKS does not answer ({type(error).__name__})")
            continue
        known = [entry["addonVersion"] for addon in found for entry in addon["addonVersions"]]
        yield Answer(
            name=name,
            pin=pin,
            exists=pin.value in known,
            newest=max(known, key=_order, default=""),
            source=f"eks describe-addon-versions --kubernetes-version {KUBERNETES.value} in {region}",
        )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))

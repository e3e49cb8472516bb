"""Stands in for docker in tests: no container runtime is needed, and none is used.

It takes what the real one takes, pushes an index without layers to the emulated ECR over HTTP, and writes each command
line into the file that FAKE_DOCKER_LOG names. Like a real build, it makes another image each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import boto3

INDEX = "application/vnd.oci.image.index.v1+json"


def main(arguments: list[str]) -> int:
    with Path(os.environ["FAKE_DOCKER_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps(arguments) + "\n")
    if os.environ.get("FAKE_DOCKER_FAILS", "-") in arguments:
        sys.stderr.write('#7 ERROR: process "pip install" did not complete\nERROR: failed to build: exit code: 1\n')
        return 1
    config = Path(os.environ["DOCKER_CONFIG"]) / "config.json"
    if arguments[0] == "login":
        config.write_text(json.dumps({"host": arguments[-1], "password": sys.stdin.read()}), encoding="utf-8")
        return 0
    match arguments[:2]:
        case ["buildx", "inspect"]:
            return 1
        case ["buildx", "create"]:
            return 0
        case ["buildx", "build"]:
            assert config.exists(), "not signed in"
            build(options(arguments), Path(arguments[-1]))
            return 0
        case ["buildx", "imagetools"]:
            assert config.exists(), "not signed in"
            copy(options(arguments)["tag"], arguments[-1])
            return 0
    raise AssertionError(arguments)


def options(arguments: list[str]) -> dict[str, str]:
    found = [one.removeprefix("--").partition("=") for one in arguments if one.startswith("--")]
    return {name: value for name, _, value in found}


def build(given: dict[str, str], context: Path) -> None:
    content = b"".join(path.read_bytes() for path in sorted(context.rglob("*")) if path.is_file())
    manifest = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [],
        "annotations": {"content": hashlib.sha256(content).hexdigest(), "built": str(uuid.uuid4())},
    }
    output = dict(part.split("=") for part in given["output"].split(","))
    digest = put(output["name"].partition("/")[2], json.dumps(manifest))
    Path(given["metadata-file"]).write_text(json.dumps({"containerimage.digest": digest}), encoding="utf-8")


def copy(target: str, source: str) -> None:
    repository, _, digest = source.partition("/")[2].partition("@")
    found = client().batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"]
    name, _, tag = target.partition("/")[2].partition(":")
    put(name, found[0]["imageManifest"], imageTag=tag)


def put(repository: str, manifest: str, **more: str) -> str:
    answer = client().put_image(repositoryName=repository, imageManifest=manifest, imageManifestMediaType=INDEX, **more)
    return answer["image"]["imageId"]["imageDigest"]


def client() -> Any:
    make: Any = boto3.Session().client
    return make("ecr", region_name="us-east-1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

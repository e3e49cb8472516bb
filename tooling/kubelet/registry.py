"""The emulated ECR, asked over HTTP: which images exist, and of which source tree each consists.

Standard library only, since the kubelet imports this: boto3 takes half a second of CPU time to load.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVICE_ANNOTATION = "lane.platform/service"
"""Path of the service in the repository, e.g. `applications/demo/service`."""
VERSION_ANNOTATION = "org.opencontainers.image.version"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"

_ACCOUNT_REGISTRY = re.compile(
    r"(?P<host>123456789012\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""The account is that of every emulated AWS, see `aws_emulator`. `lane/kwok_stages.yaml` has the same pattern."""


class RegistryError(Exception):
    """The registry did not answer, or refused the request; `code` is AWS' own, or empty."""

    def __init__(self, what: str, code: str = "") -> None:
        super().__init__(what)
        self.code = code


def operator_key(lane_directory: Path) -> str:
    """The access key id of the lane's operator, from the lane's record."""
    return json.loads((lane_directory / "lane.json").read_text(encoding="utf-8"))["access_key_id"]


@dataclass(frozen=True)
class Reference:
    """An image in the emulated account, as a pod names it."""

    text: str
    region: str
    repository: str
    tag: str
    digest: str


def reference(image: str) -> Reference | None:
    """`image` taken apart, or None if it is not in the emulated account."""
    found = _ACCOUNT_REGISTRY.fullmatch(image)
    if found is None:
        return None
    digest = found["digest"] or ""
    tag = found["tag"] or ("" if digest else "latest")
    return Reference(image, found["region"], found["repository"], tag, digest)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image as it was recorded."""

    digest: str
    service: str
    """Empty: the image was pushed by something else, and nothing is known about its content."""
    tree: str
    """Hexadecimal SHA-256 of the service's source tree."""


def manifest(*, service: str, version: str, tree: str, size_bytes: int) -> str:
    """The manifest of a service's image: one layer, which stands for the source tree.

    Source: OCI Image Specification, "Image Manifest", "Annotations".
    """
    config = b"{}"
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": _CONFIG,
            "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
            "size": len(config),
        },
        "layers": [{"mediaType": _LAYER, "digest": f"sha256:{tree}", "size": size_bytes}],
        "annotations": {VERSION_ANNOTATION: version, SERVICE_ANNOTATION: service},
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


class Registry:
    """`endpoint`: of the emulated AWS, `access_key_id`: the key of its operator."""

    def __init__(self, endpoint: str, access_key_id: str) -> None:
        address = urlsplit(endpoint)
        self._access_key_id = access_key_id
        self._host, self._port = address.hostname or "", address.port

    def find(self, region: str, repository: str, *, tag: str = "", digest: str = "") -> Image | None:
        """The image with this tag or digest, or None; a digest takes precedence, as in a reference.

        Raises:
            RegistryError: no answer, or the repository does not exist (`RepositoryNotFoundException`).
        """
        wanted = {"imageDigest": digest} if digest else {"imageTag": tag}
        found = self._ask(region, "BatchGetImage", {"repositoryName": repository, "imageIds": [wanted]})
        for image in found["images"]:
            document = json.loads(image["imageManifest"])
            annotations = document.get("annotations") or {}
            layers = document.get("layers") or [{"digest": ""}]
            return Image(
                digest=image["imageId"]["imageDigest"],
                service=annotations.get(SERVICE_ANNOTATION, ""),
                tree=layers[0]["digest"].removeprefix("sha256:"),
            )
        return None

    def put(self, region: str, repository: str, tag: str, document: str) -> str:
        """Records an image and returns its digest.

        Raises:
            RegistryError: no answer, or a refusal.
        """
        digest = f"sha256:{hashlib.sha256(document.encode()).hexdigest()}"
        # moto would compute a digest that is not that of the manifest.
        more = {"imageManifest": document, "imageManifestMediaType": MANIFEST, "imageTag": tag, "imageDigest": digest}
        self._ask(region, "PutImage", {"repositoryName": repository, **more})
        return digest

    def _ask(self, region: str, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        scope = f"{self._access_key_id}/20260101/{region}/ecr/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonEC2ContainerRegistry_V20150921.{action}",
            # The emulated AWS reads service and region here, and verifies no signature.
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        }
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            connection.request("POST", "/", json.dumps(request), headers)
            answer = connection.getresponse()
            body = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RegistryError(f"the emulated AWS does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            code = str(body.get("__type", "")).rpartition("#")[2]
            raise RegistryError(str(body.get("message", f"HTTP status {answer.status}")), code)
        return body

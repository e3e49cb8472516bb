"""EKS tokens as `aws eks get-token` makes them, and as people forge them."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

import boto3
from botocore.signers import RequestSigner

from tooling.aws_emulator.testing import Emulator

STS = "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"


def token(
    credentials: dict[str, str],
    *,
    cluster: str = "platform",
    header: str = "x-k8s-aws-id",
    url: str = STS,
    expires_in: int = 60,
) -> str:
    session = boto3.Session(**credentials, region_name="us-east-1")  # type: ignore[arg-type]
    client = session.client("sts")
    signer = RequestSigner(
        client.meta.service_model.service_id,
        "us-east-1",
        "sts",
        "v4",
        session.get_credentials(),  # type: ignore[arg-type]
        session.events,
    )
    request = {"method": "GET", "url": url, "body": {}, "headers": {header: cluster}, "context": {}}
    signed = signer.generate_presigned_url(request, region_name="us-east-1", expires_in=expires_in, operation_name="")
    return of_url(signed)


def of_url(url: str) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def url_of(text: str) -> str:
    encoded = text.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def review(emulator: Emulator, text: str) -> dict[str, Any]:
    """`status` of the TokenReview."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": text}}
    request = urllib.request.Request(
        f"{emulator.webhook_url}authenticate",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        document = json.load(answer)
    assert document["kind"] == "TokenReview"
    return document["status"]

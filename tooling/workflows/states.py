"""Copies an environment's states for previews, which then cannot write to the real ones.

A preview of a stack that does not exist yet creates it, e.g. for a pull request that adds a tenant, so even previews
write to the backend.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from shared.environment import Environment
from shared.errors import BadInput

_LEFT_OUT = ("history/", "backups/", "locks/")
"""Directories of `.pulumi/` that a preview does not read."""


def copy_states(environment: Environment, directory: Path) -> str:
    """Copies the states of an S3 backend below `directory` and returns the copy's backend address.

    Returns:
        `file://…`, or an empty text if the backend is not in S3: it is then used directly.

    Raises:
        BadInput: `backend-missing`.
    """
    where = f"shared/environments/{environment.name}.yaml, backend_url"
    if not environment.backend_url:
        raise BadInput(
            "backend-missing",
            f"environment {environment.name} has no backend_url, and a runner has no `pulumi login`",
            at=where,
            hint="set backend_url as described in docs/guides/pipelines.md",
        )
    address = urlsplit(environment.backend_url)
    if address.scheme != "s3":
        return ""
    import boto3

    options = {key: values[0] for key, values in parse_qs(address.query).items()}
    bucket = (
        boto3.Session()
        .resource("s3", region_name=options.get("region", environment.region), endpoint_url=options.get("endpoint"))
        .Bucket(address.netloc)
    )
    prefix = f"{address.path.strip('/')}/".removeprefix("/") + ".pulumi/"
    shutil.rmtree(directory, ignore_errors=True)
    for item in bucket.objects.filter(Prefix=prefix):
        name = item.key.removeprefix(prefix)
        if name and not name.endswith(("/", ".bak")) and not name.startswith(_LEFT_OUT):
            target = directory / ".pulumi" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            bucket.download_file(item.key, str(target))
    directory.mkdir(parents=True, exist_ok=True)
    return f"file://{directory}"

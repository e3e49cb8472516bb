"""The image of an application's stack, as a setting in its stack file."""

from __future__ import annotations

import re

from shared.errors import BadInput
from tooling.applications.stack_file_text import with_settings
from tooling.runner.graph import StackId
from tooling.whole_files import write_whole

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def select_image(stack: StackId, digest: str) -> str:
    """Writes `image_digest` into the stack's file; it takes precedence over `image_tag`. Returns the file's path.

    Raises:
        BadInput: `image-digest-invalid`.
    """
    if not _DIGEST.fullmatch(digest):
        raise BadInput(
            "image-digest-invalid",
            f"{digest!r} is not a digest: sha256: and 64 hexadecimal digits",
            at="--digest",
            hint=f"make image APP={stack.project} STACK={stack.environment} prints it",
        )
    path = stack.path / f"Pulumi.{stack.stack}.yaml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    write_whole(path, with_settings(text, stack.project, {"image_digest": digest}))
    return f"{stack.directory}/{path.name}"

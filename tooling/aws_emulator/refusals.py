"""How the emulated AWS says that it lacks an action: once, by name, in the shape that AWS clients read.

moto raises, the server makes it a 500, and AWS clients try that five times before they show it.
"""

from __future__ import annotations

import json
from typing import TypedDict
from xml.sax.saxutils import escape

CODE = "NotModelledByLocalLane"


class Refusal(TypedDict):
    body: bytes
    status: str
    headers: list[tuple[str, str]]


def not_modelled(content_type: str, action: str, reason: str) -> Refusal:
    """Args:
    content_type: of the request; form fields mean that the client reads XML.
    reason: moto's own words, which name the action.
    """
    message = f"the local lane does not model {action or 'this action'}: {reason}"
    if content_type.startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors></Response>"
        kind = "text/xml"
    else:
        body = json.dumps({"__type": CODE, "message": message})
        kind = "application/json"
    return {
        "body": body.encode("utf-8"),
        "status": "501 Not Implemented",
        "headers": [("Content-Type", kind), ("x-amzn-ErrorType", CODE)],
    }

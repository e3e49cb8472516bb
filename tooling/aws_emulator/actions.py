"""Which AWS action a request asks for, and whether that action changes the account.

Most of AWS' protocols name the action: in a form field (`query`, `ec2`), in the header `X-Amz-Target` (`json`), in the
path (`rpc-v2-cbor`). The REST ones go by HTTP method. In doubt an action counts as a change: to journal a read costs a
line, to miss a change loses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

_READS = re.compile(
    r"(Describe|List|Get|Head|BatchGet|Lookup|Search|Select|Filter|Scan$|Query$|Decrypt$|Preview|Simulate|Validate|Check|Verify|Test)"
)
_SESSIONS = re.compile(r"(Assume|Decode)")
"""The STS actions except `Get…`. A session is not part of the account: after a restart its holder assumes the role
again."""

_CREATING_READS = frozenset({"DescribeKey"})
"""moto creates the AWS managed key when its alias is first read."""

_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/([^/]+)$")
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def named_action(path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    """The action's name as AWS spells it, or an empty string for the REST protocols.

    Args:
        headers: names in lower case.
    """
    target = headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    cbor = _CBOR_PATH.match(path)
    if cbor:
        return cbor[1]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body.decode("utf-8", "replace"))
        if "Action" in form:
            return form["Action"][0]
    return parse_qs(query).get("Action", [""])[0]


def changes_account(method: str, action: str) -> bool:
    """Whether the request must be journalled. `action` is what `named_action` found."""
    if not action:
        return method not in _READING_METHODS
    if action in _CREATING_READS:
        return True
    return not (_READS.match(action) or _SESSIONS.match(action))

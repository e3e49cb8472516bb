"""Log groups: moto 5.2.5 takes a key at creation only, and gives a new group the tags of a deleted one of its name."""

from __future__ import annotations

from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

_delete_log_group = LogsBackend.delete_log_group


def install() -> None:
    LogsBackend.delete_log_group = _deleted  # type: ignore[method-assign]
    LogsResponse.associate_kms_key = _associate  # type: ignore[attr-defined]
    LogsResponse.disassociate_kms_key = _disassociate  # type: ignore[attr-defined]


def _deleted(self: LogsBackend, log_group_name: str) -> None:
    group = self.groups.get(log_group_name)
    _delete_log_group(self, log_group_name)
    if group is not None:
        self.tagger.delete_all_tags_for_resource(group.arn)


def _associate(self: LogsResponse) -> str:
    _group(self).kms_key_id = self._get_param("kmsKeyId")
    return ""


def _disassociate(self: LogsResponse) -> str:
    _group(self).kms_key_id = None
    return ""


def _group(response: LogsResponse) -> Any:
    name = response._get_param("logGroupName")
    if name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return response.logs_backend.groups[name]

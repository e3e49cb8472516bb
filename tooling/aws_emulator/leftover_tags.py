"""Deletes tags with their resource: in moto 5.2.5, a new log group or bucket gets those of a deleted namesake."""

from __future__ import annotations

from moto.logs.models import LogsBackend
from moto.s3.models import FakeBucket, S3Backend

_delete_log_group, _delete_bucket = LogsBackend.delete_log_group, S3Backend.delete_bucket


def install() -> None:
    LogsBackend.delete_log_group = _group_deleted  # type: ignore[method-assign]
    S3Backend.delete_bucket = _bucket_deleted  # type: ignore[method-assign]


def _group_deleted(self: LogsBackend, log_group_name: str) -> None:
    group = self.groups.get(log_group_name)
    _delete_log_group(self, log_group_name)
    if group is not None:
        self.tagger.delete_all_tags_for_resource(group.arn)


def _bucket_deleted(self: S3Backend, bucket_name: str) -> FakeBucket | None:
    deleted = _delete_bucket(self, bucket_name)
    if deleted is not None:
        self.tagger.delete_all_tags_for_resource(deleted.arn)
    return deleted

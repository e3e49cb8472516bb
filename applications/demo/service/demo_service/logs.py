"""Logs: one JSON object per line on standard output, of the service and of the libraries that it uses.

Nothing that a client sends is logged except method, path and trace ID; query strings and headers can contain secrets.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType


class JsonFormatter(logging.Formatter):
    """`extra={"fields": {…}}` of a log call adds keys to the object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # A newline is escaped, so that one event is one line whatever it contains.
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logs(level: int) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # The service logs its own start, stop and requests.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    sys.excepthook = _log_crash


def _log_crash(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger("demo_service").critical("crashed", exc_info=(kind, error, traceback))

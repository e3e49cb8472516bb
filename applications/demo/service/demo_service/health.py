"""Health documents, media type `application/health+json`.

Source: draft-inadarei-api-health-check-06, "Health Check Response Format for HTTP APIs".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse

from demo_service.lifecycle import Lifecycle

SERVICE_ID = "demo"


class HealthResponse(JSONResponse):
    media_type = "application/health+json"

    def __init__(self, document: dict[str, Any]) -> None:
        # A status of `fail` requires a 4xx or 5xx code. Nobody may answer a probe from a cache.
        code = 503 if document["status"] == "fail" else 200
        super().__init__(document, status_code=code, headers={"cache-control": "no-store"})


def liveness(version: str) -> dict[str, Any]:
    """Passes as long as the process answers; a restart would not help a service that is stopping."""
    return _document("pass", version)


def readiness(lifecycle: Lifecycle, version: str) -> dict[str, Any]:
    """Fails from the moment that the process is asked to stop, so that no new request is sent to it."""
    if lifecycle.is_stopping:
        return {**_document("fail", version), "output": "the service is shutting down"}
    return _document("pass", version)


def health(lifecycle: Lifecycle, version: str) -> dict[str, Any]:
    """Readiness with measurements. The service depends on nothing, so that there are no components to check."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        **readiness(lifecycle, version),
        "description": "Health of the demo service",
        "checks": {
            "uptime": [_measured(round(lifecycle.uptime_seconds, 3), "s", now)],
            "requests:unfinished": [_measured(lifecycle.unfinished, "requests", now)],
        },
    }


def _document(status: str, version: str) -> dict[str, Any]:
    # `version` is that of the public interface, `releaseId` that of the implementation.
    return {"status": status, "version": version.split(".")[0], "releaseId": version, "serviceId": SERVICE_ID}


def _measured(value: float, unit: str, now: str) -> dict[str, Any]:
    return {"componentType": "system", "observedValue": value, "observedUnit": unit, "status": "pass", "time": now}

"""The web application: `/`, `/api`, `/metrics` and the health endpoints."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from starlette_exporter import PrometheusMiddleware, handle_metrics

from demo_service.configuration import Responses
from demo_service.health import HealthResponse, health, liveness, readiness
from demo_service.lifecycle import Lifecycle
from demo_service.requests import RequestMiddleware


def make_application(responses: Responses, lifecycle: Lifecycle, version: str) -> FastAPI:
    # Without `/docs`: its page loads scripts from other hosts.
    app = FastAPI(title="Demo", version=version, docs_url=None, redoc_url=None)
    app.add_middleware(PrometheusMiddleware, app_name="demo", prefix="http", skip_paths=["/health.*", "/metrics"])
    # The outermost, added last: it sees what is sent, and its time includes the other's.
    app.add_middleware(RequestMiddleware, lifecycle=lifecycle)
    app.add_route("/metrics", handle_metrics)

    @app.get("/", response_class=PlainTextResponse)
    async def root() -> str:
        await asyncio.sleep(responses.delay_seconds)
        return responses.root

    @app.get("/api")
    async def api() -> dict[str, str]:
        await asyncio.sleep(responses.delay_seconds)
        return {"message": responses.api, "version": version}

    @app.get("/health", include_in_schema=False)
    async def whole_health() -> Response:
        return HealthResponse(health(lifecycle, version))

    @app.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        return HealthResponse(liveness(version))

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        return HealthResponse(readiness(lifecycle, version))

    return app

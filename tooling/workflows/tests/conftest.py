"""A stand-in for GitHub's API on loopback: runs, jobs, comments and issues as plain data, each request noted."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tooling.workflows.github_api import Github

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "ghs_secret"


@dataclass
class FakeGithub:
    """What the repository holds. `runs` are in the order in which they began."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, dict[str, tuple[str, str]]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    """Statuses that the next requests are answered with."""
    on_request: Any = None
    """Called with the number of requests so far, before each answer."""
    url: str = ""

    def add_run(
        self,
        workflow: str,
        sha: str,
        *,
        minute: int | None = None,
        event: str = "push",
        status: str = "completed",
        conclusion: str | None = "success",
        **jobs: str,
    ) -> int:
        """Adds a run; `jobs` are `up_dev="success"`, or a status such as `in_progress` of one that has not ended."""
        number = len(self.runs) + 1
        created = BEGINNING + timedelta(minutes=number if minute is None else minute)
        self.runs.append(
            {
                "id": 1000 + number,
                "path": f".github/workflows/{workflow}.yml",
                "run_number": number,
                "head_sha": sha,
                "created_at": created.isoformat().replace("+00:00", "Z"),
                "status": status,
                "conclusion": conclusion,
                "event": event,
                "head_branch": "main" if event == "push" else "feature",
            }
        )
        ended = ("success", "failure", "cancelled", "skipped")
        self.jobs[1000 + number] = {
            name.replace("_", " "): ("completed", state) if state in ended else (state, "")
            for name, state in jobs.items()
        }
        return 1000 + number

    def set_job(self, run: int, name: str, state: str) -> None:
        self.jobs[run][name] = ("completed", state)

    def client(self, run_id: int = 1001) -> Github:
        return Github(repository="example/platform", run_id=run_id, token=TOKEN, url=self.url, retry_seconds=0.0)

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        if found := re.fullmatch(r"actions/runs/(\d+)", path):
            return 200, next(run for run in self.runs if run["id"] == int(found[1]))
        if found := re.fullmatch(r"actions/runs/(\d+)/jobs", path):
            jobs = self.jobs[int(found[1])]
            return 200, {"jobs": [{"name": n, "status": s, "conclusion": c or None} for n, (s, c) in jobs.items()]}
        if found := re.fullmatch(r"actions/workflows/([a-z-]+\.yml)/runs", path):
            runs = [run for run in self.runs if run["path"].endswith(f"/{found[1]}") and run["event"] == "push"]
            return (200, {"workflow_runs": runs}) if runs else (404, {"message": "Not Found"})
        if path == "actions/runs":
            wanted = (query["head_sha"], query["event"])
            return 200, {"workflow_runs": [run for run in self.runs if (run["head_sha"], run["event"]) == wanted]}
        return self._conversation(method, path, query, body)

    def _conversation(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        bot = {"type": "Bot", "login": "github-actions[bot]"}
        if method == "GET":
            everything = self.comments if path.endswith("/comments") else self._issues_of(query)
            first = (int(query["page"]) - 1) * int(query["per_page"])
            return 200, everything[first : first + int(query["per_page"])]
        if method == "PATCH":
            items = self.comments if "/comments/" in path else self.issues
            item = next(i for i in items if str(i.get("id", i.get("number"))) == path.rpartition("/")[2])
            item.update(body)
            return 200, item
        if path.endswith("/comments"):
            self.comments.append({"id": len(self.comments) + 1, "user": bot, "on": path, **body})
            return 201, self.comments[-1]
        self.issues.append({"number": len(self.issues) + 1, "state": "open", "user": bot, **body})
        return 201, self.issues[-1]

    def _issues_of(self, query: dict[str, str]) -> list[dict[str, Any]]:
        return [i for i in self.issues if i["state"] == query["state"] and i["user"]["login"] == query["creator"]]


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    fake = FakeGithub()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            address = urlsplit(self.path)
            path = address.path.removeprefix("/repos/example/platform/")
            fake.requests.append((self.command, path))
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if fake.on_request is not None:
                fake.on_request(len(fake.requests))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Bad credentials"}
            elif fake.failures:
                status, answer = fake.failures.pop(0), {"message": "broken"}
            else:
                query = {key: values[0] for key, values in parse_qs(address.query).items()}
                status, answer = fake.answer(self.command, path, query, json.loads(content or b"{}"))
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815  the names that the server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the server's own name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

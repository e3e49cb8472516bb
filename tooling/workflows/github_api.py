"""The GitHub API calls that the pipelines need. The token is only in a header, never in a message."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.errors import BadInput, PlatformError

_PAGE = 100
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """One run of a workflow; `path` is its file, `number` counts the workflow's runs."""

    id: int
    path: str
    number: int
    sha: str
    created_at: datetime
    status: str
    conclusion: str

    @classmethod
    def of(cls, content: dict[str, Any]) -> WorkflowRun:
        return cls(
            id=content["id"],
            # GitHub adds `@<branch>` if the file is from another branch.
            path=content["path"].partition("@")[0],
            number=content["run_number"],
            sha=content["head_sha"],
            created_at=datetime.fromisoformat(content["created_at"]),
            status=content["status"],
            conclusion=content["conclusion"] or "",
        )


@dataclass(frozen=True, kw_only=True)
class WorkflowJob:
    name: str
    status: str
    """`queued`, `waiting` (for an approval), `in_progress`, `completed` …"""
    conclusion: str


@dataclass(frozen=True, kw_only=True)
class Github:
    """One repository, with the credentials of a workflow job.

    Source: GitHub Docs, "REST API endpoints for workflow runs", "… workflow jobs", "… issues", "… issue comments".
    """

    repository: str
    run_id: int
    token: str = field(repr=False)
    url: str = "https://api.github.com"
    retry_seconds: float = 5.0

    @classmethod
    def of_this_job(cls) -> Github:
        """From the variables that GitHub sets in every job, and the token that the step passes.

        Raises:
            BadInput: `not-a-job`, naming the variable that is not set.
        """
        values = {}
        for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_TOKEN"):
            values[name] = os.environ.get(name, "")
            if not values[name]:
                raise BadInput(
                    "not-a-job", f"{name} is not set", at="environment", hint="run it in a job of GitHub Actions"
                )
        return cls(
            repository=values["GITHUB_REPOSITORY"],
            run_id=int(values["GITHUB_RUN_ID"]),
            token=values["GITHUB_TOKEN"],
            url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        )

    def own_run(self) -> WorkflowRun:
        return WorkflowRun.of(self.call("GET", f"actions/runs/{self.run_id}"))

    def runs_of_main(self, workflow: str) -> list[WorkflowRun]:
        """The latest pushes' runs of a workflow file, e.g. `tenants.yml`, newest first; none if it never ran."""
        query = {"branch": "main", "event": "push", "per_page": _PAGE}
        content = self.call("GET", f"actions/workflows/{workflow}/runs", query=query, absent={"workflow_runs": []})
        return sorted(map(WorkflowRun.of, content["workflow_runs"]), key=lambda run: run.number, reverse=True)

    def runs_of_pull_request(self, sha: str) -> list[WorkflowRun]:
        query = {"head_sha": sha, "event": "pull_request", "per_page": _PAGE}
        return [WorkflowRun.of(run) for run in self.call("GET", "actions/runs", query=query)["workflow_runs"]]

    def jobs(self, run: WorkflowRun) -> dict[str, WorkflowJob]:
        """The jobs of a run's latest attempt, by name."""
        content = self.call("GET", f"actions/runs/{run.id}/jobs", query={"filter": "latest", "per_page": _PAGE})
        return {
            job["name"]: WorkflowJob(name=job["name"], status=job["status"], conclusion=job["conclusion"] or "")
            for job in content["jobs"]
        }

    def pages(self, path: str, query: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        for page in range(1, 51):
            items = self.call("GET", path, query={**(query or {}), "per_page": _PAGE, "page": page})
            yield from items
            if len(items) < _PAGE:
                return

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        absent: Any = None,
    ) -> Any:
        """One call, relative to the repository's URL. Reads are retried if GitHub or the network fails.

        Args:
            absent: the answer where there is no such thing; `None`: that is an error.

        Raises:
            PlatformError: `github-refused` with the status, `github-unreachable`.
        """
        url = f"{self.url}/repos/{self.repository}/{path}"
        if query:
            url += f"?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(  # noqa: S310  the runner's own API address
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        attempts = _ATTEMPTS if method == "GET" else 1
        why = ""
        for attempt in range(attempts):
            if attempt:
                time.sleep(self.retry_seconds * attempt)
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  as above
                    return json.loads(answer.read() or b"{}")
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == 404 and absent is not None:
                        return absent
                    if error.code < 500:
                        raise self._refused(method, path, error.code) from None
                    why = f"status {error.code}"
            except (OSError, ValueError) as error:
                why = type(error).__name__
        raise PlatformError(
            "github-unreachable",
            f"GitHub did not respond to {method} {path}: {why}",
            at=self.url,
            hint="run the job again; see https://www.githubstatus.com for outages",
        )

    def _refused(self, method: str, path: str, status: int) -> PlatformError:
        return PlatformError(
            "github-refused",
            f"GitHub refused {method} {path} with status {status}",
            at=self.repository,
            hint="check the job's `permissions`",
        )


def append_to(variable: str, text: str) -> None:
    """Appends to the file named by `variable`, such as GITHUB_OUTPUT; does nothing outside of a job."""
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)

"""The lane's load balancer: requests for the host of an Ingress reach a process of a ready pod.

One port answers for every host, as a load balancer does, by the `Host` header. Each host that was opened also has a
port of its own, whose address a browser can open without the host's name being known to anybody.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tooling.kubelet.api import Api
from tooling.lane.ports import LOOPBACK, free_ports
from tooling.whole_files import write_whole

OPEN_PATH = "/.tiers/open"
"""`GET …?host=<host>`: the port of the host's own address, as JSON."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Source: RFC 9110, section 7.6.1."""
_TIMEOUT_SECONDS = 60.0
"""A load balancer's idle timeout."""
_BLOCK_BYTES = 1 << 16

_log = logging.getLogger(__name__)


class Unavailable(Exception):
    """A request that reaches no process: the status of its answer, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Backend:
    """The port of a Service, as an Ingress names it."""

    namespace: str
    service: str
    port: int | str


class Ingress:
    """`directory`: where the ports of opened hosts are kept, so that they stay the same."""

    def __init__(self, api: Api, directory: Path, port: int) -> None:
        self._api = api
        self._file = directory / "hosts.json"
        self._port = port
        self._lock = threading.Lock()
        self._host_ports: dict[tuple[str, int], int] = {}
        self._opened: dict[str, int] = {}
        self._turn = 0

    def start(self) -> None:
        self._serve(self._port, "")
        with contextlib.suppress(OSError, ValueError):
            for host, port in json.loads(self._file.read_text()).items():
                with contextlib.suppress(OSError):
                    self._serve(port, host)
                    self._opened[host] = port

    def listens(self, address: str, container_port: int, host_port: int) -> None:
        """The process of a pod listens on a port of loopback; 0: not any more."""
        with self._lock:
            if host_port:
                self._host_ports[address, container_port] = host_port
            else:
                self._host_ports.pop((address, container_port), None)

    def open(self, host: str) -> int:
        """The port of the host's own address."""
        with self._lock:
            if host not in self._opened:
                (port,) = free_ports(1)
                self._serve(port, host)
                self._opened[host] = port
                write_whole(self._file, json.dumps(self._opened))
            return self._opened[host]

    def target(self, host: str, path: str) -> int:
        """The port of loopback that answers a request.

        Raises:
            Unavailable: there is none.
        """
        backend = backend_of(self._api.items("/apis/networking.k8s.io/v1/ingresses"), host, path)
        if backend is None:
            raise Unavailable(404, f"no Ingress has the host {host or 'of this request'} and the path {path}")
        service = self._api.get(f"/api/v1/namespaces/{backend.namespace}/services/{backend.service}")
        if service is None:
            raise Unavailable(503, f"Service {backend.service} of namespace {backend.namespace} does not exist")
        slices = self._api.items(
            f"/apis/discovery.k8s.io/v1/namespaces/{backend.namespace}/endpointslices"
            f"?labelSelector=kubernetes.io/service-name%3D{backend.service}"
        )
        with self._lock:
            known = dict(self._host_ports)
            self._turn += 1
            turn = self._turn
        found = [known[each] for each in ready_endpoints(slices, service, backend.port) if each in known]
        if found:
            return found[turn % len(found)]
        raise Unavailable(503, self._why(backend, service))

    def _why(self, backend: Backend, service: Mapping[str, Any]) -> str:
        selector = service["spec"].get("selector") or {}
        labels = "%2C".join(f"{key}%3D{value}" for key, value in selector.items())
        pods = self._api.items(f"/api/v1/namespaces/{backend.namespace}/pods?labelSelector={labels}")
        if not pods:
            return f"Service {backend.service} of namespace {backend.namespace} has no pods: it is scaled to zero"
        lines = [f"Service {backend.service} of namespace {backend.namespace} has no ready pod:"]
        return "\n".join([*lines, *(f"  {pod['metadata']['name']}: {trouble(pod)}" for pod in pods)])

    def _serve(self, port: int, host: str) -> None:
        server = _Server((LOOPBACK, port), _Handler)
        server.ingress, server.host = self, host
        threading.Thread(target=server.serve_forever, daemon=True).start()


def backend_of(ingresses: Sequence[Mapping[str, Any]], host: str, path: str) -> Backend | None:
    """The longest matching path of the Ingresses with this host. Source: Kubernetes, "Ingress", path types."""
    best: tuple[int, bool, Backend] | None = None
    for ingress in ingresses:
        for rule in ingress["spec"].get("rules") or ():
            if not _host_matches(rule.get("host", ""), host):
                continue
            for each in (rule.get("http") or {}).get("paths") or ():
                service = each["backend"].get("service")
                pattern, kind = each.get("path") or "/", each.get("pathType", "Prefix")
                if service is None or not _path_matches(pattern, kind, path):
                    continue
                port = service["port"].get("number") or service["port"].get("name", "")
                found = (
                    len(pattern),
                    kind == "Exact",
                    Backend(ingress["metadata"]["namespace"], service["name"], port),
                )
                if best is None or found[:2] > best[:2]:
                    best = found
    return best[2] if best else None


def _host_matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return not pattern or pattern == host


def _path_matches(pattern: str, kind: str, path: str) -> bool:
    if kind == "Exact":
        return path == pattern
    prefix = pattern.rstrip("*").rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def ready_endpoints(
    slices: Sequence[Mapping[str, Any]], service: Mapping[str, Any], port: int | str
) -> list[tuple[str, int]]:
    """Address and container port of every ready endpoint behind a port of the Service."""
    names = [
        each.get("name", "") for each in service["spec"].get("ports") or () if port in (each["port"], each.get("name"))
    ]
    found = []
    for each in slices:
        ports = [one["port"] for one in each.get("ports") or () if (one.get("name") or "") in names]
        for endpoint in each.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready"):
                found += [(address, one) for address in endpoint["addresses"] for one in ports]
    return found


def trouble(pod: Mapping[str, Any]) -> str:
    """Why a pod is not ready, from its status."""
    status = pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"]:
        return "it is being deleted"
    for container in status.get("containerStatuses") or ():
        halted = container["state"].get("waiting") or container["state"].get("terminated") or {}
        if halted:
            return ": ".join(filter(None, (halted.get("reason", ""), halted.get("message", ""))))
    for condition in status.get("conditions") or ():
        if (
            condition["type"] in ("PodScheduled", "Ready")
            and condition["status"] == "False"
            and condition.get("message")
        ):
            return condition["message"]
    return status.get("phase", "Pending")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    ingress: Ingress
    host: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == OPEN_PATH and not self._of.host:
            host = parse_qs(address.query).get("host", [""])[0]
            self._answer(200, "application/json", json.dumps({"port": self._of.ingress.open(host)}))
            return
        self._forward()

    @property
    def _of(self) -> _Server:
        assert isinstance(self.server, _Server)
        return self.server

    def __getattr__(self, name: str) -> Any:
        # Every other method is forwarded too: the base class looks for `do_<METHOD>`.
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def _forward(self) -> None:
        host = self._of.host or (self.headers.get("Host") or "").partition(":")[0]
        try:
            body = self._body()
            port = self._of.ingress.target(host, urlsplit(self.path).path or "/")
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
            with contextlib.closing(connection):
                self._relay(connection, host, body)
        except Unavailable as error:
            self._answer(error.status, "text/plain; charset=utf-8", f"{error}\n")
        except TimeoutError:
            self._answer(504, "text/plain; charset=utf-8", "the service did not answer in time\n")
        except (OSError, http.client.HTTPException) as error:
            self._answer(502, "text/plain; charset=utf-8", f"the service did not answer: {error}\n")

    def _relay(self, connection: http.client.HTTPConnection, host: str, body: bytes | None) -> None:
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP | {"host", "content-length", "expect"}:
                connection.putheader(name, value)
        # As the load balancer adds them.
        connection.putheader("X-Forwarded-For", self.client_address[0])
        connection.putheader("X-Forwarded-Proto", "http")
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        bodyless = self.command == "HEAD" or answer.status in (204, 304) or answer.status < 200
        chunked = answer.length is None and not bodyless
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if bodyless:
            return
        for block in iter(lambda: answer.read1(_BLOCK_BYTES), b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _body(self) -> bytes | None:
        if (self.headers.get("Transfer-Encoding") or "").lower() == "chunked":
            return b"".join(_chunks(self.rfile))
        length = self.headers.get("Content-Length")
        return self.rfile.read(int(length)) if length else None

    def _answer(self, status: int, kind: str, text: str) -> None:
        content = text.encode()
        with contextlib.suppress(OSError):
            self.send_response_only(status)
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are the services' to log."""


def _chunks(file: Any) -> Iterator[bytes]:
    while size := int(file.readline().partition(b";")[0], 16):
        yield file.read(size)
        file.readline()
    while file.readline().strip():
        pass

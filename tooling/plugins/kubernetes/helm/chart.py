"""The component `helm.sh/v4:Chart`: a chart rendered by Helm, with one resource per object.

Imports Pulumi's SDK, and so is imported only once a program asks for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import grpc
import pulumi
import yaml
from pulumi.provider.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2 as proto

from shared.errors import PlatformError, Refused
from shared.versions import KUBERNETES_PATCH
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.helm import charts, program
from tooling.plugins.kubernetes.helm.program import HelmFailed
from tooling.plugins.kubernetes.helm.release import CHART, Release
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.recorded import RECORDED

_NOT_MODELLED = ("includeHooks", "keyring", "plainHttp", "postRenderer", "verify")
_HOOK = "helm.sh/hook"
_FIRST = ("CustomResourceDefinition", "Namespace")
"""Kinds that others of the chart may need."""


def construct(
    request: proto.ConstructRequest,
    context: grpc.ServicerContext,
    release: Release,
    cluster: Cluster | None,
    engine: str,
) -> proto.ConstructResponse:
    """Answers the engine's Construct, on an event loop of its own.

    Raises:
        PlatformError: what is wrong with the chart or its inputs.
    """
    charts_here = _Charts(release, cluster)
    try:
        # The SDK's own answer to an invalid input, which alone would use the context, is not raised here.
        return asyncio.run(ProviderServicer(charts_here, [], engine).Construct(request, cast("Any", context)))
    except pulumi.RunError:
        if charts_here.failure is not None:
            raise charts_here.failure from None
        raise


class _Charts(Provider):
    def __init__(self, release: Release, cluster: Cluster | None) -> None:
        super().__init__("4.0.0", schema="{}")
        self._release = release
        self._cluster = cluster
        self.failure: PlatformError | None = None

    def construct(
        self, name: str, resource_type: str, inputs: Mapping[str, Any], options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        component = pulumi.ComponentResource(CHART, name, {}, options)
        given = pulumi.Output.all(**inputs)

        async def objects(values: Manifest) -> dict[str, Any]:
            return self._objects(name, values, component, secret=await given.is_secret())

        both = given.apply(objects)
        outputs = {key: both[key] for key in ("resources", "status")}
        component.register_outputs(outputs)
        return ConstructResult(component.urn, outputs)

    def _objects(self, name: str, inputs: Manifest, component: pulumi.Resource, *, secret: bool) -> dict[str, Any]:
        try:
            plain = {key: _plain(value) for key, value in inputs.items()}
            return self._registered(name, plain, component, secret=secret)
        except PlatformError as error:
            # Anything but a RunError comes out with a traceback of this process.
            self.failure = error
            raise pulumi.RunError(str(error)) from None

    def _registered(self, name: str, inputs: Manifest, component: pulumi.Resource, *, secret: bool) -> dict[str, Any]:
        for key in _NOT_MODELLED:
            if inputs.get(key):
                raise Refused(
                    "helm-not-modelled",
                    f"the local lane does not model `{key}` of a Helm chart",
                    at=name,
                    hint="leave it out, or run this stack with the released plug-ins",
                )
        source = charts.source_of(inputs)
        reason = charts.out_of_reach(source)
        if reason:
            self._release.say(f"chart {source} is recorded with its values, not run: {reason}")
            return {"resources": [], "status": {"status": RECORDED, "chart": source.chart, "version": source.version}}
        namespace = inputs.get("namespace") or self._release.settings.namespace
        bodies = [self._placed(body, namespace) for body in self._rendered(name, namespace, inputs, source)]
        if inputs.get("skipAwait"):
            bodies = [_not_waited_for(body) for body in bodies]
        prefix = str(inputs.get("resourcePrefix") or name)
        resources = _registered_in_order(prefix, bodies, component, secret=secret)
        return {"resources": resources, "status": {"status": "rendered"}}

    def _rendered(self, name: str, namespace: str, inputs: Manifest, source: charts.Source) -> list[Manifest]:
        with program.running(self._release.settings.connection, self._release.cancellation, self._release.say) as helm:
            try:
                text = helm.run(
                    "template",
                    str(inputs.get("name") or name),
                    helm.fetched(source),
                    *("--namespace", namespace, "--kube-version", KUBERNETES_PATCH.value, "--no-hooks"),
                    *([] if inputs.get("skipCrds") else ["--include-crds"]),
                    *(["--dependency-update"] if inputs.get("dependencyUpdate") else []),
                    *helm.values(inputs),
                )
            except HelmFailed as error:
                raise PlatformError(
                    "helm-failed", f"helm template: {error}", at=name, hint="fix the chart or its values"
                ) from error
        bodies = [body for body in yaml.safe_load_all(text) if body]
        return [body for body in bodies if _HOOK not in (m.metadata(body).get("annotations") or {})]

    def _placed(self, body: Manifest, namespace: str) -> Manifest:
        """With its namespace, which charts leave to Helm. A kind that is not served yet brings its own definition."""
        kind = self._cluster.kind_of(body) if self._cluster is not None else None
        cluster_wide = kind is not None and not kind.namespaced
        return body if cluster_wide or m.namespace(body) else m.with_metadata(body, namespace=namespace)


def _registered_in_order(
    prefix: str, bodies: Sequence[Manifest], component: pulumi.Resource, *, secret: bool
) -> list[pulumi.Resource]:
    """Each object as a child, after what it may need. With `secret`, none of their values is shown or kept in plain."""
    first: list[pulumi.Resource] = []
    rest: list[pulumi.Resource] = []
    for body in sorted(bodies, key=lambda body: body["kind"] not in _FIRST):
        made, needs = (first, []) if body["kind"] in _FIRST else (rest, list(first))
        version = body["apiVersion"] if "/" in body["apiVersion"] else f"core/{body['apiVersion']}"
        place = "/".join(filter(None, (m.namespace(body), m.name(body))))
        properties = {
            key: pulumi.Output.secret(value) if secret and key not in ("apiVersion", "kind", "metadata") else value
            for key, value in body.items()
        }
        options = pulumi.ResourceOptions(parent=component, depends_on=needs)
        made.append(
            pulumi.CustomResource(f"kubernetes:{version}:{body['kind']}", f"{prefix}:{place}", properties, options)
        )
    return [*first, *rest]


def _not_waited_for(body: Manifest) -> Manifest:
    annotations = {**(m.metadata(body).get("annotations") or {}), m.SKIP_AWAIT: "true"}
    return m.with_metadata(body, annotations=annotations)


def _plain(value: Any) -> Any:
    """Assets as the wire has them, which is how releases get them."""
    if isinstance(value, pulumi.FileAsset):
        return {"path": str(value.path)}
    if isinstance(value, pulumi.StringAsset):
        return {"text": value.text}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value

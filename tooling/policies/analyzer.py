"""The engine's analyzer protocol over `shared.policies`.

Source: pulumi, proto/pulumi/analyzer.proto. Every request names its resource by URN, and with it stack and project, so
that one server answers for all stacks of a run and keeps nothing of any.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from shared.engine_marks import without_secrets
from shared.policies.evaluation import Policies, Violation
from shared.policies.rule import Level
from shared.policies.table import BY_ID, RULES
from shared.policies.view import ResourceView
from tooling.plugins.provider.server import start
from tooling.plugins.provider.wire import decode
from tooling.policies.pack import PACK, VERSION

_THREADS = 8
_LEVELS = {
    Level.MANDATORY: analyzer_pb2.EnforcementLevel.MANDATORY,
    Level.ADVISORY: analyzer_pb2.EnforcementLevel.ADVISORY,
}


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """The protocol's responses. The engine needs no implementation of the rest (handshake, stack settings)."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def GetAnalyzerInfo(self, request: Any, context: Any) -> analyzer_pb2.AnalyzerInfo:  # noqa: N802
        resource, stack = analyzer_pb2.POLICY_TYPE_RESOURCE, analyzer_pb2.POLICY_TYPE_STACK
        of_resources = {rule.id for rule in RULES}
        return analyzer_pb2.AnalyzerInfo(
            name=PACK,
            version=VERSION,
            displayName=PACK,
            supportsConfig=False,
            policies=[
                analyzer_pb2.PolicyInfo(
                    name=rule.id,
                    description=rule.description,
                    enforcementLevel=_LEVELS[rule.level],
                    remediation_steps=rule.hint,
                    policy_type=resource if rule.id in of_resources else stack,
                )
                for rule in BY_ID.values()
            ],
        )

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def Analyze(self, request: Any, context: Any) -> analyzer_pb2.AnalyzeResponse:  # noqa: N802
        return _response(self._policies.of_resource(view_of(request)))

    def AnalyzeStack(self, request: Any, context: Any) -> analyzer_pb2.AnalyzeResponse:  # noqa: N802
        return _response(self._policies.of_stack([view_of(resource) for resource in request.resources]))

    def Remediate(self, request: Any, context: Any) -> analyzer_pb2.RemediateResponse:  # noqa: N802
        """Returns nothing: no rule changes a resource; its author has to fix it."""
        return analyzer_pb2.RemediateResponse()

    def Configure(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()


def serve_in_threads(policies: Policies) -> tuple[grpc.Server, int]:
    """Starts the server on a loopback port; the caller stops it."""
    return start(partial(analyzer_pb2_grpc.add_AnalyzerServicer_to_server, Analyzer(policies)), threads=_THREADS)


def view_of(request: Any) -> ResourceView:
    """An `AnalyzeRequest` or `AnalyzerResource` in the form that the rules take."""
    dependencies = set(getattr(request, "dependencies", ()))
    for used in getattr(request, "propertyDependencies", {}).values():
        dependencies.update(used.urns)
    return ResourceView(
        type=request.type,
        name=request.name,
        urn=request.urn,
        properties=without_secrets(decode(request.properties)),
        provider=without_secrets(decode(request.provider.properties)) if request.HasField("provider") else None,
        depends_on=frozenset(dependencies),
    )


def _response(violations: Iterable[Violation]) -> analyzer_pb2.AnalyzeResponse:
    return analyzer_pb2.AnalyzeResponse(
        diagnostics=[
            analyzer_pb2.AnalyzeDiagnostic(
                policyName=violation.rule.id,
                policyPackName=PACK,
                policyPackVersion=VERSION,
                description=violation.rule.description,
                message=violation.message,
                enforcementLevel=_LEVELS[violation.level],
                urn=violation.urn,
            )
            for violation in violations
        ]
    )

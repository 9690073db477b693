# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defects of control planes that an operator runs: of its generation 2 and of its generation 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...._mesh.lint.commands import commands
from ...._mesh.lint.finding import ERROR, NOTICE, WARNING, Finding
from ...._mesh.lint.given import LintScene
from ...._mesh.lint.rule import LintRule
from .names import MAISTRA, SAIL, control_planes

_BALANCER, _WANTED = "service.beta.kubernetes.io/aws-load-balancer-type", ("nlb", "external", "nlb-ip")
_AWS = ("aws", "rosa", "eks")
_ONLY_V1 = ("Istio", "IstioRevision", "IstioRevisionTag", "IstioCNI")  # a ZTunnel is served as v1alpha1 too
_PLANES = ("smcp", "smcps", "servicemeshcontrolplane", "servicemeshcontrolplanes")
_SPACES = ("project", "projects", "namespace", "namespaces", "ns")


def _balancers(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    """A classic load balancer of AWS takes no part in TLS that the gateways end, and its name has no stable address."""
    for plane in scene.of(MAISTRA, "ServiceMeshControlPlane"):
        third = plane.get("spec", "security", "identity", "type") == "ThirdParty"
        if scene.platform and scene.platform.lower() not in _AWS:
            continue
        sure = scene.platform or third
        for name in plane.mapping("spec", "gateways", "additionalIngress"):
            service = ("spec", "gateways", "additionalIngress", name, "service")
            way = (*service, "metadata", "annotations", _BALANCER)
            if plane.get(*service, "type") == "LoadBalancer" and plane.get(*way) not in _WANTED:
                says = f"the gateway {name} gets a classic load balancer on AWS; annotate its service with {_BALANCER}: nlb"
                yield replace(rule.at(plane, way, says), severity=WARNING if sure else NOTICE)


def _audience(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for plane in scene.of(MAISTRA, "ServiceMeshControlPlane"):
        if "audience" in plane.mapping("spec", "security", "identity"):
            way = ("spec", "security", "identity", "audience")
            yield rule.at(plane, way, "security.identity.audience is no field, so it is dropped; the field is security.identity.thirdParty.audience")


def _alpha(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for document in scene.documents:
        if document.group == SAIL and document.version == "v1alpha1" and document.ref.kind in _ONLY_V1:
            says = f"current operators do not serve {SAIL}/v1alpha1; write {document.ref.kind} as {SAIL}/v1"
            yield rule.at(document, ("apiVersion",), says)


def _order(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    spaces = {str(plane.ref.namespace) for plane in control_planes(scene)}
    for script in scene.scripts:
        gone = False
        for command in commands(script):
            gone = gone or command.does("delete", *_PLANES)
            for name in command.named() if command.does("delete", *_SPACES) else ():
                if name in spaces and not gone:
                    says = f"the script deletes the namespace {name} before its control plane, whose finalizer then may keep the namespace"
                    yield rule.in_script(script.file, command.line, f"{says}; delete the ServiceMeshControlPlane first and wait")


RULES = (
    LintRule("load-balancer-type", WARNING, "A gateway of a federation gets a classic load balancer on AWS.", _balancers),
    LintRule("identity-audience", ERROR, "A ServiceMeshControlPlane has the audience of its tokens beside the field for it.", _audience),
    LintRule("sail-v1alpha1", ERROR, "An object of the Sail operator is written in an API version that current operators do not serve.", _alpha),
    LintRule("cleanup-order", WARNING, "A script deletes the namespace of a control plane before the control plane.", _order),
)

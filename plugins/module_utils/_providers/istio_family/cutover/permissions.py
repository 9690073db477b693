# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that a cutover needs."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.cutover.probes import TARGET
from ..health.observation import CONFIGURATION
from .gateway_api import GROUP

_ROUTES = ("httproutes", "grpcroutes", "tlsroutes", "tcproutes")
_READ = (
    ("", "namespaces"),
    ("", "pods"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("argoproj.io", "rollouts"),
    ("policy", "poddisruptionbudgets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("", "serviceaccounts"),
    *((GROUP, resource) for resource in ("gateways", "gatewayclasses", "listenersets", *_ROUTES)),
    ("gateway.networking.x-k8s.io", "xlistenersets"),
)

_CONTROLLERS = (("apps", "deployments"), ("apps", "statefulsets"), ("apps", "daemonsets"), ("argoproj.io", "rollouts"))
_ADMISSION = "admissionregistration.k8s.io"
# The second workload of a gateway comes and goes with what scales and guards it, a second Gateway with a ConfigMap that says how it differs.
# Pods are only tried: the API server makes none of them.
_WRITTEN = (
    ("", "namespaces", "patch"),
    ("", "pods", "create"),
    ("", "pods/eviction", "create"),
    *((group, resource, "patch") for group, resource in _CONTROLLERS),
    *((group, resource, verb) for group, resource in (("apps", "deployments"), ("autoscaling", "horizontalpodautoscalers"), ("policy", "poddisruptionbudgets"))
      for verb in ("create", "delete")),
    ("discovery.k8s.io", "endpointslices", "list"),
    *((GROUP, "gateways", verb) for verb in ("create", "patch", "delete")),
    *((GROUP, resource, "patch") for resource in _ROUTES),
    ("", "configmaps", "create"),
    ("", "configmaps", "delete"),
    ("", "serviceaccounts", "patch"),
    *((_ADMISSION, "mutatingwebhookconfigurations", verb) for verb in ("create", "update", "delete")),
    *((_ADMISSION, "validatingwebhookconfigurations", verb) for verb in ("update", "delete")),
)  # fmt: skip


def cutting_over(namespace: str) -> list[dict[str, str]]:
    """To look, to write what namespaces, workloads and pointers follow, and to remove a revision. What is changed is read again before."""
    own = [*(("", "services", verb) for verb in ("get", "create", "update")), *(("", "configmaps", verb) for verb in ("get", "delete"))]
    copied = [(version.partition("/")[0], _plural(kind), verb) for version, kind in CONFIGURATION for verb in ("create", "patch", "delete")]
    changed = dict.fromkeys((group, resource, "get") for group, resource, verb in (*_WRITTEN, *copied) if verb in ("patch", "update", "delete"))
    return [*seeing(namespace), *_rights([*changed, *_WRITTEN, *copied]), *({**right, "namespace": namespace} for right in _rights(own))]


def probing() -> list[dict[str, str]]:
    """For the configuration of the probes' own gateway; an install asks for the rest of what probes need."""
    wanted = _rights(("networking.istio.io", resource, verb) for resource in ("gateways", "virtualservices") for verb in ("get", "create", "patch"))
    return [{**right, "namespace": TARGET} for right in wanted]


def seeing(namespace: str) -> list[dict[str, str]]:
    """To look. A GET that becomes a WebSocket forwards a port; newer API servers require `create` too."""
    kinds = [*_READ, *((version.partition("/")[0], _plural(kind)) for version, kind in CONFIGURATION)]
    asking = [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    own = {"verb": "list", "group": "", "resource": "configmaps", "namespace": namespace}
    return [*_rights((group, resource, "list") for group, resource in kinds), *({**right, "namespace": namespace} for right in _rights(asking)), own]


def _plural(kind: str) -> str:
    """As Istio's CRDs have them."""
    small = kind.lower()
    return f"{small[:-1]}ies" if small.endswith("y") and not small.endswith("ay") else f"{small}s"


def _rights(wanted: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision that nothing follows any more, in the order of its removal."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live
from .injection import REV

_ADMISSION = "admissionregistration.k8s.io/v1"
_MAPS = ("istio", "istio-sidecar-injector", "values")
_GATEWAY_KINDS = (("autoscaling/v2", "HorizontalPodAutoscaler"), ("policy/v1", "PodDisruptionBudget"), ("apps/v1", "Deployment"))


def release(revision: str) -> str:
    """The Helm release of its control plane. Removing it leaves what the chart keeps, and what others made."""
    return "istiod" if revision == "default" else f"istiod-{revision}"


def gateways(live: Live, revision: str, names: Iterable[tuple[str, str]]) -> list[Ref]:
    """What a cutover put a second Deployment in place of: the Deployments without pods, after what scales them."""
    drained = [(namespace, name) for namespace, name in names if _drained(live, namespace, name, revision)]
    return [Ref(version, kind, name, namespace) for namespace, name in drained for version, kind in _GATEWAY_KINDS]


def _drained(live: Live, namespace: str, name: str, revision: str) -> bool:
    for one in live.get("Deployment", ()):
        meta, spec = one["metadata"], one.get("spec") or {}
        if (meta["namespace"], meta["name"]) == (namespace, name):
            labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
            return spec.get("replicas") == 0 and labels.get(REV) == revision
    return False


def leftovers(namespace: str, revision: str) -> list[Ref]:
    """What a release may leave behind. Injection goes first: a webhook without a control plane refuses every pod it matches."""
    suffix = "" if revision == "default" else f"-{revision}"
    elsewhere = "" if namespace == "istio-system" else f"-{namespace}"
    return [
        Ref(_ADMISSION, "MutatingWebhookConfiguration", f"istio-sidecar-injector{suffix}{elsewhere}"),
        Ref(_ADMISSION, "ValidatingWebhookConfiguration", f"istio-validator{suffix}-{namespace}"),
        *(Ref("v1", "ConfigMap", f"{name}{suffix}", namespace) for name in _MAPS),
    ]

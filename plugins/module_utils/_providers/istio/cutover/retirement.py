# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision that nothing follows any more, in the order of its removal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...._mesh.objects.change import Ref
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Live, Object
from .entrance import of_revision, scales
from .injection import REV

_ADMISSION = "admissionregistration.k8s.io/v1"
_MAPS = ("istio", "istio-sidecar-injector", "values")
_APPS = "apps/v1"


def release(revision: str) -> str:
    """The Helm release of its control plane. Removing it leaves what the chart keeps, and what others made."""
    return "istiod" if revision == "default" else f"istiod-{revision}"


def gateways(live: Live, revision: str, names: Iterable[tuple[str, str]]) -> list[Ref]:
    """What a cutover put a second Deployment in place of: the Deployments without pods, after what scales and guards them alone."""
    gone = [one for namespace, name in names if (one := _drained(live, namespace, name, revision))]
    return [ref for one in gone for ref in (*_around(live, one, revision), Ref(_APPS, "Deployment", one["metadata"]["name"], one["metadata"]["namespace"]))]


def _around(live: Live, deployment: Object, revision: str) -> Iterator[Ref]:
    """A budget that does not name the revision guards the Deployment that came in its place, too."""
    meta, labels = deployment["metadata"], deployment["spec"]["template"]["metadata"]["labels"]
    for scaler in live.get("HorizontalPodAutoscaler", ()):
        if scales(scaler, deployment):
            yield Ref("autoscaling/v2", "HorizontalPodAutoscaler", scaler["metadata"]["name"], meta["namespace"])
    for budget in live.get("PodDisruptionBudget", ()):
        if budget["metadata"]["namespace"] == meta["namespace"] and of_revision(budget, revision) and matches(budget["spec"]["selector"], labels):
            yield Ref("policy/v1", "PodDisruptionBudget", budget["metadata"]["name"], meta["namespace"])


def _drained(live: Live, namespace: str, name: str, revision: str) -> Object | None:
    for one in live.get("Deployment", ()):
        meta, spec = one["metadata"], one.get("spec") or {}
        if (meta["namespace"], meta["name"]) == (namespace, name):
            labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
            return one if spec.get("replicas") == 0 and labels.get(REV) == revision else None
    return None


def leftovers(namespace: str, revision: str) -> list[Ref]:
    """What a release may leave behind. Injection goes first: a webhook without a control plane refuses every pod it matches."""
    suffix = "" if revision == "default" else f"-{revision}"
    elsewhere = "" if namespace == "istio-system" else f"-{namespace}"
    return [
        Ref(_ADMISSION, "MutatingWebhookConfiguration", f"istio-sidecar-injector{suffix}{elsewhere}"),
        Ref(_ADMISSION, "ValidatingWebhookConfiguration", f"istio-validator{suffix}-{namespace}"),
        *(Ref("v1", "ConfigMap", f"{name}{suffix}", namespace) for name in _MAPS),
    ]

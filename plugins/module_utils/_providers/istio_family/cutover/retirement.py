# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision that nothing follows any more, in the order of its removal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...._mesh.cutover.observed import MeshWorkload
from ...._mesh.objects.change import Ref
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Live, Object
from ..install.passage import passage_of
from .entrance import of_revision
from .injection import REV
from .scalers import scales
from .turning import SECOND_OF

_ADMISSION = "admissionregistration.k8s.io/v1"
MAPS = ("istio", "istio-sidecar-injector", "values")
_APPS = "apps/v1"


def gateways(live: Live, revision: str, drained: Sequence[MeshWorkload], serving: Collection[tuple[str, str]]) -> list[Ref]:
    """Deployments without pods, after what scales and guards them alone: second ones, and the first one that its second one has replaced for good.

    What somebody else took the pods of stays.
    """
    known = {_place(one): one for one in live.get("Deployment", ())}
    replaced = {_first(known[place]) for place in serving if place in known}
    gone = []
    for one in filter(None, (known.get((gateway.namespace, gateway.name)) for gateway in drained)):
        own = bool(_first(one)[1]) or _place(one) in replaced
        gone += [one] if (own and _label(one) == revision) or _first(one) in serving else []
    return [ref for one in gone for ref in (*_around(live, one), Ref(_APPS, "Deployment", one["metadata"]["name"], one["metadata"]["namespace"]))]


def _place(one: Object) -> tuple[str, str]:
    return str(one["metadata"]["namespace"]), str(one["metadata"]["name"])


def _first(one: Object) -> tuple[str, str]:
    return _place(one)[0], str((one["metadata"].get("annotations") or {}).get(SECOND_OF) or "")


def _label(one: Object) -> str:
    return str((((one.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels", {}).get(REV, ""))


def _around(live: Live, deployment: Object) -> Iterator[Ref]:
    """A budget that does not name the revision guards the Deployment that came in its place, too."""
    meta, labels, revision = deployment["metadata"], deployment["spec"]["template"]["metadata"]["labels"], _label(deployment)
    for scaler in live.get("HorizontalPodAutoscaler", ()):
        if scales(scaler, deployment):
            yield Ref("autoscaling/v2", "HorizontalPodAutoscaler", scaler["metadata"]["name"], meta["namespace"])
    for budget in live.get("PodDisruptionBudget", ()):
        if budget["metadata"]["namespace"] == meta["namespace"] and of_revision(budget, revision) and matches(budget["spec"]["selector"], labels):
            yield Ref("policy/v1", "PodDisruptionBudget", budget["metadata"]["name"], meta["namespace"])


def leftovers(namespace: str, revision: str) -> list[Ref]:
    """What a release may leave behind. Injection goes first: a webhook without a control plane refuses every pod it matches."""
    suffix = "" if revision == "default" else f"-{revision}"
    elsewhere = "" if namespace == "istio-system" else f"-{namespace}"
    return [
        Ref(_ADMISSION, "MutatingWebhookConfiguration", f"istio-sidecar-injector{suffix}{elsewhere}"),
        Ref(_ADMISSION, "ValidatingWebhookConfiguration", f"istio-validator{suffix}-{namespace}"),
        *(Ref("v1", "ConfigMap", f"{name}{suffix}", namespace) for name in MAPS),
    ]


def behind(namespace: str, revision: str) -> list[Ref]:
    """What a control plane leaves. Webhooks go first, and then what leads remote clusters to it."""
    refs = leftovers(namespace, revision)
    hooks = [ref for ref in refs if ref.kind != "ConfigMap"]
    return [*hooks, passage_of(revision, namespace), *refs[len(hooks):]]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a cutover because of the operator: its own upgrade must not begin in the middle, and some revisions it would not let go."""

from __future__ import annotations

from collections.abc import Iterator

from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Read
from ..health.operands import of_namespace
from ..install import operator

READS = (operator.SUBSCRIPTION, Read("operators.coreos.com/v1alpha1", "InstallPlan"))
_OVER = ("Complete", "Failed")


def forbids(live: Live, namespace: str) -> list[str]:
    """Return half sentences with what to do."""
    return [*_upgrades(live), *_default(live, namespace)]


def _upgrades(live: Live) -> Iterator[str]:
    """An upgrade of the operator may end support for the version that a way back needs, and then nothing leads back.

    With manual approval the next version waits for as long as nobody approves it, so that alone forbids nothing.
    """
    for one in operator.subscriptions(live):
        meta, spec, status = one["metadata"], one.get("spec") or {}, one.get("status") or {}
        where = f"Subscription {meta['namespace']}/{meta['name']}"
        if spec.get("installPlanApproval", "Automatic") != "Manual":
            way = "set its installPlanApproval to Manual, or pin its csv with meshops.lifecycle.operator"
            yield f"{where} has automatic approval, so the operator may be upgraded in the middle of a cutover; {way}"
        elif running := _running(live, meta["namespace"], status):
            yield f"{where} is being upgraded ({running}), and an upgrade of the operator must not overlap with a cutover; wait until it has ended"


def _running(live: Live, namespace: str, status: Object) -> str:
    """Return the InstallPlan that was approved and is not over."""
    named = str((status.get("installPlanRef") or {}).get("name") or "")
    for plan in live.get("InstallPlan", ()):
        approved, phase = (plan.get("spec") or {}).get("approved"), str((plan.get("status") or {}).get("phase") or "")
        if (plan["metadata"].get("namespace"), plan["metadata"]["name"]) == (namespace, named) and approved and phase not in _OVER:
            return f"InstallPlan {named} is approved and {phase or 'has no phase'}"
    return ""


def _default(live: Live, namespace: str) -> Iterator[str]:
    """Webhooks of the revision default serve istio-injection by themselves, and the operator would write them back."""
    for one in of_namespace(live, namespace):
        if one["metadata"]["name"] == "default":
            told = "IstioRevision default (of an Istio named default with InPlace) has webhooks for istio-injection that the operator writes back"
            yield f"{told}, so nothing can be led from it; upgrade it in its place with site"

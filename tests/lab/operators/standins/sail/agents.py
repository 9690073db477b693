# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IstioCNI and ZTunnel, of which a cluster has one each. No node agent runs: what the operator would install counts as ready at once."""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import Object, Write, merge, spec
from .revisions import FINALIZER
from .seen import Seen, homeless, led, on, said, state

_COMPONENT = {"IstioCNI": ("CNI version", "istio-cni-node"), "ZTunnel": ("ZTunnel version", "ztunnel")}


def turn(seen: Seen) -> Iterator[Write]:
    for live in (*seen.objects["IstioCNI"], *seen.objects["ZTunnel"]):
        finalizers = live["metadata"].get("finalizers") or []
        if live["metadata"].get("deletionTimestamp"):
            if FINALIZER in finalizers:
                yield merge(live, {"metadata": {"finalizers": [one for one in finalizers if one != FINALIZER]}})
        elif FINALIZER not in finalizers:
            yield merge(live, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})
        else:
            yield from _one(seen, live)


def _one(seen: Seen, live: Object) -> Iterator[Write]:
    """SO controllers/istiocni and controllers/ztunnel: validate, find the revision, install, and say how it is."""
    version, (of, component) = str(spec(live).get("version") or ""), _COMPONENT[live["kind"]]
    wrong = "" if version else "validation error: version not set"
    wrong = wrong or homeless(seen, str(spec(live).get("namespace") or ""))
    revision = None
    if not wrong and (ref := spec(live).get("targetRef")):
        revision, wrong = led(seen, ref)
    wrong = wrong or seen.options.wrong(version, of)
    if wrong:
        told = [on(seen, live, "Reconciled", "False", "ReconcileError", f"error reconciling resource: {wrong}"),
                on(seen, live, "Ready", "False", "DaemonSetNotReady", f"{component} DaemonSet not found")]  # fmt: skip
    else:
        told = [on(seen, live, "Reconciled", "True", "Reconciled"), on(seen, live, "Ready", "True", "Ready")]
    named = {"istioRevision": revision["metadata"]["name"] if revision else ""} if live["kind"] == "ZTunnel" else {}
    yield from said(live, told, state=state(told), **named)

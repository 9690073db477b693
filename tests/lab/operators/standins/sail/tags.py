# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IstioRevisionTags: a name that leads to a revision, and follows the active one of an Istio."""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import INSTALL, UNINSTALL, Object, Write, merge, name, spec, status
from .revisions import FINALIZER
from .seen import DEFAULT, Seen, first, for_everybody, in_use, led, on, said, state, values


def turn(seen: Seen) -> Iterator[Write]:
    for live in seen.objects["IstioRevisionTag"]:
        finalizers = live["metadata"].get("finalizers") or []
        if live["metadata"].get("deletionTimestamp"):
            if FINALIZER in finalizers:
                yield Write(UNINSTALL, "Release", f"{name(live)}-revisiontags", str(status(live).get("istiodNamespace") or ""), {"chart": "revisiontags"})
                yield merge(live, {"metadata": {"finalizers": [one for one in finalizers if one != FINALIZER]}})
        elif FINALIZER not in finalizers:
            yield merge(live, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})
        else:
            yield from _one(seen, live)


def _one(seen: Seen, live: Object) -> Iterator[Write]:
    """SO controllers/istiorevisiontag/istiorevisiontag_controller.go. Nobody stops the deletion of what a tag leads to: it stays with RefNotFound."""
    reason, why, revision = _target(seen, live)
    used = _used(seen, live)
    if reason or revision is None:
        told = [on(seen, live, "Reconciled", "False", reason, why), used]
        kept = {key: status(live).get(key, "") for key in ("istioRevision", "istiodNamespace")}  # seen: empty, or what it led to last
        yield from said(live, told, state=state(told), **kept)
        return
    done = seen.get("Release", f"{name(live)}-revisiontags")
    wanted = f"{live['metadata']['generation']} {name(revision)} {revision['metadata']['generation']}"
    if done is None or status(done).get("generation") != wanted:
        more = {**values(revision), "revisionTags": [name(live)]}
        told_ = {"chart": "revisiontags", "version": spec(revision)["version"], "values": more, "generation": wanted, "owner": live}
        yield Write(INSTALL, "Release", f"{name(live)}-revisiontags", spec(revision)["namespace"], told_)
        return
    told = [on(seen, live, "Reconciled", "True", "Reconciled"), used]
    yield from said(live, told, state=state(told), istioRevision=name(revision), istiodNamespace=spec(revision)["namespace"])


def _target(seen: Seen, live: Object) -> tuple[str, str, Object | None]:
    ref = spec(live).get("targetRef") or {}
    same = seen.get("IstioRevision", name(live))
    if same and first(same, live):
        return "NameAlreadyExists", "an IstioRevision exists with this name", None
    if ref.get("kind") in ("Istio", "IstioRevision") and seen.get(ref["kind"], ref.get("name", "")) is None:
        return "RefNotFound", f"referenced {ref['kind']} resource does not exist", None
    revision, why = led(seen, ref)
    return ("ReconcileError", f"error reconciling resource: {why}", None) if why else ("", "", revision)


def _used(seen: Seen, live: Object) -> Object:
    if seen.referenced(name(live), False):
        return in_use(seen, live, True)
    revision, why = led(seen, spec(live).get("targetRef") or {})
    if revision is None:
        return on(seen, live, "InUse", "Unknown", "UsageCheckFailed", f"failed to determine if revision tag is in use: {why}")
    return in_use(seen, live, name(live) == DEFAULT and for_everybody(revision))

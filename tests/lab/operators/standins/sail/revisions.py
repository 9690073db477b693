# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IstioRevisions: the istiod of one revision, by Helm, and who uses it."""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import INSTALL, UNINSTALL, Object, Write, delete, merge, name, orphaned, spec, status
from .seen import DEFAULT, HEALTHY, OPENSHIFT, Seen, ambient, first, for_everybody, homeless, in_use, on, said, state, values

FINALIZER = "sailoperator.io/sail-operator"


def turn(seen: Seen) -> Iterator[Write]:
    uids = [one["metadata"].get("uid", "") for one in seen.objects["Istio"]]
    for live in seen.objects["IstioRevision"]:
        if live["metadata"].get("deletionTimestamp"):
            yield from _leaving(live)
        elif orphaned(live, "Istio", uids):  # seen: the garbage collector takes it at once, whoever uses it
            yield delete(live)
        else:
            yield from _one(seen, live)


def _leaving(live: Object) -> Iterator[Write]:
    finalizers = live["metadata"].get("finalizers") or []
    if FINALIZER in finalizers:
        yield release(live, UNINSTALL)
        yield merge(live, {"metadata": {"finalizers": [one for one in finalizers if one != FINALIZER]}})


def release(live: Object, verb: str = INSTALL) -> Write:
    """Return the install of istiod's chart: SO pkg/reconcile/istiod.go."""
    told = {"chart": "istiod", "version": spec(live).get("version"), "values": values(live), "generation": live["metadata"]["generation"], "owner": live,
            "deployment": istiod(live)}  # fmt: skip
    return Write(verb, "Release", f"{name(live)}-istiod", str(spec(live).get("namespace")), told)


def istiod(live: Object) -> str:
    revision = values(live).get("revision")
    return f"istiod-{revision}" if revision else "istiod"


def _one(seen: Seen, live: Object) -> Iterator[Write]:
    """SO controllers/istiorevision/istiorevision_controller.go: validate, install, and say how it is."""
    finalizers = live["metadata"].get("finalizers") or []
    if FINALIZER not in finalizers:
        yield merge(live, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})
        return
    reason, why = _invalid(seen, live)
    done = seen.get("Release", f"{name(live)}-istiod")
    if not why and (done is None or status(done).get("generation") != live["metadata"]["generation"]):
        yield release(live)
        return
    if not why and status(done or {}).get("error"):
        reason, why = "ReconcileError", f"error reconciling resource: failed to install/update Helm chart \"istiod\": {status(done or {})['error']}"
    reconciled = on(seen, live, "Reconciled", "False", reason, why) if why else on(seen, live, "Reconciled", "True", "Reconciled")
    conditions = [reconciled, _ready(seen, live), _dependencies(seen, live)]
    used = any(status(tag).get("istioRevision") == name(live) for tag in seen.objects["IstioRevisionTag"]) or seen.referenced(name(live), True)
    used = used or (name(live) == DEFAULT and for_everybody(live))
    yield from said(live, [*conditions, in_use(seen, live, used)], state=state(conditions))


def _invalid(seen: Seen, live: Object) -> tuple[str, str]:
    told, place = values(live), str(spec(live).get("namespace"))
    revision, wrong = told.get("revision") or "", ""
    tag = seen.get("IstioRevisionTag", name(live))
    if name(live) == DEFAULT and revision:
        wrong = 'validation error: values.revision must be "" when revision name is default'
    elif name(live) not in (DEFAULT, revision):
        wrong = "validation error: values.revision does not match revision name"
    elif (told.get("global") or {}).get("istioNamespace") != place:
        wrong = "validation error: values.global.istioNamespace does not match namespace"
    elif tag and first(tag, live):
        return "NameAlreadyExists", "an IstioRevisionTag exists with this name"
    else:
        wrong = homeless(seen, place)
    return ("ReconcileError", f"error reconciling resource: {wrong}") if wrong else ("", "")


def _ready(seen: Seen, live: Object) -> Object:
    """Seen: `scaled to zero replicas` is a passing first message, because a new Deployment has no status yet."""
    deployed = seen.get("Deployment", istiod(live), spec(live).get("namespace"))
    is_ = status(deployed or {})
    if deployed and is_.get("replicas", 0) and is_.get("readyReplicas", 0) >= is_["replicas"]:
        return on(seen, live, "Ready", "True", "Ready")
    why = "istiod Deployment not found"
    if deployed:
        why = "not all istiod pods are ready" if is_.get("replicas", 0) else "istiod Deployment is scaled to zero replicas"
    return on(seen, live, "Ready", "False", "IstiodNotReady", why)


def _dependencies(seen: Seen, live: Object) -> Object:
    """SO pkg/revision/dependency.go: on OpenShift the CNI plugin unless values say no, elsewhere only if they say yes; and ztunnel for ambient mode."""
    kind, told = "DependenciesHealthy", values(live)
    asked = ((told.get("pilot") or {}).get("cni") or {}).get("enabled")
    openshift = (told.get("global") or {}).get("platform") == OPENSHIFT
    if (asked is not False if openshift else asked) and (lack := _lack(seen, "IstioCNI")):
        return on(seen, live, kind, "False", *lack)
    if ambient(live) and (lack := _lack(seen, "ZTunnel")):
        return on(seen, live, kind, "False", *lack)
    return on(seen, live, kind, "True", kind)


def _lack(seen: Seen, kind: str) -> tuple[str, str] | None:
    there = seen.get(kind, DEFAULT)
    if there is None:
        return f"{kind}NotFound", f"{kind} resource does not exist"
    return None if status(there).get("state") == HEALTHY else (f"{kind}NotHealthy", f"{kind} resource status indicates that the component is not healthy")

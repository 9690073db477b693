# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's kinds, all without a namespace, and what its conditions say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.objects.change import Ref
from ..._mesh.objects.shapes import Live, Object
from ..._mesh.question import Read

API = "sailoperator.io/v1"
GROUP = "sailoperator.io"
ISTIO, REVISION, TAG, CNI, ZTUNNEL = "Istio", "IstioRevision", "IstioRevisionTag", "IstioCNI", "ZTunnel"
CRD = "istios.sailoperator.io"
# The operator makes one of these alone, and only under this name.
ONLY = "default"
# Of a revision, the reason that nothing but another wish ends. Reasons such as IstiodNotReady pass.
_FINAL = "ReconcileError"
# What a reconcile says that came at a bad moment. The operator tries again.
_PASSING = "the object has been modified"


def manifest(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": dict(spec)}


def ref(kind: str, name: str) -> Ref:
    return Ref(API, kind, name)


def reads() -> list[Read]:
    """Read all objects of the operator. There are few."""
    return [Read(API, kind) for kind in (ISTIO, REVISION, TAG, CNI, ZTUNNEL)]


def named(live: Live, kind: str, name: str) -> Object | None:
    return next((one for one in live.get(kind, ()) if one["metadata"]["name"] == name), None)


def condition(live: Object, wanted: str) -> Mapping[str, Any]:
    """Return a condition of the object as it is now; empty if the operator has not judged this generation yet."""
    status = live.get("status") or {}
    if str(status.get("observedGeneration")) != str(live["metadata"].get("generation")):
        return {}
    return next((one for one in status.get("conditions") or [] if one.get("type") == wanted), {})


def lacks(live: Object | None, *wanted: str) -> str:
    """Return why the conditions do not hold yet, as half a sentence; empty if they do.

    The first status of a new generation has conditions that are Unknown, without a reason and without a state.
    """
    if live is None:
        return "does not exist yet"
    for name in wanted:
        said = condition(live, name)
        if not said or (said.get("status") == "Unknown" and not said.get("reason")):
            return f"has not been judged by the operator yet ({name})"
        if said.get("status") != "True":
            return words(said)
    return ""


def words(said: Mapping[str, Any]) -> str:
    because = ": ".join(str(said[key]) for key in ("reason", "message") if said.get(key))
    return f"says that {said.get('type')} is {said.get('status')} ({because})" if because else f"says that {said.get('type')} is {said.get('status')}"


def final(live: Object | None) -> str:
    """Return what the operator cannot do and will not try again with success, as half a sentence; empty if there is nothing."""
    said = condition(live, "Reconciled") if live else {}
    message = str(said.get("message") or "")
    if said.get("status") != "False" or said.get("reason") != _FINAL or "validation error" not in message:
        return ""
    return "" if _PASSING in message else message

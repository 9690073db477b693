# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Sail operator in a cluster: its objects with the statuses that it was seen to write, moment by moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

API = "sailoperator.io/v1"
SPACE = "istio-system"
VERSIONS = ("v1.31.0-beta.1", "v1.30-latest", "v1.30.3", "v1.30.2", "v1.29-latest", "v1.29.0", "v1.28.10", "v1.27.0")
# What it says when all is well, for how long a change has no answer, and while istiod starts.
HEALTHY = (("Reconciled", "True", "Reconciled", ""), ("Ready", "True", "Ready", ""), ("DependenciesHealthy", "True", "DependenciesHealthy", ""))
UNJUDGED = (("Reconciled", "Unknown", "", ""), ("Ready", "Unknown", "", ""), ("DependenciesHealthy", "Unknown", "", ""))
STARTING = (HEALTHY[0], ("Ready", "False", "IstiodNotReady", "istiod Deployment is scaled to zero replicas"), HEALTHY[2])
PAST = 'validation error: version "v1.27.0" is end-of-life and cannot be installed; use a supported version'
GIVEN_UP = (("Reconciled", "False", "ReconcileError", PAST), ("Ready", "Unknown", "ReconcileError", "cannot determine readiness due to reconciliation error"))
CONFLICT = 'failed to update IstioRevision "blue": Operation cannot be fulfilled on istiorevisions.sailoperator.io "blue": the object has been modified;'
PASSING = (("Reconciled", "False", "ReconcileError", CONFLICT), GIVEN_UP[1])


def crd(versions: Iterable[str] = VERSIONS) -> dict[str, Any]:
    spec = {"type": "object", "properties": {"version": {"type": "string", "enum": list(versions)}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    served = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    meta = {"name": "istios.sailoperator.io"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": meta, "spec": {"versions": served}}


def made(kind: str, name: str, spec: dict[str, Any], said: Iterable[tuple[str, str, str, str]] = (), generation: int = 1, **status: Any) -> dict[str, Any]:
    """An object whose status is about its newest generation, unless `observedGeneration` says otherwise."""
    conditions = [{"type": what, "status": how, **({"reason": why} if why else {}), **({"message": told} if told else {})} for what, how, why, told in said]
    judged = {"observedGeneration": generation, "conditions": conditions, **status} if conditions or status else {}
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "generation": generation}, "spec": spec, "status": judged}


def istio(name: str = "stable", version: str = "v1.30.3", strategy: str = "InPlace", said: Any = HEALTHY, active: str = "", **more: Any) -> dict[str, Any]:
    spec = {"version": version, "namespace": SPACE, "updateStrategy": {"type": strategy}}
    ending = f"-{version.replace('.', '-')}" if strategy == "RevisionBased" else ""
    return made("Istio", name, spec, said, activeRevisionName=active or f"{name}{ending}", **more)


def revision(name: str = "stable", version: str = "v1.30.3", said: Any = HEALTHY, owner: str = "", **more: Any) -> dict[str, Any]:
    one = made("IstioRevision", name, {"version": version, "namespace": SPACE, "values": {}}, said, **more)
    one["metadata"]["ownerReferences"] = [{"apiVersion": API, "kind": "Istio", "name": owner or name, "uid": "1", "controller": True}]
    return one


def tag(name: str = "default", target: str = "stable", kind: str = "IstioRevision", leads: str = "", **more: Any) -> dict[str, Any]:
    said = (("Reconciled", "True", "Reconciled", ""), ("InUse", "True", "ReferencedByWorkloads", ""))
    return made("IstioRevisionTag", name, {"targetRef": {"kind": kind, "name": target}}, said, istioRevision=leads or target, istiodNamespace=SPACE, **more)


def cni(version: str = "v1.30.3", said: Any = HEALTHY, **more: Any) -> dict[str, Any]:
    return made("IstioCNI", "default", {"version": version, "namespace": "istio-cni"}, said, **more)


def subscription(csv: str = "servicemeshoperator3.v3.4.2", state: str = "AtLatestKnown", **status: Any) -> dict[str, Any]:
    package = csv.partition(".")[0]
    meta = {"name": package, "namespace": "openshift-operators"}
    told = {"installedCSV": csv, "currentCSV": csv, "state": state, **status}
    spec = {"name": package, "channel": "stable"}
    return {"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription", "metadata": meta, "spec": spec, "status": told}


def istiod(revision: str = "stable", replicas: int = 1, ready: int = 1, generation: int = 1, observed: int | None = None) -> dict[str, Any]:
    name = "istiod" if revision == "default" else f"istiod-{revision}"
    counts = {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready}
    status = {"observedGeneration": observed or generation, **counts}
    meta = {"name": name, "namespace": SPACE, "generation": generation, "labels": {"app": "istiod", "istio.io/rev": revision}}
    image = "registry.redhat.io/openshift-service-mesh/istio-pilot-rhel9@sha256:0"
    spec = {"replicas": replicas, "template": {"spec": {"containers": [{"name": "discovery", "image": image}]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec, "status": status}


def live(*objects: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in objects:
        found.setdefault(one["kind"], []).append(one)
    return found

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the Sail operator on any Cluster: one call of `turn` is one moment of it.

It follows what was watched while the operator of August 2026 (after 1.30.3) ran against a real API server: which status comes first, that a revision is
collected some time after its Istio left it, and that an Istio in use is deleted without a word. That an Istio repeats what its revision said before a change
in place follows from the operator's source. istiod is a Deployment that nobody runs, and no chart is rendered. No program compared it with the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Object

from . import sail
from .contract import as_somebody_else

_MERGE = "application/merge-patch+json"
_PLURALS = {"Istio": "istios", "IstioRevision": "istiorevisions", "IstioRevisionTag": "istiorevisiontags", "IstioCNI": "istiocnis", "ZTunnel": "ztunnels"}
_APPS = {"Deployment": "deployments", "DaemonSet": "daemonsets"}
UNJUDGED = tuple(what for what, *_rest in sail.UNJUDGED)


def definitions() -> list[dict[str, Any]]:
    """CRDs that take every field, with the kinds of the operator and the versions that it knows."""
    return [_definition(kind, plural) for kind, plural in _PLURALS.items()]


def _definition(kind: str, plural: str) -> dict[str, Any]:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {**free, "properties": {"version": {"type": "string", "enum": list(sail.VERSIONS)}}} if kind != "IstioRevisionTag" else free
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": free}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.sailoperator.io"},
        "spec": {"group": "sailoperator.io", "scope": "Cluster", "names": names, "versions": [version]},
    }


class SailOperator:
    """`past` are versions that it takes and does not install."""

    def __init__(self, cluster: Cluster, past: Iterable[str] = ("v1.27.0",)) -> None:
        self.cluster, self.past = cluster, frozenset(past)
        self.left: dict[str, float] = {}

    def turn(self, passed: float = 0.0) -> None:
        istios = self._all("Istio")
        for one in istios:
            self._istio(one)
        for one in self._all("IstioRevision"):
            self._revision(one, {each["metadata"]["name"]: each for each in istios}, passed)
        for one in self._all("IstioRevisionTag"):
            self._tag(one)
        for one in self._all("IstioCNI"):
            self._plugin(one)

    def _all(self, kind: str) -> list[Object]:
        return list(self.cluster.list(sail.API, kind))

    def _named(self, kind: str, name: str) -> Object | None:
        return self.cluster.get(Ref(sail.API, kind, name))

    def _istio(self, one: Object) -> None:
        """The first status of a generation comes before its revision was judged; after a change in place it repeats what the revision said before."""
        spec, name = one["spec"], str(one["metadata"]["name"])
        if spec.get("version") in self.past:
            self._say(one, sail.GIVEN_UP, state="ReconcileError")
            return
        based = (spec.get("updateStrategy") or {}).get("type") == "RevisionBased"
        active = f"{name}-{spec['version'].replace('.', '-')}" if based else name
        before = self._named("IstioRevision", active)
        wanted = sail.revision(active, spec["version"], owner=name)
        wanted["metadata"] = {"name": active, "ownerReferences": [{**wanted["metadata"]["ownerReferences"][0], "uid": one["metadata"]["uid"]}]}
        wanted["spec"] = {**wanted["spec"], "namespace": spec["namespace"], "values": self._values(spec, active)}
        if before is None or before["spec"]["version"] != wanted["spec"]["version"]:
            as_somebody_else(self.cluster, {key: part for key, part in wanted.items() if key != "status"})
        said = (before or {}).get("status") or {}
        self._say(one, _conditions(said) or sail.UNJUDGED, activeRevisionName=active, **({"state": said["state"]} if said.get("state") else {}))

    @staticmethod
    def _values(spec: Mapping[str, Any], active: str) -> dict[str, Any]:
        given = spec.get("values") or {}
        own = {"istioNamespace": spec["namespace"]}
        return {**given, "revision": "" if active == "default" else active, "global": {**(given.get("global") or {}), **own}}

    def _revision(self, one: Object, istios: Mapping[str, Object], passed: float) -> None:
        name, owner = str(one["metadata"]["name"]), one["metadata"]["ownerReferences"][0]["name"]
        istio, deployment = istios.get(owner), Ref("apps/v1", "Deployment", _istiod(name), one["spec"]["namespace"])
        if istio is None or self._collected(istio, name, passed):
            self.cluster.delete([deployment, Ref.of(one)])
            return
        status = one.get("status") or {}
        if str(status.get("observedGeneration")) != str(one["metadata"]["generation"]):
            made = sail.istiod(name)
            made["metadata"] = {key: part for key, part in made["metadata"].items() if key != "generation"} | {"namespace": one["spec"]["namespace"]}
            made["metadata"]["labels"]["version"] = one["spec"]["version"]
            made["spec"] |= {"selector": {"matchLabels": {"app": "istiod", "istio.io/rev": name}}}
            made["spec"]["template"]["metadata"] = {"labels": {"app": "istiod", "istio.io/rev": name}}
            as_somebody_else(self.cluster, {key: part for key, part in made.items() if key != "status"})
            self._say(one, sail.STARTING, state="IstiodNotReady")
        elif status.get("state") != "Healthy":
            self._rolled(deployment)
            self._say(one, sail.HEALTHY, state="Healthy")

    def _collected(self, istio: Object, name: str, passed: float) -> bool:
        if (istio.get("status") or {}).get("activeRevisionName") == name:
            self.left.pop(name, None)
            return False
        grace = (istio["spec"].get("updateStrategy") or {}).get("inactiveRevisionDeletionGracePeriodSeconds", 30)
        return passed - self.left.setdefault(name, passed) >= float(grace)

    def _tag(self, one: Object) -> None:
        target = one["spec"]["targetRef"]
        there = self._named(target["kind"], target["name"])
        if there is None:
            self._say(one, (("Reconciled", "False", "RefNotFound", f"referenced {target['kind']} resource does not exist"),), state="RefNotFound")
            return
        leads = target["name"] if target["kind"] == "IstioRevision" else (there.get("status") or {}).get("activeRevisionName", "")
        self._say(one, (("Reconciled", "True", "Reconciled", ""),), state="Healthy", istioRevision=leads, istiodNamespace=sail.SPACE)

    def _plugin(self, one: Object) -> None:
        if str((one.get("status") or {}).get("observedGeneration")) != str(one["metadata"]["generation"]):
            self._say(one, sail.UNJUDGED)
        else:
            self._say(one, sail.HEALTHY, state="Healthy")

    def _say(self, one: Object, said: Iterable[tuple[str, str, str, str]], **more: Any) -> None:
        conditions = [{"type": what, "status": how, **({"reason": why} if why else {}), **({"message": told} if told else {})} for what, how, why, told in said]
        wanted = {"observedGeneration": one["metadata"]["generation"], "conditions": conditions, **more}
        if one["kind"] == "Istio":
            wanted = {"revisions": {"total": 1, "ready": 1, "inUse": 0}, **wanted}
        if one.get("status") != wanted:
            self._status(f"/apis/{sail.API}/{_PLURALS[one['kind']]}/{one['metadata']['name']}/status", {"state": None, **wanted})

    def _rolled(self, ref: Ref) -> None:
        live = self.cluster.get(ref)
        if live:
            counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
            path = f"/apis/apps/v1/namespaces/{ref.namespace}/{_APPS[ref.kind]}/{ref.name}/status"
            self._status(path, {"observedGeneration": live["metadata"]["generation"], **counts})

    def _status(self, path: str, status: Mapping[str, Any]) -> None:
        answer = self.cluster._server.transport.request("PATCH", path, {"fieldManager": "sail"}, {"status": dict(status)}, content_type=_MERGE)
        assert answer.ok or answer.status == 404, answer.body


def _conditions(status: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(one["type"], one["status"], one.get("reason", ""), one.get("message", "")) for one in status.get("conditions") or []]


def _istiod(revision: str) -> str:
    return "istiod" if revision == "default" else f"istiod-{revision}"

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of OLM as it leaves them, and a stand-in that plays its part on any Cluster: one call of `turn` is one look of OLM.

Each behaviour names what it follows. `seen` is what was watched from outside while OLM 0.46 ran against a real API server; the types are those
of operator-framework/api and operator-framework/operator-controller. Nothing pulls an image here, and no operator runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.csv_name import newer, version_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import DEFINITIONS, EXTENSIONS, GROUPS, PACKAGES, SUBSCRIPTIONS

SPACE, MARKET = "operators", "market"
PACKAGE, GROUP = "demo-operator", "demo.example.com"
CRD = f"widgets.{GROUP}"
_MERGE = "application/merge-patch+json"
_PLURALS = {
    "Subscription": "subscriptions", "InstallPlan": "installplans", "ClusterServiceVersion": "clusterserviceversions", "CatalogSource": "catalogsources",
    "OperatorGroup": "operatorgroups", "ClusterExtension": "clusterextensions", "PackageManifest": "packagemanifests",
}  # fmt: skip


def csv_name(version: str, package: str = PACKAGE) -> str:
    return f"{package}.v{version}"


def made(kind: str, name: str, spec: Mapping[str, Any], status: Mapping[str, Any] | None = None, api: str = SUBSCRIPTIONS, **meta: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": SPACE, **meta}
    return {"apiVersion": api, "kind": kind, "metadata": {key: value for key, value in meta.items() if value is not None}, "spec": dict(spec),
            **({"status": dict(status)} if status is not None else {})}  # fmt: skip


def on(kind: str, status: str = "True", reason: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, **({"reason": reason} if reason else {}), **({"message": message} if message else {}), **more}


def source(state: str | None = "READY", name: str = "demo", namespace: str = MARKET) -> dict[str, Any]:
    status = {"connectionState": {"lastObservedState": state, "address": "demo:50051"}} if state else {}
    return made("CatalogSource", name, {"sourceType": "grpc", "address": "demo:50051"}, status, namespace=namespace)


def group(name: str = "operators", namespace: str = SPACE, targets: Sequence[str] = ()) -> dict[str, Any]:
    return made("OperatorGroup", name, {"targetNamespaces": list(targets)} if targets else {}, api=GROUPS, namespace=namespace)


def subscription(installed: str = "", current: str = "", conditions: Iterable[Mapping[str, Any]] = (), state: str = "", **more: Any) -> dict[str, Any]:
    """A Subscription as a run writes it for the pin 1.0.0. `more` is metadata, except `spec` and `ref`."""
    spec = {"name": PACKAGE, "channel": "stable", "source": "demo", "sourceNamespace": MARKET, "installPlanApproval": "Manual",
            "startingCSV": csv_name("1.0.0"), **more.pop("spec", {})}  # fmt: skip
    ref = more.pop("ref", "")
    status = {"installedCSV": installed, "currentCSV": current or installed, "state": state, "conditions": list(conditions)}
    status |= {"installPlanRef": {"name": ref}} if ref else {}
    return made("Subscription", more.pop("name", PACKAGE), spec, {key: value for key, value in status.items() if value}, **more)


def plan(*csvs: str, name: str = "install-abcde", phase: str = "RequiresApproval", approved: bool = False, generation: int = 1, **more: Any) -> dict[str, Any]:
    conditions = more.pop("conditions", [])
    spec = {"approval": "Manual", "approved": approved, "clusterServiceVersionNames": list(csvs), "generation": generation}
    return made("InstallPlan", name, spec, {"phase": phase, "conditions": conditions, "catalogSources": []}, **more)


def csv(name: str, phase: str = "Succeeded", reason: str = "", message: str = "", crds: Sequence[str] = (CRD,), **more: Any) -> dict[str, Any]:
    owned = [{"name": crd, "kind": "Widget", "version": "v1"} for crd in crds]
    spec = {"displayName": "Demo", "version": version_of(name), "customresourcedefinitions": {"owned": owned},
            "install": {"strategy": "deployment", "spec": {"deployments": []}}}  # fmt: skip
    requirements = more.pop("requirements", [])
    status = {"phase": phase, "reason": reason, "message": message, "requirementStatus": requirements}
    return made("ClusterServiceVersion", name, spec, {key: value for key, value in status.items() if value}, **more)


def manifest(*versions: str, channel: str = "stable", name: str = PACKAGE) -> dict[str, Any]:
    channels = [{"name": channel, "currentCSV": csv_name(versions[-1], name), "entries": [{"name": csv_name(one, name), "version": one} for one in versions]}]
    status = {"catalogSource": "demo", "catalogSourceNamespace": MARKET, "packageName": name, "defaultChannel": channel, "channels": channels}
    return made("PackageManifest", name, {}, status, api=PACKAGES, namespace=MARKET)


def extension(version: str = "1.0.0", installed: str = "", progressing: Mapping[str, Any] | None = None, name: str = PACKAGE, **more: Any) -> dict[str, Any]:
    """A ClusterExtension as a run writes it; with `installed` as OLM leaves it when it has come to its end."""
    catalog = {"packageName": PACKAGE, "version": version, "channels": ["stable"], "upgradeConstraintPolicy": "CatalogProvided", **more.pop("catalog", {})}
    spec = {"namespace": SPACE, "source": {"sourceType": "Catalog", "catalog": catalog}}
    status: dict[str, Any] = {}
    if installed:
        bundle = {"name": csv_name(installed), "version": installed}
        end = on("Progressing", reason="Succeeded", observedGeneration=1)
        conditions = [on("Installed", reason="Succeeded", observedGeneration=1), dict(progressing or end)]
        status = {"install": {"bundle": bundle}, "conditions": conditions + more.pop("conditions", [])}
    elif progressing:
        status = {"conditions": [dict(progressing)]}
    return made("ClusterExtension", name, spec, status, api=EXTENSIONS, namespace=None, generation=1, **more)


def catalog(name: str = "operators", serving: bool = True, **spec: Any) -> dict[str, Any]:
    """A ClusterCatalog that serves its content, or does not."""
    said = on("Serving", "True", "Available") if serving else on("Serving", "False", "Unavailable", "told")
    return made("ClusterCatalog", name, spec, {"conditions": [said]}, api=EXTENSIONS, namespace=None)


def definition(kind: str, api: str, namespaced: bool = True) -> dict[str, Any]:
    """A CRD of our own: it knows no field of the original, and takes every one."""
    api_group, version = api.split("/")
    plural = _PLURALS.get(kind, kind.lower() + "s")
    known: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": known, "status": known}}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    spec = {"group": api_group, "scope": "Namespaced" if namespaced else "Cluster", "names": names, "versions": [served]}
    return {"apiVersion": DEFINITIONS, "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{api_group}"}, "spec": spec}


def definitions() -> list[dict[str, Any]]:
    kinds = ("Subscription", "InstallPlan", "ClusterServiceVersion", "CatalogSource")
    first = [*(definition(kind, SUBSCRIPTIONS) for kind in kinds), definition("OperatorGroup", GROUPS), definition("PackageManifest", PACKAGES)]
    return [*first, definition("ClusterExtension", EXTENSIONS, namespaced=False), definition("ClusterCatalog", EXTENSIONS, namespaced=False)]


WIDGETS = definition("Widget", f"{GROUP}/v1")


def widget(name: str = "one") -> dict[str, Any]:
    return made("Widget", name, {"size": 1}, api=f"{GROUP}/v1")


@dataclass
class Olm:
    """Plays OLM for one channel, the oldest version first, in one namespace.

    `beside` are ClusterServiceVersions that OLM puts into each InstallPlan too; `twice` makes each InstallPlan twice; `fails` is the version whose
    ClusterServiceVersion fails for good; `unpack` that whose bundle cannot be unpacked.
    """

    cluster: Cluster
    versions: Sequence[str] = ("1.0.0", "1.1.0", "1.2.0")
    beside: Sequence[str] = ()
    twice: bool = False
    fails: str = ""
    unpack: str = ""
    package: str = PACKAGE
    space: str = SPACE
    number: int = 0
    approvals: list[str] = field(default_factory=list)

    def turn(self, _passed: float = 0) -> None:
        """One look of OLM: at most one state further for each object."""
        for live in self.cluster.list(EXTENSIONS, "ClusterExtension"):
            self._extension(live)
        self._collect()
        live = next((one for one in self.cluster.list(SUBSCRIPTIONS, "Subscription", self.space) if one["spec"]["name"] == self.package), None)
        if live is None:
            return
        for one in self._plans():
            self._plan(one, live)
        for one in self._csvs():
            self._csv(one)
        fresh = self.cluster.get(Ref.of(live))
        if fresh and not any(one["spec"]["approved"] and one["status"].get("phase") == "Installing" for one in self._plans()):
            self._resolve(fresh)

    def status(self, live: Mapping[str, Any], **status: Any) -> None:
        """OperatorWrite a status as a controller does."""
        ref = Ref.of(live)
        served = self.cluster._server.discovery.find(ref.api_version, ref.kind)
        assert served, ref
        path = served.path(ref.namespace, ref.name) + "/status"
        answer = self.cluster._server.transport.request("PATCH", path, {"fieldManager": "olm"}, {"status": status}, content_type=_MERGE)
        assert answer.ok, answer.body

    def _plans(self) -> list[dict[str, Any]]:
        plans = self.cluster.list(SUBSCRIPTIONS, "InstallPlan", self.space)
        return [one for one in plans if one["spec"]["clusterServiceVersionNames"][0].startswith(f"{self.package}.v")]

    def _csvs(self) -> list[dict[str, Any]]:
        return [one for one in self.cluster.list(SUBSCRIPTIONS, "ClusterServiceVersion", self.space) if one["metadata"]["name"].startswith(f"{self.package}.v")]

    def _collect(self) -> None:
        """Seen: InstallPlans go with their Subscription, by the garbage collector; ClusterServiceVersions stay."""
        if not [one for one in self.cluster.list(SUBSCRIPTIONS, "Subscription", self.space) if one["spec"]["name"] == self.package]:
            self.cluster.delete([Ref.of(one) for one in self._plans()])

    def _resolve(self, live: Mapping[str, Any]) -> None:
        """Seen: the first InstallPlan is for startingCSV, or else for the head of the channel; each later one is one step along the channel."""
        status = live.get("status") or {}
        installed = status.get("installedCSV", "")
        csv_now = self.cluster.get(Ref(SUBSCRIPTIONS, "ClusterServiceVersion", installed, self.space)) if installed else None
        if installed and (csv_now is None or csv_now["status"].get("phase") != "Succeeded"):
            return
        wanted = self._after(installed) if installed else live["spec"].get("startingCSV") or csv_name(self.versions[-1], self.package)
        if not wanted or any(wanted in one["spec"]["clusterServiceVersionNames"] for one in self._plans()):
            return
        if version_of(wanted) not in self.versions:
            # operator-lifecycle-manager, pkg/controller/registry/resolver: what is in no catalogue cannot be resolved.
            message = f"constraints not satisfiable: no operators found with name {wanted} in channel stable"
            self.status(live, conditions=[on("ResolutionFailed", reason="ConstraintsNotSatisfiable", message=message)])
            return
        if version_of(wanted) == self.unpack:
            # operator-framework/api, subscription_types.go: SubscriptionBundleUnpackFailed.
            self.status(live, conditions=[on("BundleUnpackFailed", reason="DeadlineExceeded", message="Job was active longer than specified deadline")])
            return
        approved = live["spec"]["installPlanApproval"] == "Automatic"
        for _copy in range(2 if self.twice else 1):
            self.number += 1
            name = f"install-{self.number:05d}" if self.package == PACKAGE else f"install-{self.package}-{self.number}"
            body = plan(wanted, *self.beside, name=name, approved=approved, generation=self.number, namespace=self.space)
            body["spec"]["approval"] = live["spec"]["installPlanApproval"]
            phase = body.pop("status")["phase"]
            self.cluster.create(body)
            self.status(body, phase="Installing" if approved else phase, catalogSources=[])
        self.status(live, currentCSV=wanted, state="UpgradePending", installPlanRef={"name": name, "namespace": self.space}, conditions=[])

    def _after(self, installed: str) -> str:
        later = [one for one in self.versions if newer(one, version_of(installed))]
        return csv_name(later[0], self.package) if later else ""

    def _plan(self, live: Mapping[str, Any], owner: Mapping[str, Any]) -> None:
        """Seen: approval, Installing, the ClusterServiceVersion, installedCSV and AtLatestKnown as soon as it exists, and only then Complete."""
        phase, names = live["status"].get("phase"), live["spec"]["clusterServiceVersionNames"]
        if phase == "RequiresApproval" and live["spec"]["approved"]:
            self.approvals.append(",".join(names))
            self.status(live, phase="Installing")
        elif phase == "Installing" and not self.cluster.get(Ref(SUBSCRIPTIONS, "ClusterServiceVersion", names[0], self.space)):
            label = {f"operators.coreos.com/{self.package}.{self.space}": ""}
            self.cluster.create({**{key: value for key, value in csv(names[0], labels=label, namespace=self.space).items() if key != "status"}})
            self.status(csv(names[0], namespace=self.space), phase="Pending", reason="RequirementsUnknown", message="requirements not yet checked")
            self.status(owner, installedCSV=names[0], state="AtLatestKnown")
        elif phase == "Installing":
            crd = {**WIDGETS, "metadata": {**WIDGETS["metadata"], "labels": {"olm.managed": "true", f"operators.coreos.com/{self.package}.{self.space}": ""}}}
            self.cluster.apply([crd])
            self.status(live, phase="Complete", conditions=[on("Installed")])

    def _csv(self, live: Mapping[str, Any]) -> None:
        """Seen: Pending/RequirementsNotMet, InstallReady, Installing, Succeeded; the version before is replaced and deleted."""
        way = [("Pending", "RequirementsUnknown"), ("Pending", "RequirementsNotMet"), ("InstallReady", "AllRequirementsMet"), ("Installing", "InstallWaiting")]
        at = (live["status"].get("phase"), live["status"].get("reason"))
        if at in way and version_of(live["metadata"]["name"]) == self.fails and at[0] == "Installing":
            self.status(live, phase="Failed", reason="InstallCheckFailed", message="install timeout")
        elif at in way:
            phase, reason = [*way, ("Succeeded", "InstallSucceeded")][way.index(at) + 1]  # type: ignore[arg-type]
            self.status(live, phase=phase, reason=reason, message="", requirementStatus=[])
        if at[0] == "Succeeded":
            older = [one for one in self._csvs() if newer(version_of(live["metadata"]["name"]), version_of(one["metadata"]["name"]))]
            self.cluster.delete([Ref.of(one) for one in older])

    def _extension(self, live: Mapping[str, Any]) -> None:
        """operator-controller, api/v1: Progressing is True/Succeeded at the end, True/Retrying while no bundle fits, and Installed follows."""
        wanted, generation = live["spec"]["source"]["catalog"].get("version") or self.versions[-1], live["metadata"]["generation"]
        if wanted not in self.versions:
            message = f'no bundles found for package "{PACKAGE}" matching version "{wanted}"'
            self.status(live, conditions=[on("Progressing", reason="Retrying", message=message, observedGeneration=generation)])
            return
        conditions = [on(kind, reason="Succeeded", observedGeneration=generation) for kind in ("Installed", "Progressing")]
        self.cluster.apply([WIDGETS])
        self.status(live, install={"bundle": {"name": csv_name(wanted), "version": wanted}}, conditions=conditions)

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OLM v1: ClusterExtensions and the ClusterCatalogs that offer their packages.

No trace of a running operator-controller was at hand. What is played follows its source: OC is operator-framework/operator-controller v1.11. The content of a
ClusterCatalog lies in a ConfigMap of its name in the namespace olmv1-system.

The original has two runtimes. By default it writes a package as a Helm release, and `Installed` is True as soon as the objects are written: nobody looks at
their Deployments. With its feature gate BoxcutterRuntime, `revisions` here, a rollout ends when Deployments are available.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..catalogue import CHECK, INSTALL, Bundle, Catalogue, Package
from ..objects import (
    Object,
    Write,
    apply,
    available,
    condition,
    delete,
    made,
    merge,
    name,
    orphaned,
    owner,
    space,
    spec,
    stamp,
    status,
    to_status,
    with_conditions,
)  # fmt: skip
from .choice import Unresolved, asked, resolved
from .plans import pods

HOME = "olmv1-system"
FINALIZERS = ["olm.operatorframework.io/cleanup-unpack-cache", "olm.operatorframework.io/cleanup-contentmanager-cache"]
_DEPRECATED = {"Deprecated": "not deprecated", "PackageDeprecated": "package not deprecated", "ChannelDeprecated": "channel not deprecated",
               "BundleDeprecated": "bundle not deprecated"}  # fmt: skip
_OWNER = "ClusterExtension"
Objects = Mapping[str, Sequence[Object]]
Contents = Mapping[str, Catalogue | None]


def turn(objects: Objects, contents: Contents, now: float, revisions: bool = False) -> Iterator[Write]:
    for catalog in objects["ClusterCatalog"]:
        yield from _catalog(catalog, contents.get(name(catalog)), now)
    for live in objects[_OWNER]:
        finalizers = live["metadata"].get("finalizers") or []
        if live["metadata"].get("deletionTimestamp"):
            yield from ([merge(live, {"metadata": {"finalizers": [one for one in finalizers if one not in FINALIZERS]}})] if finalizers else [])
        elif not set(FINALIZERS) <= set(finalizers):
            yield merge(live, {"metadata": {"finalizers": [*finalizers, *FINALIZERS]}})
        else:
            yield from Extension(live, objects, contents, now, revisions).turn()
    uids = [one["metadata"].get("uid", "") for one in objects[_OWNER]]
    for kind in ("Deployment", "ServiceAccount", "CustomResourceDefinition"):  # a ClusterExtension takes all that it brought with it, CRDs too
        yield from (delete(one) for one in objects[kind] if orphaned(one, _OWNER, uids))


def _on(live: Object, kind: str, value: str, reason: str, message: str, now: float) -> Object:
    before = condition(live, kind)
    since = before.get("lastTransitionTime") if before.get("status") == value else None
    return {"type": kind, "status": value, "reason": reason, "message": message, "observedGeneration": live["metadata"]["generation"],
            "lastTransitionTime": since or stamp(now)}  # fmt: skip


def _set(live: Object, conditions: Sequence[Object], **more: Any) -> Iterator[Write]:
    fresh = with_conditions(live, *conditions)
    if fresh != status(live).get("conditions") or any(status(live).get(key) != value for key, value in more.items()):
        yield to_status(live, conditions=fresh, **more)


def _catalog(live: Object, content: Catalogue | None, now: float) -> Iterator[Write]:
    """OC internal/catalogd/controllers/core/clustercatalog_controller.go."""
    if spec(live).get("availabilityMode") == "Unavailable":
        serving = ("False", "UserSpecifiedUnavailable", "Catalog availability mode is set to Unavailable")
        yield from _set(live, [_on(live, "Progressing", "False", "Succeeded", serving[2], now), _on(live, "Serving", *serving, now)])
    elif content is None:
        why = "source catalog content: error pulling image"
        yield from _set(live, [_on(live, "Progressing", "True", "Retrying", why, now), _on(live, "Serving", "False", "Unavailable", "", now)])
    else:
        unpacked = "Successfully unpacked and stored content from resolved source"
        told = [_on(live, "Progressing", "True", "Succeeded", unpacked, now),
                _on(live, "Serving", "True", "Available", "Serving desired content from resolved source", now)]  # fmt: skip
        yield from _set(live, told)


class Extension:
    """One ClusterExtension: OC internal/operator-controller/controllers/clusterextension_reconcile_steps.go. Each look ends in one status."""

    def __init__(self, live: Object, objects: Objects, contents: Contents, now: float, revisions: bool) -> None:
        self.live, self.objects, self.contents, self.now, self.revisions = live, objects, contents, now, revisions
        self.has: Mapping[str, Any] = (status(live).get("install") or {}).get("bundle") or {}
        self.place = str(spec(live)["namespace"])

    def turn(self) -> Iterator[Write]:
        try:
            bundle = self._begun() or resolved(self.live, self.objects["ClusterCatalog"], self.contents, self.has)
        except Unresolved as failed:
            yield from self._kept(str(failed))
            return
        if why := self._refused(bundle):
            said = f'error for resolved bundle "{bundle.name}" with version "{bundle.version}": {why}'
            yield from _set(self.live, [self._installed(), self._on("Progressing", "True", "Retrying", said), *self._deprecations(bundle.package)])
            return
        missing = list(self._missing(bundle))
        yield from (apply(one) for one in missing)
        if self.revisions and (missing or not self._healthy(bundle)):
            absent = self._installed() if self.has else self._on("Installed", "False", "Absent", "No bundle installed")
            rolling = self._on("Progressing", "True", "RollingOut", f"Revision {bundle.version} is rolling out.")
            yield from _set(self.live, [absent, rolling, *self._deprecations(None)])
        else:
            yield from self._ended(bundle)

    def _on(self, kind: str, value: str, reason: str, message: str) -> Object:
        return _on(self.live, kind, value, reason, message, self.now)

    def _begun(self) -> Bundle | None:
        """Return the bundle of a revision that rolls out. Until that has ended nobody looks at what the user writes meanwhile."""
        if not self.revisions or condition(self.live, "Progressing").get("reason") != "RollingOut":
            return None
        package, version = spec(self.live)["source"]["catalog"]["packageName"], condition(self.live, "Progressing")["message"].split(" ")[1]
        known = [content[package] for content in self.contents.values() if content and package in content]
        return next((one for each in known for channel in each.channels for one in each.channel(channel) if one.version == version), None)

    def _kept(self, why: str) -> Iterator[Write]:
        """Nothing was resolved. If no catalogue is left and nothing else is wanted, the installed version stays as it is, and is well."""
        wanted = spec(self.live)["source"]["catalog"].get("version") or ""
        alone = self.has and wanted in ("", self.has["version"]) and not asked(self.live, self.objects["ClusterCatalog"])
        told = ("True", "Succeeded", "Desired state reached") if alone else ("True", "Retrying", why)
        yield from _set(self.live, [self._installed(), self._on("Progressing", *told), *self._deprecations(None)])

    def _installed(self) -> Object:
        if self.has:
            return self._on("Installed", "True", "Succeeded", f"Installed bundle {_image(self.has['name'])} successfully")
        return self._on("Installed", "False", "Failed", "No bundle installed")

    def _ended(self, bundle: Bundle) -> Iterator[Write]:
        reached = f"Revision {bundle.version} has rolled out." if self.revisions else "Desired state reached"
        ends = [self._on("Installed", "True", "Succeeded", f"Installed bundle {_image(bundle.name)} successfully"),
                self._on("Progressing", "True", "Succeeded", reached)]  # fmt: skip
        self.has = {"name": bundle.name, "version": bundle.version}
        yield from _set(self.live, [*ends, *self._deprecations(bundle.package)], install={"bundle": dict(self.has)})

    def _deprecations(self, package: Package | None) -> list[Object]:
        """OC, SetDeprecationStatus: each of them is always there. Without a package of a catalogue nobody knows."""
        found = []
        for kind, denied in _DEPRECATED.items():
            if kind == "BundleDeprecated" and not self.has:
                told = ("Unknown", "Absent", "no bundle installed yet")
            elif package is None:
                told = ("Unknown", "DeprecationStatusUnknown", "deprecation status unknown: catalog data unavailable")
            elif package.deprecated and kind in ("Deprecated", "PackageDeprecated"):
                told = ("True", "Deprecated", package.deprecated)
            else:
                told = ("False", "NotDeprecated", denied)
            found.append(self._on(kind, *told))
        return found

    def _refused(self, bundle: Bundle) -> str:
        """Return why Helm would not write the objects of a bundle."""
        if self.place not in [name(one) for one in self.objects["Namespace"]]:
            return f'failed to get release state using server-side dry-run: namespaces "{self.place}" not found'
        if bundle.fails(INSTALL):
            return f'deployments.apps "{bundle.package.name}" is forbidden'
        theirs = next((one for one in self.objects["CustomResourceDefinition"] if self._foreign(one, bundle)), None)
        if theirs:
            return (f'Unable to continue with install: CustomResourceDefinition "{name(theirs)}" in namespace "" exists and cannot be imported into the '
                    "current release: invalid ownership metadata")  # fmt: skip
        return ""

    def _foreign(self, crd: Object, bundle: Bundle) -> bool:
        owners = [one.get("uid") for one in crd["metadata"].get("ownerReferences") or ()]
        return name(crd) in map(name, bundle.package.crds()) and self.live["metadata"].get("uid") not in owners

    def _missing(self, bundle: Bundle) -> Iterator[Object]:
        """Yield what is missing of a bundle's objects. Each of them is owned by the ClusterExtension and bears its labels."""
        have = {name(one) for one in self.objects["CustomResourceDefinition"]}
        yield from (self._mine({**one, "metadata": dict(one["metadata"])}) for one in bundle.package.crds() if name(one) not in have)
        if bundle.package.image and _version(self._deployment(bundle)) != bundle.version:
            yield self._mine(made("ServiceAccount", bundle.package.name, self.place))
            yield self._mine(made("Deployment", bundle.package.name, self.place, pods(bundle)))

    def _mine(self, one: Object) -> Object:
        labels = {"olm.operatorframework.io/owner-kind": _OWNER, "olm.operatorframework.io/owner-name": name(self.live)}
        one["metadata"] |= {"labels": labels, "ownerReferences": [owner(self.live, controller=True)]}
        return one

    def _deployment(self, bundle: Bundle) -> Object | None:
        return next((one for one in self.objects["Deployment"] if (space(one), name(one)) == (self.place, bundle.package.name)), None)

    def _healthy(self, bundle: Bundle) -> bool:
        deployed = self._deployment(bundle)
        crds = {name(one): condition(one, "Established").get("status") for one in self.objects["CustomResourceDefinition"]}
        served = all(crds.get(name(one)) == "True" for one in bundle.package.crds())
        return served and not bundle.fails(CHECK) and (not bundle.package.image or bool(deployed and available(deployed)))


def _image(bundle: str) -> str:
    return f"registry.example.com/bundles/{bundle}"


def _version(deployment: Object | None) -> str:
    """Return which version of an operator runs; empty if none does."""
    containers = spec(deployment)["template"]["spec"]["containers"] if deployment else ()
    return next((one.get("value", "") for container in containers for one in container.get("env", ()) if one["name"] == "VERSION"), "")

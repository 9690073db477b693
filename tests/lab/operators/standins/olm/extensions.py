# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OLM v1: ClusterExtensions and the ClusterCatalogs that offer their packages.

No trace of a running operator-controller was at hand. What is played follows its source: OC is operator-framework/operator-controller v1.11. A version is one
version, ranges are not played. The content of a ClusterCatalog lies in a ConfigMap of its name in the namespace olmv1-system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..catalogue import Bundle, Catalogue, Package
from ..objects import Object, Write, apply, available, condition, delete, made, name, orphaned, owner, space, spec, stamp, status, to_status, with_conditions
from .plans import pods

HOME = "olmv1-system"
_LABEL = "olm.operatorframework.io/metadata.name"
_DEPRECATED = ("Deprecated", "PackageDeprecated", "ChannelDeprecated", "BundleDeprecated")
_OWNER = "ClusterExtension"


def turn(objects: Mapping[str, Sequence[Object]], contents: Mapping[str, Catalogue | None], now: float) -> Iterator[Write]:
    for catalog in objects["ClusterCatalog"]:
        yield from _catalog(catalog, contents.get(name(catalog)), now)
    for live in objects[_OWNER]:
        if not live["metadata"].get("deletionTimestamp"):
            yield from _extension(live, objects, contents, now)
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
    """OC api/v1/clustercatalog_types.go."""
    told = ("False", "Unavailable", "no content") if content is None else ("True", "Available", "Serving desired content from resolved source")
    yield from _set(live, [_on(live, "Serving", *told, now)])


def _extension(live: Object, objects: Mapping[str, Sequence[Object]], contents: Mapping[str, Catalogue | None], now: float) -> Iterator[Write]:
    """OC internal/operator-controller/controllers/clusterextension_reconcile_steps.go: resolve, apply, and say how far that is."""
    has = ((status(live).get("install") or {}).get("bundle")) or {}
    bundle, why = _resolved(live, _offered(live, objects, contents), has)
    installed = ("True", "Succeeded", f"Installed bundle {has.get('name')} successfully") if has else ("False", "Failed", "No bundle installed")
    if bundle is None:
        told = [_on(live, "Installed", *installed, now), _on(live, "Progressing", "True", "Retrying", why, now)]
        yield from _set(live, told)
        return
    deprecated = [_on(live, kind, *_deprecation(bundle.package, kind), now) for kind in _DEPRECATED]
    missing = list(_components(live, bundle, objects))
    if missing or not _healthy(live, bundle, objects):
        yield from (apply(one) for one in missing)
        absent = installed if has else ("False", "Absent", "No bundle installed")
        rolling = _on(live, "Progressing", "True", "RollingOut", f"Revision {bundle.version} is rolling out.", now)
        yield from _set(live, [_on(live, "Installed", *absent, now), rolling, *deprecated])
        return
    ends = [_on(live, "Installed", "True", "Succeeded", f"Installed bundle {bundle.name} successfully", now),
            _on(live, "Progressing", "True", "Succeeded", "Desired state reached", now)]  # fmt: skip
    yield from _set(live, [*ends, *deprecated], install={"bundle": {"name": bundle.name, "version": bundle.version}})


def _deprecation(package: Package, kind: str) -> tuple[str, str, str]:
    if package.deprecated and kind in ("Deprecated", "PackageDeprecated"):
        return "True", "Deprecated", package.deprecated
    return "False", "NotDeprecated", "not deprecated"


def _offered(live: Object, objects: Mapping[str, Sequence[Object]], contents: Mapping[str, Catalogue | None]) -> Package | None:
    told = spec(live)["source"]["catalog"]
    wanted = ((told.get("selector") or {}).get("matchLabels") or {}).get(_LABEL)
    names = [name(one) for one in objects["ClusterCatalog"] if wanted in (None, name(one))]
    return next((content[told["packageName"]] for one in names if (content := contents.get(one)) and told["packageName"] in content), None)


def _resolved(live: Object, package: Package | None, has: Mapping[str, Any]) -> tuple[Bundle | None, str]:
    """OC internal/operator-controller/resolve/catalog.go: without SelfCertified only the installed version and its successors count."""
    told = spec(live)["source"]["catalog"]
    wanted, channels = told.get("version") or "", list(told.get("channels") or ())
    found = [one for channel in package.channels if channel in (channels or [channel]) for one in package.channel(channel)] if package else []
    if has and told.get("upgradeConstraintPolicy") != "SelfCertified":
        found = [one for one in found if has["name"] in (one.name, one.replaces)]
    found = [one for one in found if wanted in ("", one.version)]
    if found:
        return found[-1], ""
    why = f'error upgrading from currently installed version "{has["version"]}": ' if has else ""
    why += f'no bundles found for package "{told["packageName"]}"' + (f' matching version "{wanted}"' if wanted else "")
    return None, why + (f" in channels [{' '.join(channels)}]" if channels else "")


def _components(live: Object, bundle: Bundle, objects: Mapping[str, Sequence[Object]]) -> Iterator[Object]:
    """What is missing of a bundle's objects. Each of them is owned by the ClusterExtension."""
    mine, package, place = [owner(live, controller=True)], bundle.package, str(spec(live)["namespace"])
    have = {name(one) for one in objects["CustomResourceDefinition"]}
    yield from ({**one, "metadata": {**one["metadata"], "ownerReferences": mine}} for one in package.crds() if name(one) not in have)
    if package.image and _version(_deployment(bundle, place, objects)) != bundle.version:
        yield made("ServiceAccount", package.name, place, ownerReferences=mine)
        yield made("Deployment", package.name, place, pods(bundle), ownerReferences=mine)


def _deployment(bundle: Bundle, place: str, objects: Mapping[str, Sequence[Object]]) -> Object | None:
    return next((one for one in objects["Deployment"] if (space(one), name(one)) == (place, bundle.package.name)), None)


def _version(deployment: Object | None) -> str:
    """Return which version of an operator runs; empty if none does."""
    containers = spec(deployment)["template"]["spec"]["containers"] if deployment else ()
    return next((one.get("value", "") for container in containers for one in container.get("env", ()) if one["name"] == "VERSION"), "")


def _healthy(live: Object, bundle: Bundle, objects: Mapping[str, Sequence[Object]]) -> bool:
    deployed = _deployment(bundle, str(spec(live)["namespace"]), objects)
    crds = {name(one): condition(one, "Established").get("status") for one in objects["CustomResourceDefinition"]}
    served = all(crds.get(name(one)) == "True" for one in bundle.package.crds())
    return served and (not bundle.package.image or bool(deployed and available(deployed)))

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check what must hold before anything is written, and return all findings of all clusters as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..install import gateway_api
from ..install.claim import objections
from ..install.crd_owner import owner
from ..install.versions import VersionLimits, dotted
from ..member import Member, served_faults
from . import estate
from .estate import ClusterFacts, Owned, nodes
from .mesh_wide import apart


def findings(seen: Iterable[ClusterFacts], everyone: Sequence[Member]) -> dict[str, list[str]]:
    """Return the findings by cluster; an empty list for a cluster without findings."""
    read = list(seen)
    by_cluster: dict[str, list[str]] = {one.member.name: _single(one) for one in read}
    of_clusters = (estate.twice(read), estate.overlaps(read), estate.roots(read), estate.servers(read, everyone), estate.primaries(read, everyone))
    for of_estate in (*of_clusters, served_faults(everyone), apart(everyone)):
        for name, sentences in of_estate.items():
            if name in by_cluster:
                by_cluster[name] += [_sentence(name, sentence) for sentence in sentences]
    return by_cluster


def _sentence(name: str, text: str) -> str:
    return text if text.startswith(f"{name}: ") else f"{name}: {text}{'' if text.endswith('.') else '.'}"


def _single(facts: ClusterFacts) -> list[str]:
    texts = [*facts.member.faults(), *facts.inventory]
    for check in (_version, _kubelets, _clock):
        texts += check(facts.cluster, facts.limits)
    texts += _denied(facts.cluster) + _crds(facts.cluster, facts.owned) + objections(facts.cluster.get("claimed", []))
    texts += gateway_api.too_old(facts.cluster.get("crds", []), facts.limits.gateway_api, facts.limits.mesh)
    texts += [*facts.trust.get("findings", []), *facts.supply]
    return [_sentence(facts.member.name, text) for text in texts]


def _version(cluster: Mapping[str, Any], limits: VersionLimits) -> list[str]:
    version = _minor(cluster.get("version"))
    if version is None:
        return []
    if version < limits.kubernetes_min:
        return [f"Kubernetes is {dotted(version)}, and {limits.mesh} {_wanted(limits)}; upgrade the cluster first, or choose an older mesh_version"]
    if limits.kubernetes_max and version > limits.kubernetes_max:
        return [f"Kubernetes is {dotted(version)}, and {limits.mesh} {_wanted(limits)}; choose a newer mesh_version"]
    return []


def _wanted(limits: VersionLimits) -> str:
    lowest = dotted(limits.kubernetes_min)
    return f"wants {lowest} to {dotted(limits.kubernetes_max)}" if limits.kubernetes_max else f"wants {lowest} or newer"


def _minor(version: Any) -> tuple[int, int] | None:
    if not isinstance(version, Mapping) or "major" not in version:
        return None
    return int(version["major"]), int(version["minor"])


def _kubelets(cluster: Mapping[str, Any], limits: VersionLimits) -> list[str]:
    server = _minor(cluster.get("version"))
    faults = []
    for text in sorted(set(nodes(cluster, "kubelet_versions"))):
        parts = text.lstrip("v").split(".")
        if server and len(parts) > 1 and parts[1].isdigit():
            behind = server[1] - int(parts[1])
            if not 0 <= behind <= limits.kubelet_skew:
                faults.append(
                    f"a kubelet is {text} while the API server is {dotted(server)}; "
                    f"kubelets may be up to {limits.kubelet_skew} minor versions older and never newer"
                )
    return faults


def _clock(cluster: Mapping[str, Any], limits: VersionLimits) -> list[str]:
    return clock_faults(cluster.get("clock_skew_seconds"), limits.clock_skew_seconds)


def clock_faults(skew: float | None, most: float | None) -> list[str]:
    """Return half a sentence if the clocks differ by more than `most` seconds. `skew` is the local clock minus the cluster's, in seconds."""
    if skew is None or most is None or abs(skew) <= most:
        return []
    side = "behind" if skew > 0 else "ahead of"
    difference = f"the cluster's clock is {abs(skew):.0f} s {side} this machine's, more than the {most:.0f} s allowed"
    return [f"{difference}; certificates would be seen as expired or not yet valid, so set the clocks right (NTP)"]


def _denied(cluster: Mapping[str, Any]) -> list[str]:
    denied = cluster.get("denied", [])
    if not denied:
        return []
    rights = ", ".join(_right(right) for right in denied)
    return [f"the credential may not {rights}. Grant these rights, as docs/rbac.yml does, or use another credential"]


def _right(denied: Mapping[str, Any]) -> str:
    kind = ".".join(part for part in (denied.get("resource", ""), denied.get("group", "")) if part)
    where = f" in {denied['namespace']}" if denied.get("namespace") else ""
    return f"{denied.get('verb', '')} {kind}{where}"


def space_faults(spaces: Iterable[Mapping[str, Any]], closed: Callable[[Mapping[str, str]], str]) -> list[str]:
    """Find namespaces in which pods would wait forever for what they need from the mesh. Findings are half sentences."""
    faults = []
    for space in spaces:
        if space.get("ends"):
            faults.append(f"the namespace {space['name']} is being deleted; wait until it is gone")
        elif label := closed(space.get("labels") or {}):
            faults.append(f"the namespace {space['name']} has the label {label}, so pods of the mesh would get no proxy there; take the label away")
    return faults


def _crds(cluster: Mapping[str, Any], owned: Owned) -> list[str]:
    by_owner: dict[str, list[str]] = {}
    for crd in cluster.get("crds", []):
        group = crd["name"].partition(".")[2]
        if group not in owned.groups or not owned.release:
            continue
        if crd.get("release") != f"{owned.namespace}/{owned.release}":
            by_owner.setdefault(owner(crd), []).append(crd["name"])
    return [_owned_elsewhere(whose, names, owned) for whose, names in sorted(by_owner.items())]


def _owned_elsewhere(whose: str, names: Sequence[str], owned: Owned) -> str:
    which = f"the CRD {names[0]} belongs" if len(names) == 1 else f"the CRD {names[0]} and {len(names) - 1} more belong"
    return (
        f"{which} to {whose}, not to the Helm release {owned.namespace}/{owned.release}; "
        "hand them over, or set mesh_crds: external to leave them with their owner"
    )

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a rotation over the clusters of a mesh, on the controller: each filter is one call of a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..module_utils._mesh.errors import MeshError, Refused
from ..module_utils._mesh.lease import rights
from ..module_utils._mesh.lease.lease import NAMESPACE, ref
from ..module_utils._mesh.links import peers
from ..module_utils._mesh.member import Member, named, served_faults
from ..module_utils._mesh.objects.change import Ref
from ..module_utils._mesh.preflight.findings import clock_faults
from ..module_utils._mesh.rotation import expired_root, served
from ..module_utils._mesh.rotation import plan as rotation
from ..module_utils._mesh.rotation.barrier import barrier
from ..module_utils._mesh.rotation.leaving import staying
from ..module_utils._mesh.rotation.primary import OF_ITS_PRIMARY
from ..module_utils._mesh.rotation.table import table
from ..module_utils._mesh.trust.root_secret import NAME as ROOT_NAME
from ..module_utils._mesh.trust.root_secret import UPCOMING
from ..module_utils._providers import provider as _provider
from ..plugin_utils import hosts as hosts_of

_RIGHTS = "__rotate_rights"  # is asked for first, so that is where a cluster fails that cannot be reached
NOT_HERE = "it is not part of this run, and a rotation takes all clusters of the mesh; run it without --limit"
_NO_LINK = "it is not part of this run, and no cluster may miss; run it without --limit"
_PASSED = ("standing", "laggards", "issuers", "roots", "previous", "ignored", "intermediate", "served_by", "unread", "driven", "alone")
_OF_PRIMARY = ("standing", "elsewhere", *OF_ITS_PRIMARY)


def _mesh(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, exclude: Iterable[str]) -> list[Member]:
    """The clusters of the mesh, in the inventory's order, whether they are in this run or not."""
    left_out = set(exclude)
    return [member for member in hosts_of.mates(hosts, hostvars, cluster) if member.name not in left_out]


def _absent(name: str, hostvars: Mapping[str, Any], otherwise: str = NOT_HERE) -> str:
    return str((hostvars[name].get(_RIGHTS) or {}).get("msg") or " ".join(hosts_of.faults([name], hostvars)) or otherwise)


def _report(name: str, hostvars: Mapping[str, Any], variable: str) -> rotation.Report | str:
    """What was seen of a cluster, or the sentence that says why nothing was."""
    result = hostvars[name].get(variable)
    if result is None:
        return _absent(name, hostvars)
    if not result.get("failed") and result.get("in_charge"):
        return rotation.elsewhere(result["in_charge"])
    if result.get("failed") or not (result.get("standing") or {}).get("signs_under"):
        return str(result.get("msg") or " ".join(result.get("faults") or ["it holds no CA of the mesh"]))
    return rotation.Report.of(result)


def _reports(members: Iterable[Member], hostvars: Mapping[str, Any], variable: str) -> dict[str, rotation.Report | str]:
    return {member.name: _report(member.name, hostvars, variable) for member in members}


def unjudged(mesh: str, missing: Mapping[str, str]) -> str:
    said = " ".join(f"{name} cannot be judged: {told.rstrip('.')}." for name, told in missing.items())
    return f"The mesh {mesh} is not rotated: {said}"


def mesh_rotation_clusters(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = ()) -> list[dict[str, Any]]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    missing = {name: told for name, told in _reports(members, hostvars, variable).items() if isinstance(told, str)}
    if missing:
        raise Refused(unjudged(members[0].mesh, missing))
    return [{key: hostvars[member.name][variable].get(key) for key in _PASSED} for member in members]


def mesh_rotation_primary(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = ()) -> dict[str, Any]:
    everyone = _mesh(hosts, hostvars, cluster, ())
    own = named(everyone, cluster)
    if own.serves:
        return {}
    fault = next(iter(served_faults(everyone).get(cluster, ())), "" if own.primary else f"it is {own.role} and has no mesh_primary")
    if not fault and own.primary in exclude:
        fault = f"its primary {own.primary} is left out by rotate_exclude, and nothing changes here without it. Leave {cluster} out too"
    told = fault or _report(own.primary, hostvars, variable)
    if isinstance(told, str):
        about = "" if fault else f"its primary {own.primary} was not seen to be through: "
        return {"missing": f"{cluster}: {about}{told.rstrip('.')}."}
    return {key: hostvars[own.primary][variable].get(key) for key in _OF_PRIMARY}


def mesh_rotation_plan(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    variable: str,
    target: str,
    accepted: Iterable[str] = (),
    stale: Iterable[str] = (),
    exclude: Iterable[str] = (),
    unsettled: bool = False,
    clock_skew_max: float | None = None,
    recover: bool = False,
    leaving: Iterable[str] = (),
    moment: str = "",
    unseen_acknowledged: bool = False,
) -> dict[str, Any]:
    members, now, gone = _mesh(hosts, hostvars, cluster, exclude), _moment(moment), list(leaving)
    seen = {member.name: hostvars[member.name].get(variable) or {} for member in members}
    reports = _reports(members, hostvars, variable)
    known = [report for report in reports.values() if isinstance(report, rotation.Report)]
    missing = [f"{name} cannot be judged: {told.rstrip('.')}." for name, told in reports.items() if isinstance(told, str)]
    missing += _clocks(seen, clock_skew_max)
    kept = [name for name, one in seen.items() if one.get("previous") or (one.get("unread") or {}).get("kept")]
    unfinished = kept or ([members[0].name] if unsettled else [])
    missing += expired_root.findings(members[0].mesh, seen, recover, bool(unfinished), list(stale), now)
    try:
        plan = rotation.plan(members[0].mesh, target, known, accepted, stale, unfinished, expired_root.expired(seen.values(), now), gone)
    except MeshError as error:
        plan, missing = rotation.Plan(members[0].mesh, target, dict.fromkeys(reports, "unclear")), [*missing, str(error)]
    if any(step.name in rotation.STEPS for step in plan.steps):
        names = [name for name in hosts if hostvars[name].get("mesh_name") == members[0].mesh]
        missing += served.findings(seen, names, unseen_acknowledged)
    behind = any(report.laggards for report in known)
    notes = {
        name: [*expired_root.notes(one, now), *staying(one, target, gone), *served.notes(one, unseen_acknowledged), *one.get("quirks", ())]
        for name, one in seen.items()
    }
    return {**plan.facts(), "findings": missing, "done": plan.done and not behind, "table": [*table([plan], reports, notes), *missing]}


def _moment(taken: str) -> datetime:
    """When the rotation was planned. A clock that is looked at twice may tell of two different mornings."""
    return datetime.fromisoformat(taken) if taken else datetime.now(UTC)


def _clocks(seen: Mapping[str, Any], most: float | None) -> list[str]:
    """New certificates are valid from now on, by the clock of this machine."""
    return [f"{name}: {said}." for name, one in seen.items() for said in clock_faults(one.get("clock_skew_seconds"), most)]


def mesh_rotation_barrier(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    variable: str,
    step: str,
    target: str,
    exclude: Iterable[str] = (),
    recover: bool = False,
    leaving: Iterable[str] = (),
    moment: str = "",
) -> list[str]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    names = [member.name for member in members]
    dead = expired_root.expired([hostvars[name].get(variable) or {} for name in names], _moment(moment)) if recover else ()
    try:
        barrier(members[0].mesh, step, target, names, _reports(members, hostvars, variable), dead, list(leaving))
    except MeshError as error:
        return [str(error)]
    return []


def mesh_rotation_lease(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, trust_cluster: str = "", exclude: Iterable[str] = ()
) -> dict[str, Any]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    if not members:
        raise Refused(f"{cluster}: rotate_exclude leaves no cluster of its mesh.")
    keeper = hosts_of.keeper(hosts, hostvars, trust_cluster) if trust_cluster else members[0]
    return {"mesh": members[0].mesh, "taker": members[0].name, "kube": keeper.connection.task}


def mesh_consumers(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, exclude: Iterable[str] = ()) -> list[dict[str, Any]]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    return [peer.connection.entry for peer in peers.consumers(members, cluster)]


def mesh_discovered(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, exclude: Iterable[str] = ()) -> list[str]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    return [member.name for member in members if peers.consumers(members, member.name)]


def mesh_link_plan(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = ()) -> dict[str, list[str]]:
    names = mesh_discovered(hosts, hostvars, cluster, exclude)
    results = {name: hostvars[name].get(variable) or {"msg": _absent(name, hostvars, _NO_LINK)} for name in names}
    findings = [f"{name} cannot be judged: {result.get('msg')}" for name, result in results.items() if result.get("failed") or "steps" not in result]
    return {"findings": findings, "steps": [step for result in results.values() for step in result.get("steps", [])]}


def mesh_rotation_permissions(provider: str, kind: str, namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    if kind in ("root", "intermediate"):
        mesh = _provider(provider)
        wanted: list[dict[str, str]] = (mesh.driven_rotation or mesh.rotation).permissions(namespace, restart, recover)
    elif kind in ("links", "remote_secrets"):
        wanted = _provider(provider).links.permissions(namespace, restart)
    else:
        wanted = _provider(provider).gateways.permissions()
    return wanted


def mesh_rotation_kept(lease: Mapping[str, Any], root: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    own: dict[str, Any] = {"kube": dict(lease["kube"]), "permissions": rights.to_lease(ref(lease["mesh"], NAMESPACE))}
    source = root.get("source", "generated")
    if source not in ("generated", "secret"):
        return {lease["kube"]["cluster"]: own}
    name, space = root.get("name") or ROOT_NAME, root.get("namespace") or NAMESPACE
    active, upcoming = (Ref("v1", "Secret", each, space) for each in (name, f"{name}{UPCOMING}"))
    wanted = rights.to_root(active, upcoming, replaced=kind == "root" and source == "generated")
    if root["kube"] == lease["kube"]:
        return {lease["kube"]["cluster"]: {**own, "permissions": own["permissions"] + wanted}}
    return {lease["kube"]["cluster"]: own, "The root's cluster": {"kube": dict(root["kube"]), "permissions": wanted}}


def mesh_rotation_denied(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, kept: str, exclude: Iterable[str] = ()) -> list[str]:
    members = _mesh(hosts, hostvars, cluster, exclude)
    asked = [(member.name, hostvars[member.name].get(variable) or {"msg": NOT_HERE}) for member in members]
    places = (hostvars[members[0].name].get(kept) or {}).get("results") or []
    return rights.findings([*asked, *((str(place[place["ansible_loop_var"]]), place) for place in places)])


class FilterModule:
    """The filters of the rotation."""

    def filters(self) -> dict[str, Any]:
        found = (
            mesh_consumers,
            mesh_discovered,
            mesh_link_plan,
            mesh_rotation_barrier,
            mesh_rotation_clusters,
            mesh_rotation_denied,
            mesh_rotation_kept,
            mesh_rotation_lease,
            mesh_rotation_permissions,
            mesh_rotation_plan,
            mesh_rotation_primary,
        )
        return {filter_.__name__: hosts_of.told(filter_) for filter_ in found}

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a rotation over the clusters of a mesh, on the controller: each filter is one call of a decision. Private: see plugin_utils/filters.py.

`variable` is the name under which each host keeps its result of rotation_info, rotation or link_rotation; `exclude` are clusters that the rotation leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.lease import rights
from ...module_utils._mesh.lease.lease import NAMESPACE, ref
from ...module_utils._mesh.links import peers
from ...module_utils._mesh.member import Member, named, served_faults
from ...module_utils._mesh.objects.change import Ref
from ...module_utils._mesh.preflight.findings import clock_faults
from ...module_utils._mesh.rotation import aim, expired_root, served, stepped_plan
from ...module_utils._mesh.rotation import plan as rotation
from ...module_utils._mesh.rotation.barrier import barrier
from ...module_utils._mesh.rotation.leaving import staying
from ...module_utils._mesh.rotation.plan import INTRODUCE
from ...module_utils._mesh.rotation.primary import OF_ITS_PRIMARY
from ...module_utils._mesh.rotation.table import table
from ...module_utils._mesh.trust.root_secret import NAME as ROOT_NAME
from ...module_utils._mesh.trust.root_secret import UPCOMING
from ...module_utils._providers import provider as _provider
from .. import filters
from .. import hosts as hosts_of

NOT_HERE = "it is not part of this run, and a rotation takes all clusters of the mesh; run it without --limit"
_NO_LINK = "it is not part of this run, and no cluster may miss; run it without --limit"
_PASSED = ("standing", "laggards", "issuers", "roots", "previous", "ignored", "intermediate", "served_by", "unread", "driven", "alone", "outgoing")
_OF_PRIMARY = ("standing", "elsewhere", *OF_ITS_PRIMARY)


def _mesh(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, exclude: Iterable[str]) -> list[Member]:
    """Return the clusters of the mesh, in the inventory's order, also those outside this run."""
    left_out = set(exclude)
    return [member for member in hosts_of.mates(hosts, hostvars, cluster) if member.name not in left_out]


def _absent(name: str, hostvars: Mapping[str, Any], rights: str, otherwise: str = NOT_HERE) -> str:
    """Return why nothing was seen of a cluster. `rights` is the result of its first task, with which an unreachable cluster fails."""
    return str((hostvars[name].get(rights) or {}).get("msg") or " ".join(hosts_of.faults([name], hostvars)) or otherwise)


def _report(name: str, hostvars: Mapping[str, Any], variable: str, rights: str = "", step: str = "") -> rotation.Report | str:
    """Return what was seen of a cluster, or a sentence with the reason why nothing was. The result of another step does not count."""
    result = hostvars[name].get(variable)
    if result is None:
        return _absent(name, hostvars, rights)
    if step and result.get("standing") and not result.get("failed") and result.get("step") != step:
        return f"nothing was seen of its step {step}"
    if not result.get("failed") and result.get("in_charge"):
        return rotation.elsewhere(result["in_charge"])
    if result.get("failed") or not (result.get("standing") or {}).get("signs_under"):
        return str(result.get("msg") or " ".join(result.get("faults") or ["it holds no CA of the mesh"]))
    return rotation.Report.of(result)


def _reports(members: Iterable[Member], hostvars: Mapping[str, Any], variable: str, rights: str = "", step: str = "") -> dict[str, rotation.Report | str]:
    return {member.name: _report(member.name, hostvars, variable, rights, step) for member in members}


def unjudged(mesh: str, missing: Mapping[str, str]) -> str:
    """Say which clusters of a mesh keep it from being rotated."""
    said = " ".join(f"{name} cannot be judged: {reason.rstrip('.')}." for name, reason in missing.items())
    return f"The mesh {mesh} is not rotated: {said}"


def facts_of_clusters(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = (), rights: str = ""
) -> list[dict[str, Any]]:
    """Return the facts about every cluster of the mesh, for the option `clusters` of rotation and rotation_target.

    Refuses a mesh of which a cluster was not seen, with the name of each, and with what the variable `rights` says of one that cannot be reached.
    """
    members = _mesh(hosts, hostvars, cluster, exclude)
    missing = {name: report for name, report in _reports(members, hostvars, variable, rights).items() if isinstance(report, str)}
    if missing:
        raise Refused(unjudged(members[0].mesh, missing))
    return [{key: hostvars[member.name][variable].get(key) for key in _PASSED} for member in members]


def passed(result: Mapping[str, Any], before: str = "") -> str:
    """Return what the next step and the report need of a cluster's step, as JSON: its facts, and the `seconds` of each step so far.

    `before` is what this filter returned after the step before; the first step has none.
    """
    earlier = {} if result.get("step") == INTRODUCE or not before else json.loads(before)["seconds"]
    facts = {key: result.get(key) for key in _PASSED}
    return json.dumps({**facts, "seconds": {**earlier, str(result.get("step")): result.get("seconds")}})


def primary_of(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = (), step: str = "", rights: str = ""
) -> dict[str, Any]:
    """Return the facts about the cluster that serves a remote cluster, for the option `primary` of rotation and rotation_info; empty for any other cluster.

    Returns `missing` with a sentence if the primary was not seen to be through, with `step` through that step.
    """
    everyone = _mesh(hosts, hostvars, cluster, ())
    own = named(everyone, cluster)
    if own.serves:
        return {}
    fault = next(iter(served_faults(everyone).get(cluster, ())), "" if own.primary else f"it is {own.role} and has no mesh_primary")
    if not fault and own.primary in exclude:
        fault = f"its primary {own.primary} is left out by rotate_exclude, and nothing changes here without it. Leave {cluster} out too"
    seen = fault or _report(own.primary, hostvars, variable, rights, step)
    if isinstance(seen, str):
        about = "" if fault else f"its primary {own.primary} was not seen to be through: "
        return {"missing": f"{cluster}: {about}{seen.rstrip('.')}."}
    return {key: hostvars[own.primary][variable].get(key) for key in _OF_PRIMARY}


def plan_of(
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
    root: str = "new root",
) -> dict[str, Any]:
    """Return the `mesh`, the `target`, the `phases` by cluster, the `steps` that are left, `findings` that forbid it, a `table`, and whether all is `done`.

    `accepted` and `leaving` are roots by fingerprint, `stale` are intermediates to replace although they are of the target. `unsettled` says that the
    Secret of a next root exists, `recover` that the mesh leaves an expired root, `moment` when the rotation was planned. `root` is what the target is called.
    """
    members, now, gone = _mesh(hosts, hostvars, cluster, exclude), _moment(moment), list(leaving)
    seen = {member.name: hostvars[member.name].get(variable) or {} for member in members}
    reports = _reports(members, hostvars, variable)
    known = [report for report in reports.values() if isinstance(report, rotation.Report)]
    missing = [f"{name} cannot be judged: {said.rstrip('.')}." for name, said in reports.items() if isinstance(said, str)] + _clocks(seen, clock_skew_max)
    kept = [name for name, one in seen.items() if one.get("previous") or (one.get("unread") or {}).get("kept")]
    unfinished = kept or ([members[0].name] if unsettled else [])
    missing += expired_root.findings(members[0].mesh, seen, recover, bool(unfinished), list(stale), now)
    try:
        plan = rotation.plan(members[0].mesh, target, known, accepted, stale, unfinished, expired_root.expired(seen.values(), now), gone)
    except MeshError as error:
        plan, missing = rotation.Plan(members[0].mesh, target, dict.fromkeys(reports, "unclear")), [*missing, str(error)]
    if any(step.name in rotation.STEPS for step in plan.steps):
        names = [name for name in hosts if hosts_of.Variables(name, hostvars[name]).mesh == members[0].mesh]
        missing += served.findings(seen, names, unseen_acknowledged)
    notes = {name: _notes(facts, now, target, gone, unseen_acknowledged) for name, facts in seen.items()}
    done = plan.done and not any(report.laggards for report in known)
    return {**plan.facts(), "findings": missing, "done": done, "table": [*table([plan], reports, notes, root), *missing]}


def _notes(facts: Mapping[str, Any], now: datetime, target: str, gone: list[str], unseen_acknowledged: bool) -> list[str]:
    """Return what the table shows for a cluster besides its phase."""
    return [*expired_root.notes(facts, now), *staying(facts, target, gone), *served.notes(facts, unseen_acknowledged), *facts.get("quirks", ())]


def _moment(taken: str) -> datetime:
    """Return when the rotation was planned. Read the clock once, so that all parts of the plan use the same time."""
    return datetime.fromisoformat(taken) if taken else datetime.now(UTC)


def _clocks(seen: Mapping[str, Any], most: float | None) -> list[str]:
    """Judge the clusters' clocks, because new certificates are valid from now on by the clock of this machine."""
    return [f"{name}: {said}." for name, one in seen.items() for said in clock_faults(one.get("clock_skew_seconds"), most)]


def late_at_barrier(
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
    """Return the sentence that stops the mesh after a step, if a cluster was not seen to be through with it; nothing if all were."""
    members = _mesh(hosts, hostvars, cluster, exclude)
    names = [member.name for member in members]
    dead = expired_root.expired([hostvars[name].get(variable) or {} for name in names], _moment(moment)) if recover else ()
    try:
        barrier(members[0].mesh, step, target, names, _reports(members, hostvars, variable, step=step), dead, list(leaving))
    except MeshError as error:
        return [str(error)]
    return []


def place_of_lease(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, trust_cluster: str = "", exclude: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the `mesh`, the cluster that takes its Lease for all (`taker`), and the connection to the cluster that keeps the Lease (`kube`)."""
    members = _mesh(hosts, hostvars, cluster, exclude)
    if not members:
        raise Refused(f"{cluster}: rotate_exclude leaves no cluster of its mesh.")
    keeper = hosts_of.any_cluster(hosts, hostvars, trust_cluster) if trust_cluster else members[0]
    return {"mesh": members[0].mesh, "taker": members[0].name, "kube": keeper.connection.task}


def consumers(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, exclude: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the clusters that discover a cluster, for the option `consumers` of link_rotation."""
    return [peer.connection.entry for peer in peers.consumers(_mesh(hosts, hostvars, cluster, exclude), cluster)]


def link_plan(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = (), rights: str = ""
) -> dict[str, list[str]]:
    """Return the `sources`, which are the clusters that others discover, `findings` that forbid to replace their credentials, and the `steps` to come."""
    members = _mesh(hosts, hostvars, cluster, exclude)
    sources = [member.name for member in members if peers.consumers(members, member.name)]
    results = {name: hostvars[name].get(variable) or {"msg": _absent(name, hostvars, rights, _NO_LINK)} for name in sources}
    findings = [f"{name} cannot be judged: {result.get('msg')}" for name, result in results.items() if result.get("failed") or "steps" not in result]
    return {"sources": sources, "findings": findings, "steps": [step for result in results.values() for step in result.get("steps", [])]}


def permissions(provider: str, kind: str, namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    """Return the rights that a kind of rotation needs in each cluster, for the option `permissions` of cluster_info."""
    mesh = _provider(provider)
    if kind in ("root", "intermediate"):
        wanted: list[dict[str, str]] = (mesh.driven_rotation or mesh.rotation).permissions(namespace, restart, recover)
    elif kind in ("links", "remote_secrets"):
        links = mesh.links
        if links.credentials(namespace) is None:
            raise Refused(f"With the provider {provider}, a cluster never has two valid credentials, so a rotation without interruption is impossible.")
        wanted = links.permissions(namespace, restart)
    elif kind == "gateways":
        wanted = mesh.gateways.permissions()
    else:
        stepped = mesh.stepped(kind)
        wanted = [*stepped.permissions(namespace), *rights.to_renew(one.ref for one in stepped.renews(namespace, ""))]
    return wanted


def places_of_lease_and_root(lease: Mapping[str, Any], root: Mapping[str, Any], kind: str, provider: str = "") -> dict[str, dict[str, Any]]:
    """Return by place the connection (`kube`) and the `permissions` that the taker of the Lease needs: one place if one cluster keeps both."""
    own: dict[str, Any] = {"kube": dict(lease["kube"]), "permissions": rights.to_lease(ref(lease["mesh"], NAMESPACE))}
    source = root.get("source", "generated")
    stepped = _provider(provider).stories.rotations.get(kind) if provider else None
    if source not in ("generated", "secret") and not (stepped and root.get("kube")):
        return {lease["kube"]["cluster"]: own}
    space = root.get("namespace") or NAMESPACE
    if stepped:
        copies = [Ref("v1", "Secret", f"{lease['mesh']}-{one.ref.name}", space) for one in stepped.renews("", "") if one.shared]
        signers = {one.signed.authority for one in stepped.renews("", "") if one.signed}
        wanted = [*rights.to_aim(aim.place(lease["mesh"], kind, space)), *rights.to_renew(copies)]
        replaced = {stepped.replaces} & signers
        wanted += rights.to_read(Ref("v1", "Secret", f"{lease['mesh']}-{name}", space) for name in sorted(signers - replaced))
        wanted += rights.to_renew(Ref("v1", "Secret", f"{lease['mesh']}-{name}", space) for name in sorted(replaced))
    else:
        active, upcoming = (Ref("v1", "Secret", each, space) for each in (root.get("name") or ROOT_NAME, f"{root.get('name') or ROOT_NAME}{UPCOMING}"))
        wanted = rights.to_root(active, upcoming, replaced=kind == "root" and source == "generated")
    if root["kube"] == lease["kube"]:
        return {lease["kube"]["cluster"]: {**own, "permissions": own["permissions"] + wanted}}
    return {lease["kube"]["cluster"]: own, "The root's cluster": {"kube": dict(root["kube"]), "permissions": wanted}}


def _stepped(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str], rights: str = ""
) -> tuple[str, dict[str, Mapping[str, Any] | str]]:
    """Return the mesh, and for each of its clusters the result of stepped_rotation, or a sentence that says why there is none."""
    members = _mesh(hosts, hostvars, cluster, exclude)
    results = {member.name: hostvars[member.name].get(variable) for member in members}
    seen = {name: _absent(name, hostvars, rights) if result is None else str(result.get("msg")) if result.get("failed") else result
            for name, result in results.items()}  # fmt: skip
    return members[0].mesh, seen


def stepped_plan_of(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    variable: str,
    kind: str,
    min_age: float,
    exclude: Iterable[str] = (),
    rights: str = "",
    rollback: bool = False,
) -> dict[str, Any]:
    """Return the `steps` of a rotation in steps, `findings` that forbid it, a `table`, and whether all is `done`."""
    left_out = list(exclude)
    mesh, seen = _stepped(hosts, hostvars, cluster, variable, left_out, rights)
    return stepped_plan.plan(mesh, kind, seen, min_age, left_out, rollback).facts()


def stepped_late(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, kind: str, step: str, exclude: Iterable[str] = ()
) -> list[str]:
    """Return the sentence that stops the mesh after a step of a rotation in steps, if a cluster was not seen to be through; nothing if all were."""
    mesh, seen = _stepped(hosts, hostvars, cluster, variable, exclude)
    return stepped_plan.late(mesh, kind, step, seen)


def denied(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, kept: str, exclude: Iterable[str] = ()) -> list[str]:
    """Return the rights that are missing, a sentence for each cluster.

    `variable` has each host's result of cluster_info; `kept` has that of the Lease's taker for the places of `_rotation_kept`.
    """
    members = _mesh(hosts, hostvars, cluster, exclude)
    asked = [(member.name, hostvars[member.name].get(variable) or {"msg": NOT_HERE}) for member in members]
    places = (hostvars[members[0].name].get(kept) or {}).get("results") or []
    return rights.findings([*asked, *((str(place[place["ansible_loop_var"]]), place) for place in places)])


class FilterModule:
    """The filters of the role rotate."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _link_consumers=consumers,
            _link_plan=link_plan,
            _rotation_barrier=late_at_barrier,
            _rotation_clusters=facts_of_clusters,
            _rotation_denied=denied,
            _rotation_kept=places_of_lease_and_root,
            _rotation_lease=place_of_lease,
            _rotation_passed=passed,
            _rotation_permissions=permissions,
            _rotation_plan=plan_of,
            _rotation_primary=primary_of,
            _rotation_stepped_late=stepped_late,
            _rotation_stepped_plan=stepped_plan_of,
        )

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All clusters of all meshes as one picture in data, from what status reads of each. Only what is named here gets into a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..install.versions import Versions
from ..links.peers import peers
from ..member import Member
from ..trust.certificate import iso
from ..trust.expiry import days_left, level, moment
from .support import supported

SCHEMA = 1
HEALTHY, SICK, UNREACHED = "ok", "sick", "unreached"
SYNCED, MISSING, UNKNOWN = "synced", "missing", "unknown"
_WORST_FIRST = (UNREACHED, SICK, HEALTHY)
Facts = Mapping[str, Any]


def estate(read: Mapping[str, Facts | str], members: Sequence[Member], versions: Mapping[str, Versions], now: datetime) -> dict[str, Any]:
    """Return the estate. `read` has by cluster the result of mesh_info, or the sentence that says why there is none.

    A cluster without a member is one whose variables cannot be read. `versions` are those that are known of each kind of mesh.
    """
    known = {one.name: one for one in members}
    clusters = [_cluster(name, facts, known.get(name), members) for name, facts in read.items()]
    certificates = sorted([*_roots(clusters, read, now), *_intermediates(clusters, read, now)], key=lambda one: (one["not_after"], one["kind"]))
    return {
        "schema": SCHEMA,
        "generated": iso(now),
        "summary": _summary(clusters, certificates),
        "meshes": _meshes(clusters),
        "clusters": sorted(clusters, key=lambda one: (_WORST_FIRST.index(one["verdict"]), one["name"])),
        "certificates": certificates,
        "versions": supported(clusters, versions, now.date()),
    }


def _cluster(name: str, facts: Facts | str, member: Member | None, members: Sequence[Member]) -> dict[str, Any]:
    own, lost = member or Member(name), isinstance(facts, str)
    told: Facts = {} if isinstance(facts, str) else facts
    verdict = UNREACHED if lost else SICK if told.get("findings") else HEALTHY
    return {
        "name": name, "mesh": own.mesh, "provider": own.provider, "site": own.site, "network": own.network, "role": own.role,
        "verdict": verdict,
        "unreached": str(facts) if lost else "",
        "served_by": "" if own.serves else str(told.get("served_by") or own.primary),
        "control_planes": _parts(told, "planes", ("revision", "version", "ready", "desired", "reason")),
        "gateways": _parts(told, "gateways", ("name", "namespace", "network", "ready", "desired", "addresses", "reason")),
        "root": _fingerprint(told, "root"),
        "intermediate": _fingerprint(told, "intermediate"),
        "links": _links(told, own, members),
        "proxies": _proxies(told),
        "planes": _parts(told, "shares", ("plane", "role", "colours")),
        "findings": [str(one) for one in told.get("findings") or ()],
        "notices": [str(one) for one in told.get("notices") or ()],
    }


def _parts(told: Facts, kind: str, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in names if name in one} for one in told.get(kind) or ()]


def _fingerprint(told: Facts, which: str) -> str:
    return str(((told.get("trust") or {}).get(which) or {}).get("fingerprint") or "")


def _links(told: Facts, own: Member, members: Sequence[Member]) -> dict[str, str]:
    """Return by peer what the control planes here say of it, the worst if they differ. Nobody can say anything of peers where no control plane answers."""
    named = any(one.name == own.name for one in members)
    silent = MISSING if told.get("answered") else UNKNOWN
    states = {one.name: silent for one in peers(members, own.name)} if named else {}
    seen: dict[str, str] = {}
    for remote in told.get("remotes") or ():
        before = seen.get(remote["cluster"], SYNCED)
        seen[remote["cluster"]] = str(remote["status"]) if before == SYNCED else before
    return dict(sorted({**states, **seen}.items()))


def _proxies(told: Facts) -> dict[str, Any]:
    """Count the proxies: those that are behind, by version, by the revision that serves them; and the namespaces by the revision that they follow."""
    proxies = list(told.get("proxies") or ())
    following = (told.get("followed") or {}).get("revisions") or {}
    return {
        "count": len(proxies),
        "behind": sum(bool(one.get("stale")) for one in proxies),
        "versions": _counted(str(one.get("version") or UNKNOWN) for one in proxies),
        "revisions": _counted(str(one.get("revision") or "") for one in proxies),
        "namespaces": {name: int(of["namespaces"]) for name, of in sorted(following.items()) if of.get("namespaces")},
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _meshes(clusters: Sequence[Facts]) -> list[dict[str, Any]]:
    """Return the meshes with their roots, the root of most clusters first. A cluster whose mesh cannot be read is in one without a name."""
    meshes = []
    for name in dict.fromkeys(one["mesh"] for one in clusters):
        own = [one for one in clusters if one["mesh"] == name]
        roots = Counter(one["root"] for one in own if one["root"])
        meshes.append({
            "name": name,
            "provider": own[0]["provider"],
            "clusters": [one["name"] for one in own],
            "roots": [{"fingerprint": root, "clusters": count} for root, count in roots.most_common()],
        })
    return meshes


def _certificate(kind: str, mesh: str, clusters: Sequence[str], facts: Facts, now: datetime) -> dict[str, Any]:
    end = moment(facts["not_after"])
    whose = {"kind": kind, "mesh": mesh, "clusters": list(clusters), "subject": facts.get("subject", ""), "fingerprint": facts.get("fingerprint", "")}
    return {**whose, "not_after": iso(end), "days_left": days_left(end, now), "level": level(end, now)}


def _trusts(clusters: Sequence[Facts], read: Mapping[str, Facts | str], which: str) -> list[tuple[Facts, Facts]]:
    told = [(one, (read[one["name"]].get("trust") or {}).get(which) or {}) for one in clusters if one["verdict"] != UNREACHED]  # type: ignore[union-attr]
    return [(one, facts) for one, facts in told if facts.get("not_after")]


def _roots(clusters: Sequence[Facts], read: Mapping[str, Facts | str], now: datetime) -> list[dict[str, Any]]:
    """Return each root of each mesh once."""
    users: dict[tuple[str, str], list[str]] = {}
    known: dict[tuple[str, str], Facts] = {}
    for one, facts in _trusts(clusters, read, "root"):
        key = (one["mesh"], facts["fingerprint"])
        users.setdefault(key, []).append(one["name"])
        known[key] = facts
    return [_certificate("root", key[0], users[key], facts, now) for key, facts in known.items()]


def _intermediates(clusters: Sequence[Facts], read: Mapping[str, Facts | str], now: datetime) -> list[dict[str, Any]]:
    return [_certificate("intermediate", one["mesh"], [one["name"]], facts, now) for one, facts in _trusts(clusters, read, "intermediate")]


def _summary(clusters: Sequence[Facts], certificates: Sequence[Facts]) -> dict[str, Any]:
    states = Counter(state for one in clusters for state in one["links"].values())
    verdicts = Counter(one["verdict"] for one in clusters)
    return {
        "clusters": len(clusters),
        **{verdict: verdicts[verdict] for verdict in (HEALTHY, SICK, UNREACHED)},
        "findings": sum(len(one["findings"]) for one in clusters),
        "notices": sum(len(one["notices"]) for one in clusters),
        "links": sum(states.values()),
        "links_synced": states[SYNCED],
        "proxies": sum(one["proxies"]["count"] for one in clusters),
        "proxies_behind": sum(one["proxies"]["behind"] for one in clusters),
        "next_expiry": certificates[0]["not_after"] if certificates else "",
    }

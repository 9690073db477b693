# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a cluster's CA with the mesh's root: look at everything, decide, and issue a CA."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.contract.trust import Trust
from ..._mesh.errors import Denied, Refused
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.trust import root_secret
from ..._mesh.trust.certificate import Authority
from ..._mesh.trust.expiry import expiry
from ..._mesh.trust.issuing import ISSUE, REFUSE, Decision, decide, onto
from ..._mesh.trust.name_constraints import signed_for
from ..._mesh.trust.objections import Objection
from ..._mesh.trust.standing import Standing
from ..._pki import x509
from ..._pki.trial import tried
from ..chosen_mesh import MESH_OPTIONS
from ..clock import Clock
from ..look import look, present
from . import root as roots
from . import signers
from .intermediate import intermediate
from .request import AuthorityRequest
from .under_way import at_work, going_on

Objects = Mapping[Ref, Mapping[str, Any]]

OPTIONS: dict[str, Any] = {
    "mesh": {"type": "str", "required": True},
    "trust_domain": {"type": "str", "default": "cluster.local"},
    **MESH_OPTIONS,
    "network": {"type": "str"},
    "key_type": {"type": "str", "no_log": False},
    "intermediate_days": {"type": "int", "default": 730},
    "root_days": {"type": "int", "default": 3650},
    "root": {"type": "dict", "apply_defaults": True, "options": roots.OPTIONS, **signers.RULES},
}


@dataclass(frozen=True)
class Survey:
    """What was read of a cluster's CA and of the mesh's root, and the decision that follows."""

    ca: Authority | None
    root: roots.Root
    decision: Decision
    empty: bool = False  # the namespace does not exist either
    live: Objects = field(default_factory=dict, repr=False)  # the objects that have the CA, as they were read


def survey(
    cluster: Cluster, mesh: Trust, request: AuthorityRequest, now: datetime, connect: Connector, root: roots.Root | None = None, stored: Objects | None = None
) -> Survey:
    """Read everything and decide. Write nothing, and raise nothing for bad input. `stored` is the CA as it was just written."""
    space = request.namespace
    refs = mesh.objects(space)
    live = present(cluster, refs) if stored is None else stored
    ca = _inspected(cluster, mesh, refs, live, request, now)
    empty = not ca and not _there(cluster, mesh.namespace(space))
    own = mesh.self_made(space)
    self_signed = None if ca or empty else _inspected(cluster, mesh, own, present(cluster, own), request, now)
    bears = signed_for(request.trust_domain, mesh.needs(space, request.trust_domain).sans)
    ca = tried(ca, bears) if ca else None
    root = root or roots.proved(roots.find(cluster, request.mesh, request.root, now, connect), bears)
    issuer = "" if ca or empty else _external_issuer(cluster, mesh, space)
    decision = decide(cluster.name, ca, self_signed, root.source, issuer)
    if refs and refs[0] in live:
        decision = onto(decision, f"{cluster.name}: {refs[0]}", live[refs[0]])
    faults = [Objection("bad_wish", f"{cluster.name}: {fault}.") for fault in request.faults()]
    if decision.action == ISSUE and not faults:
        faults = at_work(cluster, root, request, ca.where, connect) if ca else going_on(cluster, root, request, now, connect)
    if faults:
        decision = replace(decision, action=REFUSE, objections=[*faults, *decision.objections])
    return Survey(ca, root, decision, empty, live)


def establish(cluster: Cluster, mesh: Trust, request: AuthorityRequest, connect: Connector, clock: Clock) -> tuple[Survey, list[Change]]:
    """Make sure that the cluster has an issuing CA of the mesh's root. Refuse before the first write if anything speaks against it."""
    now = clock.now()
    seen = accepted(survey(cluster, mesh, request, now, connect))
    if seen.decision.action != ISSUE:
        return seen, []
    changes: list[Change] = []
    if seen.root.material is None:
        made, changes = roots.make(seen.root, request, now)
        seen = replace(seen, root=made)
        accepted(replace(seen, decision=Decision(REFUSE, made.source.objections(key_needed=True))))
    changes += _issue(cluster, mesh, request, seen, clock)
    stored = _stored(cluster, mesh.objects(request.namespace), seen, changes)
    after = survey(cluster, mesh, request, clock.now() if seen.root.signer else now, connect, seen.root, stored)
    warnings = dict.fromkeys([*seen.decision.warnings, *accepted(after).decision.warnings])
    return replace(after, decision=replace(seen.decision, warnings=[*warnings])), changes


def accepted(seen: Survey) -> Survey:
    """Return the survey. Refuse with all objections at once if there are any."""
    against = seen.decision.objections
    if against:
        raise Refused(
            " ".join(one.sentence for one in against),
            findings=[one.sentence for one in against],
            reasons=[one.reason for one in against],
        )
    return seen


def facts(cluster: str, seen: Survey) -> dict[str, Any]:
    """Return the facts of the modules. In a dry run, a CA that would be made has no facts yet."""
    ca = seen.ca
    root, own = (ca.root, ca.certificate) if ca else (None, None)
    source = seen.root.source.root
    return {
        "present": ca is not None,
        "root": root.facts() if root else None,
        "intermediate": own.facts() if own else None,
        "chain": bool(ca and ca.path),
        "trust": Standing.read(cluster, ca).trust() if ca and root else None,
        "expiry": {
            name: {"level": verdict.level, "days": verdict.days}
            for name, one in (("root", root), ("intermediate", own))
            if one and ca and (verdict := expiry(one, ca.at))
        },
        "source": source.certificate.fingerprint if source and source.certificate else None,
        "warnings": list(seen.decision.warnings),
    }


def _stored(cluster: Cluster, refs: Sequence[Ref], seen: Survey, changes: Iterable[Change]) -> Objects | None:
    """Return what the API server stored; None in a dry run, which stores nothing, or if somebody else was first."""
    known = {**seen.live, **{change.ref: change.after for change in changes if change.after}}
    return {ref: known[ref] for ref in refs} if known.keys() >= set(refs) and not cluster.dry_run else None


def _there(cluster: Cluster, namespace: Mapping[str, Any]) -> bool:
    """Tell whether the namespace exists. Assume that it does if the credential may not look at it."""
    with suppress(Denied):
        return cluster.get(Ref.of(namespace)) is not None
    return True


def _inspected(cluster: Cluster, mesh: Trust, refs: Sequence[Ref], live: Objects, request: AuthorityRequest, now: datetime) -> Authority | None:
    """Return the CA; None if the object with its key is missing, even if other objects of the CA exist."""
    if not refs or refs[0] not in live:
        return None
    seen = x509.inspect(mesh.read(live), f"{cluster.name}: {refs[0]}", now, ours=root_secret.is_ours(live[refs[0]], request.mesh))
    return replace(seen, keys=request.root.keys)


def _external_issuer(cluster: Cluster, mesh: Trust, space: str) -> str:
    """Return who signs in place of the control plane; empty if nobody does, or if the credential may not look."""
    with suppress(Denied):
        return look(cluster, mesh.external_issuer(space))
    return ""


def _issue(cluster: Cluster, mesh: Trust, request: AuthorityRequest, seen: Survey, clock: Clock) -> Sequence[Change]:
    """Write the new CA. Change an object only if it still is as it was read, and keep its trust bundle. So a run that was killed can go on."""
    space = request.namespace
    material = intermediate(cluster, seen.root, mesh.needs(space, request.trust_domain).sans, request, clock)
    made = cluster.create(mesh.namespace(space, request.network)) if seen.empty else None
    changes = [made] if made else []
    if seen.live:
        material = replace(material, roots=_still_trusted(cluster, mesh, seen, material.roots))
    manifests = [one for one in mesh.manifests(material, space, request.mesh) if seen.live.get(Ref.of(one), {}).get("data") != one["data"]]
    _may_write(cluster, [one for one in map(seen.live.get, map(Ref.of, manifests)) if one])
    for manifest in manifests:
        there = seen.live.get(Ref.of(manifest))
        change = cluster.create(manifest) if there is None else cluster.amend(there, {"data": manifest["data"]})
        changes += [change] if change else []
    return changes


def _may_write(cluster: Cluster, objects: Iterable[Mapping[str, Any]]) -> None:
    way = "Have the CA written there, or stop that tool from managing the object."
    undone = [managed_by(one).refusal(f"{cluster.name}: {Ref.of(one)}", way) for one in objects]
    if any(undone):
        raise Refused(" ".join(filter(None, undone)), findings=list(filter(None, undone)))


def _still_trusted(cluster: Cluster, mesh: Trust, seen: Survey, wanted: bytes) -> bytes:
    """Return the trust bundle that exists already. Refuse a bundle without the root that the new CA is signed under."""
    trusted = mesh.read(seen.live).roots
    if not trusted.strip():
        return wanted
    known = {one.fingerprint for one in x509.bundle(trusted)}
    if seen.ca is None and not known & {one.fingerprint for one in x509.bundle(wanted)}:
        where = ", ".join(map(str, seen.live))
        raise Refused(f"{cluster.name}: {where} exists without a CA and does not trust the mesh's root. Delete it if nothing uses it, and run again.")
    return trusted

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the root that a rotation goes to, or make it once for all clusters. In the end, put it in the place of the former root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.errors import Refused, Unreachable
from ..._mesh.objects.change import Change
from ..._mesh.rotation.plan import NEW
from ..._mesh.rotation.target import ACTIVE, FORMER, MAKE, UPCOMING, Choice, RootCandidates, choose, same, turn_back
from ..._mesh.trust import root_secret
from ..._mesh.trust.certificate import Certificate, short
from ..._mesh.trust.expiry import expired_at, is_over
from ..._mesh.trust.name_constraints import Name
from ..._mesh.trust.objections import confused, expired
from ..._pki import x509
from ..trust import root as roots
from ..trust.request import AuthorityRequest
from .request import TargetRequest


@dataclass(frozen=True)
class RootPair:
    """The root that the mesh has, and the root that lies beside it during a rotation."""

    active: roots.Root
    upcoming: roots.Root | None

    def known(self, mesh: str, former: frozenset[str]) -> RootCandidates:
        active, upcoming = self.active.source, self.upcoming.source if self.upcoming else None
        return RootCandidates(
            mesh,
            active.generated,
            active.root.certificate if active.root else None,
            upcoming.root.certificate if upcoming and upcoming.root else None,
            former,
        )


def find(cluster: Cluster, authority: AuthorityRequest, now: datetime, connect: Connector, bears: Sequence[Name] = ()) -> RootPair:
    """Return both roots. Refuse a root that exists and is not sound, except for a generated root that has expired: another one can still follow it.

    `bears` are the names in the leaves below the roots, if a trial should use them.
    """
    active = _sound(roots.proved(roots.find(cluster, authority.mesh, authority.root, now, connect), bears), followed=True)
    beside = roots.proved(upcoming(cluster, authority, now, connect), bears) if active.source.generated else None
    return RootPair(active, _sound(beside, followed=True) if beside else None)


def upcoming(cluster: Cluster, authority: AuthorityRequest, now: datetime, connect: Connector) -> roots.Root:
    """Return the root beside the active one."""
    return roots.find(cluster, authority.mesh, authority.root.upcoming(), now, connect)


def _sound(root: roots.Root, followed: bool = False) -> roots.Root:
    if root.source.unreachable:
        raise Unreachable(root.source.unreachable)
    if root.source.root is None:
        return root
    objections = root.source.objections(key_needed=False)
    if followed and root.source.generated:
        objections = [one for one in objections if one.reason != expired.__name__]
    if objections:
        raise Refused(" ".join(one.sentence for one in objections), reasons=[one.reason for one in objections])
    return root


def aim(
    cluster: Cluster, request: TargetRequest, now: datetime, connect: Connector, bears: Sequence[Name] = ()
) -> tuple[Choice, str, list[Change]]:
    """Return the choice, the certificate of the root as PEM, and what was written, which is at most the Secret of a new root."""
    pair = find(cluster, request.authority, now, connect, bears)
    known = pair.known(request.authority.mesh, _former(request.clusters))
    between = frozenset(one.fingerprint for one in (known.active, known.upcoming) if one)
    choice = replace(_choice(known, request, now), unsettled=known.upcoming is not None, between=between)
    _may_settle(pair, choice)
    if choice.which == MAKE:
        made, pem, changes = _make(pair, cluster, request.authority, now, connect, choice.says)
        return replace(made, between=between), pem, changes
    certificate = known.upcoming if choice.which == UPCOMING else known.active
    if choice.which == ACTIVE and certificate and is_over(certificate.not_after, now):
        fault = expired_at(f"The mesh {known.mesh} cannot stay with its root {certificate}, which", certificate.not_after)
        raise Refused(f"{fault}. Rotate to another root with rotate: root and rotate_recover: true.")
    live = x509.bundle("\n".join(root["pem"] for one in request.clusters for root in one["roots"]).encode())
    tell_apart(f"The mesh {known.mesh}", [*live, *([certificate] if certificate else [])])
    choice = replace(choice, says=choice.says + _twin(certificate, live))
    return choice, certificate.pem.decode() if certificate and choice.which != FORMER else "", []


def _twin(certificate: Certificate | None, live: Sequence[Certificate]) -> str:
    """Return a remark about a renewed root. It verifies everything that the root before it verifies."""
    twins = [one for one in live if certificate and one.ski and (one.subject, one.ski) == (certificate.subject, certificate.ski)]
    other = next((one for one in twins if certificate and one.fingerprint != certificate.fingerprint), None)
    return f", which has the name and the key of {other}, so that nothing has to be reissued" if other else ""


def _may_settle(pair: RootPair, choice: Choice) -> None:
    """Refuse before the first write if another tool manages the Secret of the former root, because the new root ends there."""
    sources = [one.source for one in (pair.active, pair.upcoming) if one and choice.which in (MAKE, UPCOMING)]
    undone = [source.undone for source in sources if source.undone]
    if undone:
        raise Refused(" ".join(undone), findings=undone)


def tell_apart(where: str, trusted: Sequence[Certificate]) -> None:
    """Refuse a bundle in which verifiers would find the wrong root."""
    fault = confused(trusted)
    if fault:
        raise Refused(f"{where}: {fault}")


def _choice(known: RootCandidates, request: TargetRequest, now: datetime) -> Choice:
    if request.renew_intermediates:
        return same(known)
    if request.rollback:
        return turn_back(known, _retired(known, request.clusters))
    return choose(known, now, request.min_age)


def _former(clusters: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the former roots: those of the CAs that clusters keep, or of the present CA if a cluster keeps none."""
    kept = [one["previous"] or one["standing"] for one in clusters if not one.get("served_by")]
    return frozenset(one["signs_under"] for one in kept)


def _retired(known: RootCandidates, clusters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the clusters that sign under the new root and no longer trust a root to go back to."""
    new, active = (known.upcoming, known.active) if known.generated else (known.active, None)
    back = {active.fingerprint} if active else known.former - ({new.fingerprint} if new else set())
    standings = [one["standing"] for one in clusters]
    return [one["cluster"] for one in standings if new and one["signs_under"] == new.fingerprint and not back & set(one["trusts"])]


def _make(
    pair: RootPair, cluster: Cluster, authority: AuthorityRequest, now: datetime, connect: Connector, says: str
) -> tuple[Choice, str, list[Change]]:
    if cluster.dry_run:
        return Choice(UPCOMING, NEW, f"{says}; check mode does not make it"), "", []
    beside = pair.upcoming or upcoming(cluster, authority, now, connect)
    made, changes = roots.make(beside, authority, now)
    certificate = made.source.root.certificate if made.source.root else None
    if certificate is None:
        raise Refused(f"{made.source.where}: the new root was written there and cannot be read back.")
    return Choice(UPCOMING, certificate.fingerprint, f"{certificate}, {says}"), certificate.pem.decode(), changes


def settle(
    cluster: Cluster, request: TargetRequest, now: datetime, connect: Connector, guard: Callable[[], None] = lambda: None
) -> list[Change]:
    """Finish a rotation to `target`: the root beside becomes the active one, or goes away if the rotation was turned back.

    `guard` runs before each write. A root that this rotation does not know belongs to another run, and nobody throws its key away.
    """
    pair = find(cluster, request.authority, now, connect)
    beside = pair.upcoming
    if beside is None or beside.source.root is None or beside.cluster is None or beside.ref is None or beside.source.root.certificate is None:
        return []
    changes: list[Change] = []
    lies = beside.source.root.certificate
    if lies.fingerprint == request.target:
        guard()
        changes = _promote(pair.active, replace(beside), request)
    elif lies.fingerprint not in request.leaving:
        raise Refused(f"{beside.source.where} has {lies}, a root that this rotation does not know: another run made it, so it stays. Run the rotation again.")
    guard()
    return [*changes, *beside.cluster.delete([beside.ref])]


def _promote(active: roots.Root, beside: roots.Root, request: TargetRequest) -> list[Change]:
    if active.cluster is None or active.ref is None or beside.material is None:
        raise Refused(f"{active.source.where}: there is no Secret that could take the new root {short(request.target)}.")
    live = active.cluster.get(active.ref)
    if live is None:
        fault = f"{active.source.where}: somebody deleted this Secret during the rotation, so the new root stays in {beside.source.where}"
        raise Refused(f"{fault}. Restore the Secret and run again.")
    wanted = root_secret.secret(beside.material, active.ref.name, str(active.ref.namespace), request.authority.mesh)
    return [roots.overwrite(active, live, wanted)]


def material(cluster: Cluster, authority: AuthorityRequest, target: str, now: datetime, connect: Connector) -> roots.Root:
    """Return the target with its key, to issue intermediates. Refuse if neither of the mesh's roots is the target."""
    pair = find(cluster, authority, now, connect)
    for root in (pair.upcoming, pair.active):
        certificate = root.source.root.certificate if root and root.source.root else None
        if root and certificate and certificate.fingerprint == target:
            objections = root.source.objections(key_needed=True)
            if objections:
                raise Refused(" ".join(each.sentence for each in objections), reasons=[each.reason for each in objections])
            return root
    fault = f"{cluster.name}: the key of root {short(target)} is not available, so nobody can issue an intermediate from it"
    raise Refused(f"{fault}. Give that root and its key as mesh_root.")

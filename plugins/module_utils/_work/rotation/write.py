# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what a step of a rotation changes in a cluster: the CA in one piece, and beside it the CA that signed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.lease import Hold
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import Refused
from ..._mesh.lease.fence import annotation, fence
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.plan import INTRODUCE, CAWish, Report
from ..._mesh.rotation.primary import Primary
from ..._mesh.rotation.remedies import Remedy
from ..._mesh.trust.certificate import Material
from ..._mesh.trust.name_constraints import signed_for
from ..._pki import issue as pki
from ..._pki import x509
from ..clock import Clock
from ..lease.hold import UnderLease
from ..look import present
from ..trust.intermediate import intermediate, proved
from ..trust.root import Root
from . import target
from .request import StepRequest

Objects = Mapping[Ref, Mapping[str, Any]]


@dataclass
class StepWork(UnderLease):
    """Everything that a step needs. `others` are the reports of the other clusters, `pems` the roots that they know, and `dead` the expired roots.

    `primary` is the cluster that serves this one and that has already finished the step. `held_back` are workloads that a disruption budget forbids to restart.
    """

    cluster: Cluster
    mesh: Provider
    request: StepRequest
    hold: Hold | None
    connect: Connector
    clock: Clock
    others: Sequence[Report] = ()
    pems: dict[str, bytes] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()
    primary: Primary | None = None
    changes: list[Change] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    tried: set[Remedy] = field(default_factory=set)
    held_back: set[Ref] = field(default_factory=set)

    @property
    def namespace(self) -> str:
        return self.request.authority.namespace

    @property
    def stale(self) -> Sequence[str]:
        """Return the intermediates that were replaced. During introduce there are none, because the old ones still sign."""
        return self.request.stale if self.request.step != INTRODUCE else ()

    def there(self) -> Objects:
        """Return the objects of the CA; none if the object with its key is missing."""
        refs = self.mesh.trust.objects(self.namespace)
        objects = present(self.cluster, refs)
        return objects if refs[0] in objects else {}


def trail(work: StepWork, primary: Primary, seen: Observed, now: datetime) -> bool:
    """Make a CA that no control plane reads match the CA of its primary, so that all CAs of a mesh have one root.

    Nothing waits for this CA. If there is none, or if another tool manages it, there is nothing to do.
    """
    there, own = work.there(), seen.unread
    if not there or own is None or any(managed_by(one).writer for one in there.values()):
        return False
    astray = own.signs_under != primary.standing.signs_under
    sign = work.request.step != INTRODUCE and (astray or _older(work, primary, seen))
    if not sign and (astray or own.bundle == primary.standing.bundle):
        return False
    may_write(work, there)
    _put(work, there, primary.bundle, signer(work, seen, now) if sign else None)
    return True


def _older(work: StepWork, primary: Primary, seen: Observed) -> bool:
    """Tell whether intermediates are being replaced, the primary's was replaced already, and this one was not."""
    theirs, own = primary.facts.get("intermediate"), seen.authority.certificate if seen.authority else None
    if not (work.request.stale and theirs and own):
        return False
    return own.not_before < datetime.fromisoformat(theirs["not_before"])


def rewrite(work: StepWork, seen: Observed, asked: CAWish, now: datetime) -> None:
    there, rules = work.there(), work.mesh.rotation.rules
    if not there or seen.standing is None:
        raise Refused(f"{work.cluster.name}: somebody deleted its CA during the rotation. Restore the CA and run again.")
    may_write(work, there)
    known = {**work.pems, **{one.fingerprint: one.pem for one in (*x509.bundle(seen.bundle), *seen.ignored)}}
    wanted = set(asked.trusts) | (seen.standing.marks if asked.marked and not asked.sign else set())
    if asked.sign and asked.marked:
        mark = x509.bundle(pki.new_root(rules.mark, work.request.authority.trust_domain, work.mesh.defaults.key_type, now, 730).certificate)[0]
        known[mark.fingerprint] = mark.pem
        wanted.add(mark.fingerprint)
    bundle = rules.arranged(seen.bundle, x509.bundle(seen.bundle), wanted, known)
    target.tell_apart(work.cluster.name, x509.bundle(bundle))
    _put(work, there, bundle, signer(work, seen, now) if asked.sign else None)


def _put(work: StepWork, there: Objects, bundle: bytes, ca: Material | None) -> None:
    if ca:
        _keep(work, there)
    epoch = work.hold.epoch if work.hold else 0
    for ref, patch in work.mesh.rotation.patches(work.namespace, bundle, ca):
        work.guard()
        work.changes.append(work.cluster.amend(there[ref], {**patch, "metadata": {"annotations": annotation(epoch)}}))


def may_write(work: StepWork, there: Objects) -> None:
    for ref, live in there.items():
        where, way = f"{work.cluster.name}: {ref}", "Rotate there: issue from the new root, and give both roots meanwhile."
        undone = managed_by(live).refusal(where, way)
        if undone:
            raise Refused(undone)
        if work.hold:
            fence(work.cluster.name, str(ref), live["metadata"].get("annotations"), work.hold.epoch)


def signer(work: StepWork, seen: Observed, now: datetime) -> Material:
    """Return the CA that was kept if it belongs to the target, as when a rotation is turned back, and may still sign. Otherwise return a new CA."""
    former = _former(work, seen)
    if former is None:
        return _issued(work, _material(work, now))
    try:
        kept, ref = former
        wanted = work.request.authority
        bears = signed_for(wanted.trust_domain, _sans(work))
        return proved(kept, f"{work.cluster.name}: {ref}", now, bears, wanted.root.keys, wanted.path_length)
    except Refused as unfit:
        try:
            root = _material(work, now)
        except Refused:  # nobody can issue another CA, so the user must fix the kept one
            raise unfit from None
        return _issued(work, root)


def _material(work: StepWork, now: datetime) -> Root:
    return target.material(work.cluster, work.request.authority, work.request.target, now, work.connect)


def _issued(work: StepWork, root: Root) -> Material:
    return intermediate(work.cluster, root, _sans(work), work.request.authority, work.clock)


def _sans(work: StepWork) -> Sequence[str]:
    return work.mesh.trust.needs(work.namespace, work.request.authority.trust_domain).sans


def _former(work: StepWork, seen: Observed) -> tuple[Material, Ref] | None:
    before, own = seen.previous, seen.unread or seen.standing
    if before is None or own is None or before.signs_under != work.request.target:
        return None
    if before.signer in {*work.request.stale, own.signer}:
        return None
    ref = work.mesh.rotation.previous(work.namespace)
    kept = work.cluster.get(ref)
    return (work.mesh.trust.read({ref: kept}), ref) if kept else None


def _keep(work: StepWork, there: Objects) -> None:
    work.guard()
    made = work.cluster.create(work.mesh.rotation.kept(there, work.namespace, work.request.authority.mesh))
    work.changes += [made] if made else []

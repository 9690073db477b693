# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step of a rotation in one cluster: decide, write once, and watch until everything in the cluster lives by it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .._kube.cluster import Cluster
from .._kube.lease import Hold
from .._mesh.bundle import arranged
from .._mesh.certificate import Material, short
from .._mesh.change import Change, Ref
from .._mesh.errors import MeshError, NotReady, Refused
from .._mesh.fence import fence
from .._mesh.holding import CONTROL_PLANE, MARK, Laggard, Observed, Standing
from .._mesh.keeper import would_undo
from .._mesh.mending import REFRESH, RESTART, TOUCH, Remedy, remedies, revivals, stuck
from .._mesh.name_constraints import signed_for
from .._mesh.rotation import INTRODUCE, Report, Wish, beyond_introduction, wish
from .._pki import issue as pki
from .._pki import x509
from . import targeting
from .holding import Watch
from .restarting import restart
from .root import Root
from .signing import Moment, intermediate, proved

# Who waits for a rotation learns within a pause and a look that it is through.
_FIRST_PAUSE, _LONGEST_PAUSE, _AGAIN = 0.3, 1.0, 15.0


@dataclass
class Rotation:
    """What a step works with. `others` are the reports of the mesh's other clusters, `pems` the roots they know, `dead` those that expired."""

    cluster: Cluster
    mesh: Any
    params: Mapping[str, Any]
    hold: Hold | None
    others: Sequence[Report] = ()
    pems: dict[str, bytes] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()
    changes: list[Change] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    tried: set[Remedy] = field(default_factory=set)

    @property
    def namespace(self) -> str:
        return str(self.params["namespace"])

    @property
    def stale(self) -> Sequence[str]:
        """Intermediates from which nothing may come any more: none as long as they still sign."""
        found: Sequence[str] = self.params["stale"] if self.params["step"] != INTRODUCE else ()
        return found

    def guard(self) -> None:
        if self.hold:
            self.hold.guard()

    def keep(self) -> None:
        if self.hold:
            self.hold.keep()


def report(seen: Observed, stale: Sequence[str] = ()) -> Report:
    """What the other clusters and the play learn of a cluster."""
    if seen.standing is None:
        raise Refused(f"{seen.cluster}: it holds no CA of the mesh that could be rotated. {' '.join(seen.faults)}".strip())
    ignored = frozenset(one.fingerprint for one in seen.ignored)
    return Report(seen.standing, tuple(str(lag) for lag in seen.laggards(stale=stale)), seen.issuers, ignored)


def advance(work: Rotation, now: datetime) -> Observed:
    """The cluster after the step, with nobody in it behind."""
    watch = Watch(work.cluster, work.mesh, work.namespace, work.stale)
    seen = watch.observe()
    own = report(seen, work.stale)
    if work.params["step"] == INTRODUCE and beyond_introduction(own.standing, work.dead):
        return seen
    asked = wish(work.params["step"], own.standing, [own, *work.others], work.params["target"], work.stale, work.dead)
    if asked:
        _write(work, seen, asked, now)
    return seen if work.cluster.dry_run else _follow(work, watch, bool(asked))


def _write(work: Rotation, seen: Observed, asked: Wish, now: datetime) -> None:
    trust, rotation = work.mesh.capability("trust"), work.mesh.capability("rotation")
    live = work.cluster.get(trust.held(work.namespace))
    if live is None or seen.standing is None:
        raise Refused(f"{work.cluster.name}: its CA went away while it was being rotated.")
    _may_write(work, live)
    known = {**work.pems, **{one.fingerprint: one.pem for one in (*x509.bundle(seen.bundle), *seen.ignored)}}
    wanted = set(asked.trusts) | (seen.standing.marks if asked.marked and not asked.sign else set())
    if asked.sign and asked.marked:
        mark = x509.bundle(pki.new_root(MARK, work.params["trust_domain"], "P-256", now, 730).certificate)[0]
        known[mark.fingerprint] = mark.pem
        wanted.add(mark.fingerprint)
    bundle = arranged(seen.bundle, x509.bundle(seen.bundle), wanted, known)
    targeting.tell_apart(work.cluster.name, x509.bundle(bundle))
    ca = _signer(work, seen, now) if asked.sign else None
    if ca:
        _keep(work, live)
    work.guard()
    epoch = work.hold.epoch if work.hold else 0
    work.changes.append(work.cluster.amend(live, rotation.patch(bundle, epoch, ca)))
    if not work.cluster.dry_run:
        _refresh(work, seen)


def _may_write(work: Rotation, live: Mapping[str, Any]) -> None:
    where, way = f"{work.cluster.name}: {Ref.of(live)}", "Rotate there: issue from the new root, and give both roots meanwhile."
    undone = would_undo(where, live, way)
    if undone:
        raise Refused(undone)
    if work.hold:
        fence(work.cluster.name, str(Ref.of(live)), live["metadata"].get("annotations"), work.hold.epoch)


def _signer(work: Rotation, seen: Observed, now: datetime) -> Material:
    """The CA that was kept where it is of the target, as it is when a rotation is turned back; else, or where it may not sign any more, a new one."""
    former = _former(work, seen)
    if former is None:
        return _issued(work, targeting.material(work.cluster, work.params, now), now)
    try:
        kept, ref = former
        sans = work.mesh.capability("trust").sans(work.namespace)
        return proved(kept, f"{work.cluster.name}: {ref}", now, signed_for(work.params["trust_domain"], sans))
    except Refused as unfit:
        try:
            root = targeting.material(work.cluster, work.params, now)
        except Refused:  # nobody can issue another one, so what is kept has to be mended
            raise unfit from None
        return _issued(work, root, now)


def _issued(work: Rotation, root: Root, now: datetime) -> Material:
    return intermediate(work.cluster, root, work.mesh.capability("trust").sans(work.namespace), work.params, Moment(now))


def _former(work: Rotation, seen: Observed) -> tuple[Material, Ref] | None:
    before = seen.previous
    if before is None or seen.standing is None or before.signs_under != work.params["target"]:
        return None
    if before.signer in {*work.params["stale"], seen.standing.signer}:
        return None
    kept = work.cluster.get(work.mesh.capability("holding").previous(work.namespace))
    return (work.mesh.capability("trust").read(kept), Ref.of(kept)) if kept else None


def _keep(work: Rotation, live: Mapping[str, Any]) -> None:
    work.guard()
    made = work.cluster.create(work.mesh.capability("rotation").kept(live, work.params["mesh"]))
    work.changes += [made] if made else []


def _refresh(work: Rotation, seen: Observed) -> None:
    for holder in seen.holders:
        if holder.kind == CONTROL_PLANE:
            _remedy(work, Remedy(REFRESH, holder.namespace, holder.name))


def _follow(work: Rotation, watch: Watch, written: bool) -> Observed:
    """Watches until nobody lags. A remedy is tried as soon as it is due; what did not help is ordered again after a while."""
    start, pause, last = time.monotonic(), _FIRST_PAUSE, 0.0 if written else -_AGAIN
    while True:
        seen = watch.observe()
        late, elapsed = seen.laggards(stale=work.stale), time.monotonic() - start
        if not late:
            return seen
        work.keep()
        hopeless = stuck(late, work.params["may_restart"])
        if hopeless or elapsed >= work.params["timeout"]:
            raise _late(work, hopeless or late, elapsed, bool(hopeless))
        due = _due(work, seen, late, elapsed)
        again = elapsed - last >= _AGAIN
        last = elapsed if again else last
        for remedy in due if again else [one for one in due if one not in work.tried]:
            _remedy(work, remedy)
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.3)


def _due(work: Rotation, seen: Observed, late: Sequence[Laggard], elapsed: float) -> list[Remedy]:
    may_restart, down = work.params["may_restart"], work.params["recover"]
    revived = revivals(seen.planes, work.namespace) if down and may_restart else []
    return [*revived, *remedies(seen.holders, late, elapsed, may_restart, down)]


def _remedy(work: Rotation, remedy: Remedy) -> None:
    """What a remedy could not do the next observation shows; only a lost lease ends the step."""
    rotation, moment = work.mesh.capability("rotation"), datetime.now(UTC).isoformat(timespec="milliseconds")
    work.guard()
    work.tried.add(remedy)
    if remedy.action == RESTART:
        ref = rotation.workload(remedy.what, remedy.namespace)
        if ref and str(remedy) not in work.mended:
            work.changes += restart(work.cluster, [ref], rotation.restarted(moment), work.params["timeout"], work.keep)
            work.mended.append(str(remedy))
        return
    ref = Ref("v1", "Pod" if remedy.action == REFRESH else "ConfigMap", remedy.what, remedy.namespace)
    live = work.cluster.get(ref)
    patch = rotation.touched(moment) if remedy.action == TOUCH else rotation.refreshed(moment)
    try:
        if live:
            work.cluster.amend(live, patch, exact=False)
            work.mended.append(str(remedy))
    except MeshError as failed:
        work.mended.append(f"{remedy}: {failed}")


def _late(work: Rotation, late: Sequence[Any], elapsed: float, hopeless: bool) -> NotReady:
    said = [str(lag) for lag in late]
    shown = "; ".join(said[:10]) + (f"; and {len(said) - 10} more" if len(said) > 10 else "")
    why = "cannot follow without a restart, and may not be restarted" if hopeless else f"did not follow within {elapsed:.0f} s"
    way = "Allow it with rotate_restart, or restart them yourself" if hopeless else "Look after them, or allow their restart with rotate_restart"
    told = f"{work.cluster.name}: these {why} after {work.params['step']} of root {short(work.params['target'])}: {shown}"
    return NotReady(f"{told}. {way}, and run again: the rotation goes on where it stopped.", findings=said)


def clean(work: Rotation) -> list[Change]:
    """The end in one cluster: what was kept to turn back is removed, once nothing but the target is signed under and trusted."""
    seen = Watch(work.cluster, work.mesh, work.namespace).observe()
    own: Standing = report(seen).standing
    if own.bundle != {work.params["target"]} or own.signs_under != work.params["target"]:
        raise Refused(f"{work.cluster.name}: the rotation to root {short(work.params['target'])} is not through here, so what was kept stays.")
    work.guard()
    return work.cluster.delete([work.mesh.capability("holding").previous(work.namespace)])

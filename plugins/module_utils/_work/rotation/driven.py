# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do a step of a rotation that the product drives itself: read how far the product is, give it the CA if it does not have it yet, and wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.contract.rotation import Driven
from ..._mesh.errors import NotReady, Refused
from ..._mesh.few_names import few
from ..._mesh.lease.fence import annotation, last_epoch
from ..._mesh.objects.change import Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.objects.shapes import Manifest
from ..._mesh.rotation.driven import Progress, waits_for
from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.plan import INTRODUCE, company, wish
from ..._mesh.rotation.report import report
from ..._mesh.rotation.trust_users import TrustUser
from ..._mesh.trust.certificate import Material, short
from ..._mesh.trust.root_secret import mesh_of
from ..._mesh.trust.standing import Standing
from ..._pki.x509 import bundle, inspect
from ..clock import Clock
from ..follow import Pace, follow
from ..look import Live, answers_to, asked, present
from .write import Objects, StepWork, may_write, signer

_PACE = Pace(0.3, 2.0)
_SENT_WITHIN = 30.0


def observe(
    cluster: Cluster, mesh: Provider, driven: Driven, namespace: str, clock: Clock, target: str = ""
) -> Observed:
    """Return what the product says about itself, also in a cluster that has a primary. No fact that leaves this function has a token in it."""
    return _observed(cluster, mesh, namespace, _progress(cluster, driven, namespace)[1], target, clock.now())


def _progress(cluster: Cluster, driven: Driven, namespace: str) -> tuple[Live, Progress]:
    wanted = driven.progress(namespace)
    live, answers = answers_to(cluster, wanted)
    return live, wanted.judge(live, answers)


def _observed(cluster: Cluster, mesh: Provider, namespace: str, progress: Progress, target: str, now: datetime) -> Observed:
    there = present(cluster, mesh.trust.objects(namespace))
    users, alone = tuple(map(_with_leaf, progress.users)), not mesh.defaults.shares_root
    seen = Observed(cluster.name, cluster.uid(), users=users, planes=progress.planes, driven=True, alone=alone)
    if progress.fault:
        return replace(seen, faults=(f"{cluster.name}: {progress.fault}.",))
    ca = Material(progress.certificate, b"", progress.chain, progress.roots)
    authority = inspect(ca, f"{cluster.name}: its product", now, target=target)
    standing = Standing.read(cluster.name, authority, last_epoch(there.values()))
    return replace(
        seen,
        standing=standing,
        authority=authority,
        mesh=next(map(mesh_of, there.values()), ""),
        bundle=progress.roots,
        outgoing=tuple(bundle(progress.outgoing)),
        managed_by=next(filter(None, (managed_by(one).writer for one in there.values())), ""),
    )


def _with_leaf(user: TrustUser) -> TrustUser:
    """Return a trust user with the one of its certificates that expires first."""
    shown = bundle(user.shown) if user.shown else []
    return replace(user, leaf=min(shown, key=lambda one: one.not_after)) if shown else user


def advance(work: StepWork, driven: Driven, now: datetime) -> Observed:
    """Do the step and return the cluster without laggards. The product introduces a root by itself as soon as it has the CA.

    Where the cluster has a primary, the product there has the CA already, and the one here follows it.
    """
    live, progress = _progress(work.cluster, driven, work.namespace)
    seen = _observed(work.cluster, work.mesh, work.namespace, progress, work.request.target, now)
    own = report(seen, work.stale)
    if work.primary and work.request.step != INTRODUCE:
        _trail(work, now, seen)
        return seen if work.cluster.dry_run else _follow(work, driven)
    wanted = wish(work.request.step, own.standing, company(own, [own, *work.others]), work.request.target, work.stale, work.dead, work.request.leaving)
    if work.request.step == INTRODUCE:
        return seen
    if wanted and wanted.sign:
        _order(work, driven, live, seen, now)
    return seen if work.cluster.dry_run else _follow(work, driven)


def _order(work: StepWork, driven: Driven, live: Live, seen: Observed, now: datetime) -> None:
    """Give the product the CA. First note the epoch on the CA's object, so that a run that lost the Lease unnoticed is refused before it orders anything."""
    there = work.there()
    if not there:
        raise Refused(f"{work.cluster.name}: somebody deleted its CA during the rotation. Restore the CA and run again.")
    may_write(work, there)
    ca = signer(work, seen, now)
    _note(work, there, {} if driven.stores else {Ref.of(one): one for one in work.mesh.trust.manifests(ca, work.namespace, seen.mesh)})
    if work.cluster.dry_run:
        return
    work.guard()
    order = driven.order(live, work.namespace, ca)
    answer = work.cluster.ask_all([asked(order, _SENT_WITHIN)])[0]
    if isinstance(answer, Exception):
        raise answer
    if not 200 <= answer.status < 300:
        asked_for = f"{order.method} {order.path} was answered with HTTP {answer.status}"
        fault = f"{work.cluster.name}: {order.namespace}/{order.pod} did not accept another CA: {asked_for}"
        raise Refused(f"{fault}. Read the log of that pod, and run again: the rotation goes on where it stopped.")
    work.mended.append(f"order {order.namespace}/{order.pod}")


def _trail(work: StepWork, now: datetime, seen: Observed) -> None:
    """Make a CA that no product reads, because the cluster has a primary, one of the new root, so that all CAs of a mesh have one root."""
    there = work.there()
    if not there or any(managed_by(one).writer for one in there.values()):
        return
    held = inspect(work.mesh.trust.read(there), f"{work.cluster.name}: {next(iter(there))}", now)
    if held.root and held.root.fingerprint == work.request.target:
        return
    may_write(work, there)
    ca = signer(work, seen, now)
    _note(work, there, {Ref.of(one): one for one in work.mesh.trust.manifests(ca, work.namespace, seen.mesh)})


def _note(work: StepWork, there: Objects, wanted: Mapping[Ref, Manifest]) -> None:
    """Write the epoch of the Lease and the wanted content into the object that holds the key, after all other objects of the CA."""
    noted = {"metadata": {"annotations": annotation(work.hold.epoch if work.hold else 0)}}
    first = next(iter(there))
    for ref in [*(one for one in wanted if one in there and one != first), first]:
        work.guard()
        parts = {"data": wanted[ref]["data"]} if ref in wanted else {}
        work.changes.append(work.cluster.amend(there[ref], {**parts, **noted}))


def _follow(work: StepWork, driven: Driven) -> Observed:
    """Watch until the product has finished the step and nothing lags."""
    look = partial(observe, work.cluster, work.mesh, driven, work.namespace, work.clock, target=work.request.target)
    return follow(
        look,
        done=lambda seen: not _late(work, seen),
        late=lambda seen, seconds: _failed(work, _late(work, seen), seconds),
        timeout=work.request.timeout,
        keep=work.keep,
        waits=lambda seen: few(_late(work, seen), 3, "; "),
        pace=_PACE,
        clock=work.clock,
    )


def _late(work: StepWork, seen: Observed) -> list[str]:
    if seen.standing is None:
        return list(seen.faults)
    waits = waits_for(work.request.step, seen.standing, work.request.target, work.request.leaving)
    return [*([waits] if waits else []), *(str(lag) for lag in seen.laggards(stale=work.stale))]


def _failed(work: StepWork, late: Sequence[str], seconds: float) -> NotReady:
    shown = "; ".join(late[:10]) + (f"; and {len(late) - 10} more" if len(late) > 10 else "")
    fault = f"{work.cluster.name}: {work.request.step} of root {short(work.request.target)} did not end within {seconds:.0f} s: {shown}"
    return NotReady(f"{fault}. Find out why the product does not go on, and run again: the rotation goes on where it stopped.", findings=list(late))

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential by which others discover a cluster replaced: read, do the next step, read again, until none is left."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.contract.links import Links
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import NotReady, Refused
from ..._mesh.links.entrance import Entrance
from ..._mesh.links.link import Issued, Link, Offer
from ..._mesh.links.rotation import CREATE, REVOKE, SWITCH, CredentialState, CredentialStep, Held, Token, remaining_steps, require_links, strays
from ..._mesh.links.sight import Sight, behind
from ..._mesh.objects.change import Change
from ..._mesh.objects.managed_by import managed_by
from ..clock import Clock
from ..follow import follow
from ..lease.hold import UnderLease
from ..look import look
from ..restart import restart, rolled
from . import offers, sights
from .request import RotationRequest

_AT_ONCE = 16


@dataclass
class Replacement(UnderLease):
    """What a run works with. `before` is what was seen before anything changed, `written` the consumers that were switched at `at`."""

    source: Cluster
    consumers: Sequence[Cluster]
    mesh: Provider
    request: RotationRequest
    clock: Clock
    hold: Hold | None = None
    changes: list[Change] = field(default_factory=list)
    before: list[Sight] = field(default_factory=list)
    now: list[Sight] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    at: float = 0.0
    proved: bool = False
    restarted: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        if not self.needs or self.request.may_restart:
            return self.strays
        why = f"{self.source.name}: {'; '.join(self.needs)}. Allow the restart with rotate_restart, or restart the control planes afterwards."
        return [*self.strays, why]

    @property
    def links(self) -> Links:
        return self.mesh.links

    @property
    def namespace(self) -> str:
        return self.request.namespace

    @property
    def entrance(self) -> Entrance:
        return offers.entrance(self.source, self.request.address)

    def link(self, consumer: str) -> Link:
        return Link(self.source.name, consumer, self.namespace)

    def look(self) -> sights.Sights:
        return sights.through(self.consumers, self.links, self.source.name, self.namespace)

    def remaining(self, begin: bool) -> list[CredentialStep]:
        return remaining_steps(read(self), self.request.min_age, begin=begin)


def replace(work: Replacement) -> list[CredentialStep]:
    """The steps that were done, or in a dry run would be."""
    offers.entrance(work.source, work.request.address)  # refuses, before anything is written
    standing = read(work)
    require_links(standing, work.request.adopt)
    planned = remaining_steps(standing, work.request.min_age)
    if not planned:
        return []
    _look_first(work, planned)
    if work.source.dry_run:
        return planned
    done: list[CredentialStep] = []
    steps = planned
    while steps:
        if steps[0].action in {step.action for step in done}:
            raise _meddled(work)
        _do(work, steps[0])
        done.append(steps[0])
        steps = work.remaining(begin=False)
    return done


def read(work: Replacement) -> CredentialState:
    """Where the cluster stands, by nothing but what is there."""
    issued = _issued(work)
    work.strays = strays(work.source.name, [one.ref for one in issued if one.stray])
    now = work.clock.now()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        holds = dict(pool.map(lambda consumer: (consumer.name, _held(work, consumer)), work.consumers))
    return CredentialState(work.source.name, tuple(_token(one, now) for one in issued if not one.stray), holds)


def _issued(work: Replacement) -> list[Issued]:
    wanted = work.links.credentials(work.namespace)
    if wanted is None:
        raise Refused(f"{work.source.name}: in the mesh {work.mesh.name} two credentials of one cluster are never valid, so none is replaced here.")
    return look(work.source, wanted)


def _token(issued: Issued, now: datetime) -> Token:
    age = (now - datetime.fromisoformat(issued.created)).total_seconds()
    return Token(issued.ref.name, issued.generation, age, issued.digest)


def _held(work: Replacement, consumer: Cluster) -> Held | None:
    there = look(consumer, work.links.there(work.namespace, work.source.name))
    undone = [managed_by(one.live).refusal(f"{consumer.name}: {one.ref}", "Replace the credential there.") for one in there]
    if any(undone):
        raise Refused(f"{' '.join(filter(None, undone))} Nothing was written.")
    if not there:
        return None
    return Held(next((one.digest for one in there if one.digest), ""), all(one.ours for one in there))


def _look_first(work: Replacement, planned: Sequence[CredentialStep]) -> None:
    """What a consumer sees before it is switched. Of one that was switched before, nobody knows what it saw."""
    seen = work.look()
    work.needs = seen.needs
    to_come = {name for step in planned if step.action == SWITCH for name in step.what}
    work.before = [sight for sight in seen.all if sight.viewer in to_come]


def _do(work: Replacement, step: CredentialStep) -> None:
    if step.action == CREATE:
        _create(work, int(step.what[0]))
    elif step.action == SWITCH:
        _switch(work, step.what)
    else:
        _revoke(work, step.what)


def _create(work: Replacement, generation: int) -> None:
    for manifest in _offer(work, work.consumers[0].name, generation).missing:
        work.guard()
        made = work.source.create(manifest)
        work.changes += [made] if made else []


def _offer(work: Replacement, consumer: str, generation: int) -> Offer:
    return offers.offered(work.source, work.links, work.link(consumer), work.entrance, generation)


def _switch(work: Replacement, names: Sequence[str]) -> None:
    """Each consumer's link is applied as `links` applies it, which hence finds nothing to do afterwards."""
    newest = max(one.generation for one in _issued(work))
    consumers = [one for one in work.consumers if one.name in names]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        offered = list(pool.map(lambda consumer: _awaited(work, consumer.name, newest), consumers))
    for consumer, offer in zip(consumers, offered, strict=True):
        work.guard()
        work.changes += consumer.apply(work.links.accept(work.link(consumer.name), offer), force=work.request.adopt)
        work.written.add(consumer.name)
    work.at = work.clock.monotonic()
    _restart(work)
    _follow(work)


def _awaited(work: Replacement, consumer: str, generation: int) -> Offer:
    """Of that credential and of no other: the server fills it in."""
    read_again = partial(_offer, work, consumer, generation)
    return offers.awaited(read_again, work.source.name, work.request.token_timeout, work.keep, work.clock)


def _restart(work: Replacement) -> None:
    """Those of a version that loses sight, where that is allowed."""
    if not (work.needs and work.request.may_restart):
        return
    seen, moment = work.look(), work.clock.now().isoformat(timespec="milliseconds")
    for consumer in work.consumers:
        refs = seen.restart(consumer.name)
        if refs:
            work.changes += restart(consumer, refs, rolled(moment), work.request.timeout, work.keep)
            work.restarted.append(consumer.name)


def _revoke(work: Replacement, names: Sequence[str]) -> None:
    """Only what was seen to be used by nobody goes."""
    if not work.proved:  # another run has switched them, and nobody knows whether it came to restart them
        _restart(work)
        _follow(work)
    if work.remaining(begin=False) != [CredentialStep(REVOKE, tuple(names))]:
        raise _meddled(work)
    refs = {one.ref.name: one.ref for one in _issued(work)}
    for name in names:
        work.guard()
        work.changes += work.source.delete([refs[name]] if name in refs else [])
    _follow(work, revoked=True)


def _meddled(work: Replacement) -> Refused:
    return Refused(f"{work.source.name}: somebody else changed its tokens or the links to it meanwhile, so every token stays valid. Run again.")


def _follow(work: Replacement, revoked: bool = False) -> None:
    """Watches until every control plane sees the cluster by its new token."""
    begun, viewers = work.clock.monotonic(), [consumer.name for consumer in work.consumers]

    def behind_now() -> list[str]:
        seen = work.look()
        work.now = seen.all
        settled = revoked or work.clock.monotonic() - (work.at if work.written else begun) >= seen.settles
        return behind(work.source.name, work.before, work.now, viewers, () if revoked else work.written, settled)

    follow(
        behind_now,
        done=lambda late: not late,
        late=lambda late, _seconds: _late(work, late, revoked),
        timeout=work.request.timeout,
        keep=work.keep,
        clock=work.clock,
    )
    work.proved = True


def _late(work: Replacement, late: Sequence[str], revoked: bool) -> NotReady:
    shown = "; ".join(late[:10]) + (f"; and {len(late) - 10} more" if len(late) > 10 else "")
    when = "after the old token was revoked" if revoked else "after the token was replaced, and the old one stays valid until that is mended"
    way_out = "Restart these control planes, or allow it with rotate_restart" if work.needs else "Look after these control planes"
    return NotReady(f"{work.source.name}: {when}: {shown}. {way_out}, and run again: it goes on where it stopped.", findings=list(late))

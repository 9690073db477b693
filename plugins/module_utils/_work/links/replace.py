# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace the credential with which others discover a cluster: read, do the next step, and repeat until no step remains."""

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
from ..._mesh.errors import Refused
from ..._mesh.few_names import few
from ..._mesh.links import rotation as rotating
from ..._mesh.links.entrance import Entrance
from ..._mesh.links.link import Issued, Link, Offer
from ..._mesh.links.rotation import CREATE, REVOKE, SWITCH, CredentialState, CredentialStep, HeldCredential, Token, remaining_steps, require_links, strays
from ..._mesh.links.sight import Sight, behind
from ..._mesh.objects.change import Change
from ..._mesh.objects.managed_by import managed_by
from ..clock import Clock
from ..follow import follow
from ..lease.hold import UnderLease
from ..look import look
from ..restart import restart, rolled, why_held_back
from . import offers, sights
from .request import RotationRequest

_AT_ONCE = 16


@dataclass
class Replacement(UnderLease):
    """The state of one run. `before` is what consumers saw before a change; `written` are the consumers that were switched at time `at`."""

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
        why = f"{self.source.name}: {'; '.join(self.needs)}. Allow the restart with rotate_restart, or restart the control planes yourself afterwards."
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
    """Do all steps and return them. In a dry run, only return them."""
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
    """Return the state of the credential, read from the clusters alone."""
    issued = _issued(work)
    work.strays = strays(work.source.name, [one.ref for one in issued if one.stray])
    now = work.clock.now()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        holds = dict(pool.map(lambda consumer: (consumer.name, _credential_of(work, consumer)), work.consumers))
    return CredentialState(work.source.name, tuple(_token(one, now) for one in issued if not one.stray), holds)


def _issued(work: Replacement) -> list[Issued]:
    wanted = work.links.credentials(work.namespace)
    if wanted is None:
        raise Refused(
            f"{work.source.name}: {work.mesh.name} never has two valid credentials of one cluster, so this collection cannot replace one without "
            "interruption. Replace it with the product's own tools."
        )
    return look(work.source, wanted)


def _token(issued: Issued, now: datetime) -> Token:
    age = (now - datetime.fromisoformat(issued.created)).total_seconds()
    return Token(issued.ref.name, issued.generation, age, issued.digest)


def _credential_of(work: Replacement, consumer: Cluster) -> HeldCredential | None:
    there = look(consumer, work.links.there(work.namespace, work.source.name))
    undone = [managed_by(one.live).refusal(f"{consumer.name}: {one.ref}", "Replace the credential there.") for one in there]
    if any(undone):
        raise Refused(f"{' '.join(filter(None, undone))} Nothing was written.")
    if not there:
        return None
    return HeldCredential(next((one.digest for one in there if one.digest), ""), all(one.ours for one in there))


def _look_first(work: Replacement, planned: Sequence[CredentialStep]) -> None:
    """Record what each consumer sees before its switch. For a consumer that another run has switched, this is unknown."""
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
    """Apply each consumer's link exactly as module `links` does, so that `links` finds nothing to do afterwards."""
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
    """Wait for the credential of this generation. The API server fills it in."""
    read_again = partial(_offer, work, consumer, generation)
    return offers.awaited(read_again, work.source.name, work.request.token_timeout, work.keep, work.clock)


def _restart(work: Replacement) -> None:
    """Restart the control planes of a version that needs it, if the task allows it. One that did not restart may still use a token that is about to go."""
    if not (work.needs and work.request.may_restart):
        return
    seen, moment = work.look(), work.clock.now().isoformat(timespec="milliseconds")
    held_back: list[str] = []
    for consumer in work.consumers:
        refs = seen.restart(consumer.name)
        if left := restart(consumer, refs, rolled(moment), work.request.timeout, work.keep, work.changes):
            held_back.append(f"{consumer.name}: {why_held_back(left)}")
        elif refs:
            work.restarted.append(consumer.name)
    if held_back:
        raise rotating.unrestarted(work.source.name, held_back)


def _revoke(work: Replacement, names: Sequence[str]) -> None:
    """Delete old tokens after all control planes were seen to use the new one."""
    if not work.proved:  # another run switched the consumers, and may have ended before it restarted control planes
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
    return Refused(f"{work.source.name}: somebody else changed its tokens or links during this run, so the run revokes no token. Run again.")


def _follow(work: Replacement, revoked: bool = False) -> None:
    """Wait until every control plane sees the cluster with its new token."""
    begun, viewers = work.clock.monotonic(), [consumer.name for consumer in work.consumers]

    def behind_now() -> list[str]:
        seen = work.look()
        work.now = seen.all
        settled = revoked or work.clock.monotonic() - (work.at if work.written else begun) >= seen.settles
        return behind(work.source.name, work.before, work.now, viewers, () if revoked else work.written, settled)

    follow(
        behind_now,
        done=lambda late: not late,
        late=lambda late, _seconds: rotating.behind_with_token(work.source.name, late, revoked, bool(work.needs)),
        timeout=work.request.timeout,
        keep=work.keep,
        waits=lambda late: few(late, 3, "; "),
        clock=work.clock,
    )
    work.proved = True

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential by which others discover a cluster replaced: read, do the next step, read again, until none is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.contract.links import Federation
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import NotReady, Refused
from ..._mesh.links.entrance import Entrance
from ..._mesh.links.peers import Credential
from ..._mesh.links.rotation import CREATE, REVOKE, SWITCH, Held, Standing, Step, Token, require_links, strays, way
from ..._mesh.links.sight import SETTLED, Sight, behind
from ..._mesh.objects.change import Change, Ref, digest
from ..._mesh.objects.managed_by import would_undo
from ..follow import follow
from ..look import listed
from ..restart import restart
from . import sights
from .credential import awaited, entrance, issued, opened

_AT_ONCE = 16


@dataclass
class Relinking:
    """What a run works with. `before` is what was seen before anything changed, `written` the consumers that were switched at `at`."""

    source: Cluster
    consumers: Sequence[Cluster]
    mesh: Provider
    params: Mapping[str, Any]
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
        if not self.needs or self.params["may_restart"]:
            return self.strays
        told = f"{self.source.name}: {'; '.join(self.needs)}. Allow the restart with rotate_restart, or restart the control planes afterwards."
        return [*self.strays, told]

    @property
    def federation(self) -> Federation:
        return self.mesh.federation

    @property
    def namespace(self) -> str:
        return str(self.params["namespace"])

    def guard(self) -> None:
        if self.hold:
            self.hold.guard()

    def keep(self) -> None:
        if self.hold:
            self.hold.keep()


def relink(work: Relinking) -> list[Step]:
    """The steps that were done, or in a dry run would be."""
    entrance(work.source, work.params)  # refuses, before anything is written
    standing = read(work)
    require_links(standing, work.params["adopt"])
    planned = way(standing, work.params["min_age"])
    if not planned:
        return []
    _look_first(work, planned)
    if work.source.dry_run:
        return planned
    done: list[Step] = []
    steps = planned
    while steps:
        if steps[0].action in {step.action for step in done}:
            raise _meddled(work)
        _do(work, steps[0])
        done.append(steps[0])
        steps = way(read(work), work.params["min_age"], begin=False)
    return done


def read(work: Relinking) -> Standing:
    """Where the cluster stands, by nothing but what is there."""
    found, others = issued(work.source, work.federation, work.namespace)
    work.strays = strays(work.source.name, [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in others])
    tokens = [one for one in work.source.get_all(map(Ref.of, found)) if one]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        holds = dict(pool.map(lambda consumer: (consumer.name, _held(work, consumer)), work.consumers))
    return Standing(work.source.name, tuple(_token(work, one, datetime.now(UTC)) for one in tokens), holds)


def _token(work: Relinking, secret: Mapping[str, Any], now: datetime) -> Token:
    found = work.federation.credential(work.source.name, "", "", secret)
    age = (now - datetime.fromisoformat(secret["metadata"]["creationTimestamp"])).total_seconds()
    return Token(secret["metadata"]["name"], work.federation.generation(secret), age, _digest(found.token) if found else "")


def _held(work: Relinking, consumer: Cluster) -> Held | None:
    secret = consumer.get(work.federation.linking(work.source.name, work.namespace))
    if secret is None:
        return None
    undone = would_undo(f"{consumer.name}: {Ref.of(secret)}", secret, "Replace the credential there.")
    if undone:
        raise Refused(f"{undone} Nothing was written.")
    return Held(_digest(work.federation.token(secret, work.source.name)), bool(work.federation.ours(secret)))


def _digest(token: bytes) -> str:
    return digest(token.decode(errors="replace")) if token else ""


def _look_first(work: Relinking, planned: Sequence[Step]) -> None:
    """What a consumer sees before it is switched. Of one that was switched before, nobody knows what it saw."""
    seen, work.needs = sights.all_sights(work.consumers, work.mesh, work.source.name, work.namespace)
    to_come = {name for step in planned if step.action == SWITCH for name in step.what}
    work.before = [sight for sight in seen if sight.viewer in to_come]


def _do(work: Relinking, step: Step) -> None:
    if step.action == CREATE:
        (secret,) = work.federation.account(work.namespace, int(step.what[0]))
        work.guard()
        made = work.source.create(secret)
        work.changes += [made] if made else []
    elif step.action == SWITCH:
        _switch(work, step.what)
    else:
        _revoke(work, step.what)


def _switch(work: Relinking, names: Sequence[str]) -> None:
    """Each consumer's link is applied as `links` applies it, which hence finds nothing to do afterwards."""
    link = work.federation.link(_credential(work), work.namespace)
    for consumer in (one for one in work.consumers if one.name in names):
        work.guard()
        work.changes += consumer.apply([link], force=work.params["adopt"])
        work.written.add(consumer.name)
    work.at = time.monotonic()
    _restart(work)
    _follow(work)


def _credential(work: Relinking) -> Credential:
    """Of the newest token and of no other: the server fills it in."""
    ref = Ref.of(issued(work.source, work.federation, work.namespace)[0][-1])
    way = entrance(work.source, work.params)
    read_again = partial(_opened, work, way, ref)
    return awaited(work.source, ref, read_again, work.params["token_timeout"], work.keep)


def _opened(work: Relinking, way: Entrance, ref: Ref) -> Credential | None:
    return opened(work.federation, work.source, way, work.source.get(ref))


def _restart(work: Relinking) -> None:
    """Those of a version that loses sight, where that is allowed."""
    if not (work.needs and work.params["may_restart"]):
        return
    discovery, moment = work.mesh.discovery, datetime.now(UTC).isoformat(timespec="milliseconds")
    for consumer in work.consumers:
        live = listed(consumer, discovery.reads(work.namespace))
        if discovery.needs(live):
            work.changes += restart(consumer, discovery.planes(live), discovery.restarted(moment), work.params["timeout"], work.keep)
            work.restarted.append(consumer.name)


def _revoke(work: Relinking, names: Sequence[str]) -> None:
    """Only what was seen to be used by nobody goes."""
    if not work.proved:  # another run has switched them, and nobody knows whether it came to restart them
        _restart(work)
        _follow(work)
    still = way(read(work), work.params["min_age"], begin=False)
    if still != [Step(REVOKE, tuple(names))]:
        raise _meddled(work)
    for name in names:
        work.guard()
        work.changes += work.source.delete([Ref("v1", "Secret", name, work.namespace)])
    _follow(work, revoked=True)


def _meddled(work: Relinking) -> Refused:
    return Refused(f"{work.source.name}: somebody else changed its tokens or the links to it meanwhile, so every token stays valid. Run again.")


def _follow(work: Relinking, revoked: bool = False) -> None:
    """Watches until every control plane sees the cluster by its new token."""
    begun, viewers = time.monotonic(), [consumer.name for consumer in work.consumers]

    def look() -> list[str]:
        work.now, _needs = sights.all_sights(work.consumers, work.mesh, work.source.name, work.namespace)
        waited = SETTLED if revoked else time.monotonic() - (work.at if work.written else begun)
        return behind(work.source.name, work.before, work.now, viewers, () if revoked else work.written, waited)

    follow(look, done=lambda late: not late, late=lambda late, _seconds: _late(work, late, revoked), timeout=work.params["timeout"], keep=work.keep)
    work.proved = True


def _late(work: Relinking, late: Sequence[str], revoked: bool) -> NotReady:
    shown = "; ".join(late[:10]) + (f"; and {len(late) - 10} more" if len(late) > 10 else "")
    when = "after the old token was revoked" if revoked else "after the token was replaced, and the old one stays valid until that is mended"
    way_out = "Restart these control planes, or allow it with rotate_restart" if work.needs else "Look after these control planes"
    return NotReady(f"{work.source.name}: {when}: {shown}. {way_out}, and run again: it goes on where it stopped.", findings=list(late))

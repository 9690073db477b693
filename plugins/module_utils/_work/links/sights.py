# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a cluster through the control planes that discover it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..._kube.cluster import Cluster
from ..._mesh.contract.links import Links
from ..._mesh.links.link import Link, Seen
from ..._mesh.links.sight import Sight
from ..._mesh.objects.change import Ref
from ..look import look

_AT_ONCE = 16


@dataclass(frozen=True)
class Sights:
    """What the control planes of each consumer see, by the consumer's name."""

    by_consumer: dict[str, Seen]

    @property
    def all(self) -> list[Sight]:
        return [sight for seen in self.by_consumer.values() for sight in seen.sights]

    @property
    def needs(self) -> list[str]:
        """Why control planes need a restart when the link changes."""
        return list(dict.fromkeys(need for seen in self.by_consumer.values() for need in seen.needs))

    @property
    def settles(self) -> float:
        return max((seen.settles for seen in self.by_consumer.values()), default=0.0)

    def restart(self, consumer: str) -> Sequence[Ref]:
        seen = self.by_consumer[consumer]
        return seen.restart if seen.needs else ()


def through(consumers: Sequence[Cluster], links: Links, source: str, namespace: str) -> Sights:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        seen = pool.map(lambda consumer: look(consumer, links.sights(Link(source, consumer.name, namespace))), consumers)
        return Sights(dict(zip((consumer.name for consumer in consumers), seen, strict=True)))

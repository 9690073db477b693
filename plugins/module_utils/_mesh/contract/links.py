# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How control planes come to discover another cluster, and what they see of it."""

from __future__ import annotations

from typing import Protocol

from ..links.entrance import Entrance
from ..links.link import Grant, Issued, Link, Linked, Offer, Seen
from ..objects.look import Look
from ..objects.shapes import Manifest


class Links(Protocol):
    """How the control planes of one cluster, the consumer, come to discover another, the source.

    `offer` looks at the source. It may need nothing, one object or several there; with a `generation` it is about that credential alone, else about
    the newest that is filled in. `accept` is what the consumer gets, in the order in which it is written. Before the offer is filled in its objects
    have their names already. `there` is what a consumer has, of all sources or of one with the digest of its credential; in that order they are removed.
    `grants` are what a source made for single consumers, in the order in which they are removed; none where all share one credential.
    `credentials` are those of a source, or None where a mesh cannot have two that are valid. `sights` looks at the source through a consumer.
    """

    def offer(self, link: Link, entrance: Entrance, generation: int = 0) -> Look[Offer]: ...
    def accept(self, link: Link, offer: Offer) -> list[Manifest]: ...
    def there(self, namespace: str, source: str = "") -> Look[list[Linked]]: ...
    def grants(self, namespace: str) -> Look[list[Grant]]: ...
    def credentials(self, namespace: str) -> Look[list[Issued]] | None: ...
    def sights(self, link: Link) -> Look[Seen]: ...
    def permissions(self, namespace: str, restart: bool = ...) -> list[dict[str, str]]: ...

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A link between two clusters: what the source offers, what there is of it in the consumer, and what is seen through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..objects.change import Ref
from ..objects.shapes import Manifest, Object
from .sight import Sight


@dataclass(frozen=True)
class Link:
    """The control planes of `consumer` discover `source`. In both clusters the mesh is in `namespace`."""

    source: str
    consumer: str
    namespace: str


@dataclass(frozen=True)
class Lacking:
    """What the source has not filled in yet, as in "the Secret a/b got no token", and what to look at if it stays so."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Offer:
    """What a source has for a link: objects that are `missing` there are created, what is `lacking` is waited for.

    `content` is what the consumer needs of the source, in words of the provider. It may be secret: it is never printed and never returned.
    """

    missing: Sequence[Manifest] = ()
    lacking: Lacking | None = None
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Linked:
    """An object in a consumer by which it discovers `source`. `ours` tells whether this collection made it.

    `digest` is that of the credential in it; empty where it holds none, or nobody asked for it.
    """

    ref: Ref
    source: str
    ours: bool
    live: Object = field(repr=False)
    digest: str = ""


@dataclass(frozen=True)
class Issued:
    """A credential that a source gave out. A link is made with the highest `generation`, and with none that is `stray`."""

    ref: Ref
    generation: int
    created: str
    digest: str = ""
    stray: bool = False


@dataclass(frozen=True)
class Seen:
    """What each control plane of a consumer sees of the source, why some of them need a restart when the link changes, and what is restarted then.

    Within `settles` seconds a control plane takes a changed link that does not count what it took.
    """

    sights: Sequence[Sight] = ()
    needs: Sequence[str] = ()
    restart: Sequence[Ref] = ()
    settles: float = 0.0

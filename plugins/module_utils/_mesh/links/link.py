# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A link between two clusters: what the source offers, what exists in the consumer, and what the consumer sees through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..install.due import Due
from ..objects.change import Ref
from ..objects.look import Look
from ..objects.shapes import Manifest, Object
from .sight import Sight


@dataclass(frozen=True)
class Link:
    """Lets the control planes of `consumer` discover `source`. The mesh has the same `namespace` in both clusters."""

    source: str
    consumer: str
    namespace: str


@dataclass(frozen=True)
class Lacking:
    """What the source has not filled in yet ("the Secret a/b got no token"), and what to check if it never does."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Offer:
    """What a source has for a link. A run creates the objects in `missing` and waits for what is `lacking`.

    `content` is what the consumer needs from the source; its keys belong to the provider. It and the objects may be secret, so neither is ever shown.
    Where a product links itself, `fills` is what is due in the source, so that nothing lacks any more, and `then` what is due in the consumer when it
    has its objects.
    """

    missing: Sequence[Manifest] = field(default=(), repr=False)
    lacking: Lacking | None = None
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fills: Look[Due] | None = field(default=None, compare=False, repr=False)
    then: Look[Due] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Linked:
    """An object in a consumer with which it discovers `source`. `ours` says whether this collection made it.

    `digest` is that of its credential; empty if it holds none, or if the look was not for one source. Where a product links itself, `ends` is what
    is due in it before the object goes.
    """

    ref: Ref
    source: str
    ours: bool
    live: Object = field(repr=False)
    digest: str = ""
    ends: Look[Due] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Grant:
    """An object in a source that it made for one `consumer`, such as an account, and `ends` as in Linked. Without it the consumer's credential is void."""

    ref: Ref
    consumer: str
    ours: bool
    live: Object = field(repr=False)
    ends: Look[Due] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Issued:
    """A credential that a source issued. Links use the highest `generation`, and never a `stray` one."""

    ref: Ref
    generation: int
    created: str
    digest: str = ""
    stray: bool = False


@dataclass(frozen=True)
class Seen:
    """What the control planes of a consumer see of the source.

    `needs` says why some need a restart when the link changes, and `restart` names the workloads to restart.
    A control plane that does not count the changes it takes has taken one after `settles` seconds.
    """

    sights: Sequence[Sight] = ()
    needs: Sequence[str] = ()
    restart: Sequence[Ref] = ()
    settles: float = 0.0

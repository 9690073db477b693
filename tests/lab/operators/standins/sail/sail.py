# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look of the Sail operator at a cluster, and what it writes: at most one state further for each object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..objects import Object, Write
from . import agents, istios, revisions, tags
from .seen import Options, Seen

KINDS = ("Istio", "IstioRevision", "IstioRevisionTag", "IstioCNI", "ZTunnel", "Namespace", "Pod", "Deployment")


def turn(objects: Mapping[str, Sequence[Object]], now: float, options: Options) -> Iterator[Write]:
    seen = Seen(objects, now, options)
    yield from istios.turn(seen)
    yield from revisions.turn(seen)
    yield from tags.turn(seen)
    yield from agents.turn(seen)

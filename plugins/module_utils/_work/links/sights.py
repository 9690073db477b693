# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another cluster through the eyes of the control planes that discover it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ..._kube.cluster import Cluster
from ..._mesh.contract.links import Discovery
from ..._mesh.contract.provider import Provider
from ..._mesh.links.sight import Sight
from ..look import answered, listed

_AT_ONCE = 16


def all_sights(viewers: Sequence[Cluster], mesh: Provider, source: str, namespace: str) -> tuple[list[Sight], list[str]]:
    """What each control plane of each viewer sees of `source`, and why some need a restart when its credential changes."""
    discovery = mesh.discovery
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        seen = list(pool.map(lambda viewer: _sights(viewer, discovery, source, namespace), viewers))
    return [sight for sights, _needs in seen for sight in sights], list(dict.fromkeys(need for _sights, needs in seen for need in needs))


def _sights(viewer: Cluster, discovery: Discovery, source: str, namespace: str) -> tuple[list[Sight], list[str]]:
    objects = listed(viewer, discovery.reads(namespace))
    return discovery.sights(viewer.name, source, objects, answered(viewer, discovery.questions(objects))), discovery.needs(objects)

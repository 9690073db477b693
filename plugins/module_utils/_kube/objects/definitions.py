# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until the server serves the kinds of CRDs that were just written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..._mesh.objects.change import Ref
from ..._mesh.objects.condition import Condition
from ..waiting import waiting
from .server import Server, each
from .settle import settle

_WITHIN = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5


def establish(server: Server, crds: Sequence[Mapping[str, Any]]) -> None:
    """Wait up to 60 s. Ask for the API version, which lists established kinds in a small answer; a CRD may have hundreds of kilobytes."""
    end = time.monotonic() + _WITHIN
    kinds: dict[str, set[str]] = {}
    for crd in crds:
        for kind in server.discovery.learn(crd):
            kinds.setdefault(kind.api_version, set()).add(kind.kind)
    with waiting() as say:
        say(f"the API server does not serve all of {len(crds)} new kinds yet")
        served = each(partial(_served, server, end), kinds.items())
    if not all(one is True for one in served):
        # The conditions of the CRDs tell why.
        settle(server, [Condition(Ref.of(crd), "established") for crd in crds], max(0.0, end - time.monotonic()))


def _served(server: Server, end: float, wanted: tuple[str, set[str]]) -> bool:
    api_version, kinds = wanted
    pause = _FIRST_PAUSE
    while time.monotonic() < end:
        answer = server.transport.request("GET", f"/apis/{api_version}")
        if answer.ok and kinds <= {entry["kind"] for entry in answer.json().get("resources") or []}:
            return True
        if not answer.ok and answer.status != 404:
            return False
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.3)
    return False

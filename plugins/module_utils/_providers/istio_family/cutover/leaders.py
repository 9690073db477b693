# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read who holds the locks of istiod. It keeps them in annotations of ConfigMaps, with its revision as the key of the holder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ...._mesh.cutover.leader import Leader
from ...._mesh.objects.shapes import Object

_RECORD = "control-plane.alpha.kubernetes.io/leader"
_OF_ANOTHER_CLUSTER = "^"


def leaders(configmaps: Iterable[Object]) -> list[Leader]:
    """A lock that was given back has no holder. Locks of one revision alone are Leases, and nobody takes them over."""
    records = ((str(one["metadata"]["name"]), _record(one)) for one in configmaps)
    held = [(name, str(told.get("holderIdentity") or ""), str(told.get("holderKey") or "")) for name, told in records]
    return [Leader(name, pod, key.removeprefix(_OF_ANOTHER_CLUSTER)) for name, pod, key in sorted(held) if pod and key]


def _record(one: Object) -> dict[str, Any]:
    try:
        told = json.loads((one["metadata"].get("annotations") or {}).get(_RECORD) or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

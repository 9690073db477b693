# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a task for a remote cluster was told about the primary of that cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.rotation.primary import Primary

OPTION: dict[str, Any] = {"primary": {"type": "dict", "default": {}}}


def primary_of(cluster: str, given: Mapping[str, Any]) -> Primary | None:
    """Return None for a cluster that has a control plane of its own. Refuse to measure a cluster whose primary nobody saw."""
    if given.get("missing"):
        raise Refused(str(given["missing"]))
    return Primary.of(given, cluster) if given else None

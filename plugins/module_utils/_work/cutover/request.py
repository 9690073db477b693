# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe what the options of the tasks of a cutover ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.cutover.serving import Serving
from ..._mesh.errors import Refused

Facts = Mapping[str, Any]
PRIMARY_OPTION: dict[str, Any] = {"primary": {"type": "dict", "default": {}}}


def primary_of(told: Facts) -> Serving | None:
    """Read the option `primary`. It is empty for a cluster that has a control plane of its own; a cluster whose primary nobody saw is not judged."""
    if told.get("missing"):
        raise Refused(str(told["missing"]))
    return Serving.of(told) if told else None


@dataclass(frozen=True)
class LookRequest:
    """A look at what follows which revision in a cluster."""

    provider: str
    namespace: str
    primary: Serving | None = field(default=None, repr=False)

    @classmethod
    def of(cls, params: Facts) -> LookRequest:
        return cls(params["provider"], params["namespace"], primary_of(params.get("primary") or {}))

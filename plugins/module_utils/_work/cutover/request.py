# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe what the options of the task cutover_info ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._mesh.connection import Connection
from .fresh import primary_connection


@dataclass(frozen=True)
class LookRequest:
    """A look at what follows which revision in a cluster. `primary` leads to the cluster that serves a remote one."""

    provider: str
    namespace: str
    primary: Connection | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> LookRequest:
        return cls(params["provider"], params["namespace"], primary_connection(params.get("primary_kube")))

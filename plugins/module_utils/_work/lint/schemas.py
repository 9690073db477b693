# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schemas of kinds, each read once and only if somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._kube.objects.tried import ApiTrial
from ..._mesh.lint.schema_tree import Schema, published


class PublishedSchemas:
    """Takes a schema from what the server publishes, or else from the CRDs that were given."""

    def __init__(self, trial: ApiTrial, given: Mapping[tuple[str, str], Schema]) -> None:
        self._trial, self._given = trial, given
        self._documents: dict[str, dict[str, Any]] = {}

    def of(self, api_version: str, kind: str) -> Schema | None:
        if not api_version:
            return None
        if api_version not in self._documents:
            self._documents[api_version] = self._trial.published(api_version)
        group, _slash, version = api_version.rpartition("/")
        return published(self._documents[api_version], group, version, kind) or self._given.get((api_version, kind))

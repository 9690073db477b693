# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a module that choose a mesh, and the defaults of that mesh for a task's options."""

from __future__ import annotations

from typing import Any

from .._providers import DEFAULT, provider

PROVIDER_OPTION: dict[str, Any] = {"provider": {"type": "str", "default": DEFAULT}}
MESH_OPTIONS: dict[str, Any] = {**PROVIDER_OPTION, "namespace": {"type": "str"}}


def complete(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the mesh's own namespace and key type if the task gives none."""
    defaults = provider(params["provider"]).defaults
    completed = {**params, "namespace": params.get("namespace") or defaults.namespace}
    return {**completed, "key_type": params["key_type"] or defaults.key_type} if "key_type" in params else completed

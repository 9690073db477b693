# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mesh a module is about, and its namespace."""

from __future__ import annotations

from typing import Any

from .._mesh.contract.provider import Provider
from .._providers import provider

# The options of every module that is about a mesh; the documentation fragment _mesh describes them.
PROVIDER_OPTION: dict[str, Any] = {"provider": {"type": "str", "default": "istio"}}
MESH_OPTIONS: dict[str, Any] = {**PROVIDER_OPTION, "namespace": {"type": "str"}}


def mesh_of(params: dict[str, Any]) -> Provider:
    return provider(params["provider"])


def complete(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the mesh's own namespace where none was given."""
    return {**params, "namespace": params.get("namespace") or mesh_of(params).defaults.namespace}

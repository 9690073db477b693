# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The meshes that are known. One line each: AnsiballZ ships what is imported by name."""

from __future__ import annotations

from .._mesh.contract.provider import Provider
from .._mesh.errors import Refused
from .istio import ISTIO

DEFAULT = ISTIO.name  # where nothing is said; the documentation fragment _mesh names it too
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (ISTIO,)}


def provider(name: str) -> Provider:
    """By the name that an inventory gives it; without one, the mesh that is meant where nothing is said."""
    if (name or DEFAULT) not in PROVIDERS:
        raise Refused(f"mesh_provider is {name!r}; known are {', '.join(sorted(PROVIDERS))}.")
    return PROVIDERS[name or DEFAULT]

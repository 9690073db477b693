# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The meshes that are known. One line each: AnsiballZ ships what is imported by name."""

from __future__ import annotations

from .._mesh.contract.provider import Provider
from .istio import ISTIO

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (ISTIO,)}

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The known meshes. Add one import line for each: AnsiballZ ships what a file imports by name."""

from __future__ import annotations

from .._mesh.contract.provider import Provider
from .._mesh.errors import Refused
from .._mesh.lint import scripts
from .._mesh.lint.rule import LintRule
from .consul import CONSUL
from .istio import ISTIO
from .istio_family.lint import control_plane, federation, names
from .ossm3 import OSSM3

DEFAULT = ISTIO.name  # where nothing is said; the documentation fragment _mesh names it too
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (ISTIO, OSSM3, CONSUL)}
# A folder of manifests may be of any mesh, so lint takes the rules and the API groups of all of them.
LINT_RULES: tuple[LintRule, ...] = (*federation.RULES, *control_plane.RULES, *scripts.RULES)
LINT_GROUPS: tuple[str, ...] = (*names.GROUPS, "consul.hashicorp.com")


def provider(name: str) -> Provider:
    """Return the provider of this name; the default provider if the name is empty."""
    if (name or DEFAULT) not in PROVIDERS:
        raise Refused(f"mesh_provider is {name!r}, but the known providers are {', '.join(sorted(PROVIDERS))}. Correct mesh_provider.")
    return PROVIDERS[name or DEFAULT]

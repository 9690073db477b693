# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which mesh a module is about."""

    # For modules that do not look at the control plane.
    PROVIDER = r"""
options:
  provider:
    description: The kind of mesh. The module refuses a kind that it does not know and names those that it knows.
    type: str
    default: istio
"""

    # It begins as the one above does. Both are literals, because ansible-test reads them without running the file.
    DOCUMENTATION = r"""
options:
  provider:
    description: The kind of mesh. The module refuses a kind that it does not know and names those that it knows.
    type: str
    default: istio
  namespace:
    description: The namespace of the control plane, the same in all clusters of a mesh. Without it the module takes the usual namespace of this kind of mesh.
    type: str
"""

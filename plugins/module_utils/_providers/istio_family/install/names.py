# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How istiod and its objects are named by revision."""

from __future__ import annotations

from ...._mesh.install.wish import ControlPlane


def revision(wish: ControlPlane) -> str:
    """Return the revision's name for the charts: empty for default, because the charts would otherwise name it istiod-default."""
    return "" if wish.revision == "default" else wish.revision


def istiod(wish: ControlPlane) -> str:
    """Return the name of the Deployment and the Service of this revision's control plane."""
    return "istiod" if wish.revision == "default" else f"istiod-{wish.revision}"


def injection_path(wish: ControlPlane) -> str:
    """Return the path of the injection webhook. For a remote it tells the primary the remote's cluster name and network."""
    return f"/inject/cluster/{wish.cluster}/net/{wish.network}" if wish.role == "remote" else "/inject"

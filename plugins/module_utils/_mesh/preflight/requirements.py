# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh requires of its clusters and of an inventory, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..install import versions
from ..install.supply import Gone
from ..install.versions import VersionLimits, Versions
from ..install.wish import ControlPlane
from .estate import Owned


@dataclass(frozen=True)
class Requirements:
    """`groups` are the API groups of the mesh's CRDs. If `owner` is set, the Helm release of that name must own them.

    `platforms` and `charts` are the names that an inventory may use. The labels in `refusing` disable injection in a namespace.
    `gone` are locations of charts and images that are being shut down. With `one_primary`, remote clusters of a mesh have one primary for all.
    `noticed` says what is to be known of a wish and stops nothing, as half sentences.
    `between` judges the wishes of all clusters of one mesh: what only shows when they are seen together, by cluster, as half sentences.
    """

    versions: Versions
    groups: Sequence[str] = ()
    owner: str = ""
    platforms: Sequence[str] = ()
    charts: Sequence[str] = ()
    refusing: Sequence[tuple[str, str]] = ()
    gone: Sequence[Gone] = ()
    one_primary: bool = False
    between: Callable[[Sequence[ControlPlane]], Mapping[str, Sequence[str]]] | None = None
    noticed: Callable[[ControlPlane], Sequence[str]] | None = None

    def limits(self, version: str) -> VersionLimits:
        """Return the limits of a mesh version. For a version that is not in the table they are only a lower bound."""
        return versions.limits(self.versions, version)

    def owned(self, namespace: str) -> Owned:
        """Return the CRDs that the mesh's own release must own."""
        return Owned(groups=self.groups, release=self.owner, namespace=namespace)

    def refused_by(self, labels: Mapping[str, str]) -> str:
        """Return the label with which a namespace disables injection for all its pods; empty if it has none."""
        return next((f"{name}: {value}" for name, value in self.refusing if labels.get(name) == value), "")

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh asks of its clusters and of an inventory, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..install import versions
from ..install.supply import Gone
from ..install.versions import VersionLimits, Versions
from .estate import Owned


@dataclass(frozen=True)
class Requirements:
    """`groups` are the API groups of the mesh's CRDs; where it has an `owner`, the Helm release of that name has to own them.

    `platforms` and `charts` are the names that an inventory may give. A namespace refuses injection by one of the labels in `refusing`.
    `gone` are places of charts and images that go away.
    """

    versions: Versions
    groups: Sequence[str] = ()
    owner: str = ""
    platforms: Sequence[str] = ()
    charts: Sequence[str] = ()
    refusing: Sequence[tuple[str, str]] = ()
    gone: Sequence[Gone] = ()

    def limits(self, version: str) -> VersionLimits:
        """Of a version that is not in the table only the lower bound is asked."""
        return versions.limits(self.versions, version)

    def owned(self, namespace: str) -> Owned:
        """The CRDs that the mesh's own release must own."""
        return Owned(groups=self.groups, release=self.owner, namespace=namespace)

    def refused_by(self, labels: Mapping[str, str]) -> str:
        """The label by which a namespace lets no proxy be injected into its pods, whatever the pods say; empty where it does not."""
        return next((f"{name}: {value}" for name, value in self.refusing if labels.get(name) == value), "")

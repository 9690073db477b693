# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the cluster whose control plane serves another cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..trust.standing import Standing

OF_ITS_PRIMARY = ("root", "intermediate", "roots", "bundle_pem", "added_pem", "meshes")  # facts of a remote cluster that come from its primary


@dataclass(frozen=True)
class Primary:
    """The cluster whose control plane serves a remote cluster. Everything in the remote cluster uses the CA of this one, as it was just seen.

    `bundle` is the trust bundle of that CA byte for byte. `added` are roots that its proxies get beside it, and `facts` all other facts of the cluster.
    """

    name: str
    standing: Standing
    bundle: bytes
    added: bytes = b""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, facts: Mapping[str, Any], served: str) -> Primary:
        """Read the facts of the primary. The cluster `served` is measured by them."""
        standing = Standing.of(facts["standing"])
        added = str(facts.get("added_pem") or "")
        return cls(standing.cluster, replace(standing, cluster=served), str(facts["bundle_pem"]).encode(), added.encode(), facts)

    def trailed(self, own: Standing) -> bool:
        """Tell whether the CA in a remote cluster, which nobody reads, differs from the primary's CA."""
        return own.signs_under != self.standing.signs_under or own.bundle != self.standing.bundle

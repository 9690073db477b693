# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster whose control plane serves another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..trust.standing import Standing

OF_ITS_PRIMARY = ("root", "intermediate", "roots", "bundle_pem", "added_pem", "meshes")  # of a cluster that another one serves, these are told of that one


@dataclass(frozen=True)
class Primary:
    """The cluster whose control plane serves one that has none: what lives there lives by the CA of this one, as it was just seen.

    `bundle` is that CA's trust bundle byte for byte, `added` what its proxies are given beside it, `facts` the rest that was told of it.
    """

    name: str
    standing: Standing
    bundle: bytes
    added: bytes = b""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, facts: Mapping[str, Any], served: str) -> Primary:
        """From what was seen of it, as the measure of the cluster `served`."""
        standing = Standing.of(facts["standing"])
        added = str(facts.get("added_pem") or "")
        return cls(standing.cluster, replace(standing, cluster=served), str(facts["bundle_pem"]).encode(), added.encode(), facts)

    def trailed(self, own: Standing) -> bool:
        """Whether the CA that a cluster holds without anybody's reading it is another one than this would have it be."""
        return own.signs_under != self.standing.signs_under or own.bundle != self.standing.bundle

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster signs under and what it trusts: all that a decision about its CA needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .certificate import Authority


@dataclass(frozen=True)
class Standing:
    """What a cluster's CA says: fingerprints of the root it signs under, of its own certificate, and of what it hands out as trusted.

    `marks` are roots without a key, put into a bundle only to change it. `epoch` is that of the Lease under which it was written.
    """

    cluster: str
    signs_under: str
    signer: str
    trusts: frozenset[str]
    marks: frozenset[str] = frozenset()
    epoch: int = 0

    @property
    def bundle(self) -> frozenset[str]:
        return self.trusts | self.marks

    def facts(self) -> dict[str, Any]:
        return {
            "cluster": self.cluster,
            "signs_under": self.signs_under,
            "signer": self.signer,
            "trusts": sorted(self.trusts),
            "marks": sorted(self.marks),
            "epoch": self.epoch,
        }

    @classmethod
    def read(cls, cluster: str, authority: Authority, epoch: int = 0, marks: frozenset[str] = frozenset()) -> Standing:
        """From a CA that was written in an `epoch`. `marks` are the certificates that are only marks."""
        root, own = authority.root, authority.certificate
        signs_under, signer = (one.fingerprint if one else "" for one in (root, own))
        return cls(cluster, signs_under, signer, authority.trusts - marks, authority.trusts & marks, epoch)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Standing:
        sets = {name: frozenset(facts[name]) for name in ("trusts", "marks")}
        return cls(facts["cluster"], facts["signs_under"], facts["signer"], sets["trusts"], sets["marks"], int(facts["epoch"]))

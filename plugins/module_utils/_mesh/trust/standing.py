# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State what a cluster signs under and what it trusts. Every decision about a CA, a link or a rotation reads it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .certificate import Authority


@dataclass(frozen=True)
class Standing:
    """What a cluster's CA says, as fingerprints: the root that the cluster signs under, its own certificate, and the roots that it hands out as trusted.

    `marks` are roots without a key that are in the bundle only to change it. `epoch` is that of the Lease under which the CA was written.
    """

    cluster: str
    signs_under: str
    signer: str = ""
    trusts: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    epoch: int = 0

    @property
    def bundle(self) -> frozenset[str]:
        return self.trusts | self.marks

    def accepts(self, other: Standing) -> bool:
        """Tell whether this cluster accepts what the other one signs. If nobody knows the root that the other signs under, one root in common has to do."""
        return other.signs_under in self.trusts if other.signs_under else bool(self.trusts & other.trusts)

    def facts(self) -> dict[str, Any]:
        return {"cluster": self.cluster, **self.trust(), "signer": self.signer, "marks": sorted(self.marks), "epoch": self.epoch}

    def trust(self) -> dict[str, Any]:
        """Return the part that the modules ca and ca_info return as `trust`."""
        return {"signs_under": self.signs_under, "trusts": sorted(self.trusts)}

    @classmethod
    def read(cls, cluster: str, authority: Authority, epoch: int = 0, marks: frozenset[str] = frozenset()) -> Standing:
        """Read a CA that was written in an `epoch`. `marks` are the certificates that are only marks."""
        root, own = authority.root, authority.certificate
        signs_under, signer = (one.fingerprint if one else "" for one in (root, own))
        return cls(cluster, signs_under, signer, authority.trusts - marks, authority.trusts & marks, epoch)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Standing:
        """Read the facts of a rotation. The facts of ca and ca_info need a `cluster` and have nothing else."""
        marks, epoch = frozenset(facts.get("marks") or ()), int(facts.get("epoch") or 0)
        return cls(facts["cluster"], facts["signs_under"], facts.get("signer") or "", frozenset(facts["trusts"]), marks, epoch)

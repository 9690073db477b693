# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who was seen to hold what: the trust that a cluster's Secret gives, and the trust that everything in the cluster lives by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..lease.fence import ANNOTATION
from ..trust.certificate import Authority, Certificate, short

CONTROL_PLANE, CONFIG, PROXY = "control plane", "trust bundle", "proxy"
MARK = "meshops reissue mark"
OF_ITS_PRIMARY = ("root", "intermediate", "roots", "bundle_pem", "added_pem", "meshes")  # of a cluster that another one serves, these are told of that one


def is_mark(certificate: Certificate) -> bool:
    """Whether it is a root that was only put into a bundle to change it."""
    return certificate.self_signed and f"CN={MARK}" in certificate.subject.split(",")


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
    def read(cls, cluster: str, authority: Authority, secret: Mapping[str, Any]) -> Standing:
        """From a CA and the Secret that it lies in."""
        marks = frozenset(root.fingerprint for root in authority.roots if is_mark(root))
        root, own = authority.root, authority.certificate
        epoch = str(((secret.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION) or "")
        signs_under, signer = (one.fingerprint if one else "" for one in (root, own))
        return cls(cluster, signs_under, signer, authority.trusts - marks, marks, int(epoch) if epoch.isdecimal() else 0)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Standing:
        sets = {name: frozenset(facts[name]) for name in ("trusts", "marks")}
        return cls(facts["cluster"], facts["signs_under"], facts["signer"], sets["trusts"], sets["marks"], int(facts["epoch"]))


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


@dataclass(frozen=True)
class Holder:
    """Something that lives by a trust bundle: a control plane's pod, a namespace's ConfigMap, or a proxy.

    `roots` is None where it cannot be asked, as of a control plane that only shows what it serves. `issuer` is the root that its leaf, or what
    it signs, leads to, and None for what has no certificate. `online` says that it takes a new bundle without a restart; `workload` is what
    to restart otherwise, as kind/name, and empty for a pod that nothing would make anew. `fault` tells why it could not be seen.
    `instance` is the process, another one after each restart, and `leaf` its certificate.
    """

    kind: str
    namespace: str
    name: str
    roots: frozenset[str] | None = None
    issuer: str | None = None
    signer: str | None = None
    online: bool = True
    workload: str = ""
    fault: str = ""
    instance: str = ""
    leaf: Certificate | None = field(default=None, compare=False)

    @property
    def where(self) -> str:
        return f"{self.namespace}/{self.name}"

    def lags(self, standing: Standing, stale: frozenset[str] = frozenset()) -> str:
        """What it still holds other than its cluster's CA, as half a sentence; empty if it has caught up.

        `stale` are intermediates from which nothing may come any more, although they are of the right root.
        """
        if self.fault:
            return f"could not be seen: {self.fault}"
        if self.roots is not None and self.roots != standing.bundle:
            return f"trusts {_named(self.roots)} and should trust {_named(standing.bundle)}"
        if self.issuer == "":
            return f"has a certificate that leads to no root known here, not to {short(standing.signs_under)}"
        if self.issuer is not None and self.issuer != standing.signs_under:
            return f"has a certificate under root {short(self.issuer)}, not {short(standing.signs_under)}"
        if self.signer is not None and self.signer in stale:
            return f"has a certificate of the replaced intermediate {short(self.signer)}"
        return ""


@dataclass(frozen=True)
class Held:
    """What a proxy said that it holds, as PEM: its certificate with what is above it, and its trust bundle. None where it uses none."""

    chain: bytes | None = None
    roots: bytes | None = None


@dataclass(frozen=True)
class Plane:
    """A control plane's Deployment. `online` says that it takes another bundle without a restart, `signs` that it issues certificates itself.

    `instead` is who else does.
    """

    name: str
    revision: str
    version: str
    desired: int
    ready: int
    online: bool
    signs: bool = True
    instead: str = ""


@dataclass(frozen=True)
class Laggard:
    """A holder that has not caught up, and what it still holds."""

    holder: Holder
    says: str

    def __str__(self) -> str:
        return f"{self.holder.kind} {self.holder.where} {self.says}"


def laggards(standing: Standing, holders: Iterable[Holder], stale: Iterable[str] = ()) -> list[Laggard]:
    worn = frozenset(stale)
    return [Laggard(holder, says) for holder in holders if (says := holder.lags(standing, worn))]


@dataclass(frozen=True)
class Observed:
    """What was seen of a cluster. `standing` is None where it has no CA of its own that can be read; `faults` are sentences that tell why.
    Where a `primary` serves it, that is what its primary's CA says, and `unread` what the one says that lies in the cluster, if one does.
    `unmeasured` is what is not held against it, by the reason, and `meshes` the configurations that say what belongs to the mesh.

    `mesh` is the one that its CA was made for, `bundle` that CA's trust bundle byte for byte, `authority` the CA as it was found,
    `previous` what the former CA was, `in_charge` who else looks after that CA. `given` is what the control plane hands out, where all
    namespaces hold the same, `added` what its proxies are given beside it.
    """

    cluster: str
    uid: str
    standing: Standing | None = None
    previous: Standing | None = None
    authority: Authority | None = None
    mesh: str = ""
    bundle: bytes = b""
    holders: tuple[Holder, ...] = ()
    planes: tuple[Plane, ...] = ()
    given: tuple[Certificate, ...] = ()
    added: tuple[Certificate, ...] = ()
    faults: tuple[str, ...] = ()
    in_charge: str = ""
    tracked: str = ""  # what to mind where a tool knows that CA and does not write it, as a sentence
    primary: Primary | None = None
    unread: Standing | None = None
    unmeasured: Mapping[str, list[str]] = field(default_factory=dict)
    meshes: tuple[str, ...] = ()

    @property
    def online(self) -> bool:
        """Whether a new bundle reaches everything without a restart."""
        return all(plane.online for plane in self.planes) and all(holder.online for holder in self.holders)

    def laggards(self, standing: Standing | None = None, stale: Iterable[str] = ()) -> list[Laggard]:
        """Measured by this cluster's own CA, unless another is given."""
        against = standing or self.standing
        return laggards(against, self.holders, stale) if against else []

    @property
    def issuers(self) -> frozenset[str]:
        """The roots that certificates in use lead to."""
        return frozenset(holder.issuer for holder in self.holders if holder.issuer)

    @property
    def ignored(self) -> tuple[Certificate, ...]:
        """What the control plane goes on handing out: it takes a CA only if that holds all of it or a part of it, and nothing else of it otherwise.

        What the control planes themselves show has to be of it, or else it is others who wrote these bundles. Where none runs, its primary tells.
        """
        if self.primary:
            return ()
        given, own = frozenset(one.fingerprint for one in self.given), self.standing.bundle if self.standing else frozenset()
        served = {holder.issuer for holder in self.holders if holder.kind == CONTROL_PLANE and holder.issuer}
        return () if given <= own or own <= given or not served <= given else self.given


def _named(roots: Iterable[str]) -> str:
    return ", ".join(short(root) for root in sorted(roots)) or "nothing"

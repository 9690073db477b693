# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who lives by a CA: control planes, trust bundles, proxies; and what each was seen to hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..question import Greeting, Question
from ..trust.certificate import Certificate, short
from ..trust.standing import Standing

CONTROL_PLANE, CONFIG, PROXY = "control plane", "trust bundle", "proxy"


@dataclass(frozen=True)
class TrustUser:
    """Something that lives by a trust bundle: a control plane's pod, a namespace's ConfigMap, or a proxy.

    `roots` is None where it cannot be asked, as of a control plane that only shows what it serves. `issuer` is the root that its leaf, or what
    it signs, leads to, and None for what has no certificate. `online` says that it takes a new bundle without a restart; `workload` is what
    to restart otherwise, as kind/name, and empty for a pod that nothing would make anew. `fault` tells why it could not be seen.
    `instance` is the process, another one after each restart, and `leaf` its certificate. `behind` is what its product says that it lacks.
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
    behind: str = ""

    @property
    def where(self) -> str:
        return f"{self.namespace}/{self.name}"

    def lags(self, standing: Standing, stale: frozenset[str] = frozenset()) -> str:
        """What it still holds other than its cluster's CA, as half a sentence; empty if it has caught up.

        `stale` are intermediates from which nothing may come any more, although they are of the right root.
        """
        if self.fault:
            return f"could not be seen: {self.fault}"
        if self.behind:
            return self.behind
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
class ProxyCertificates:
    """What a proxy said that it holds, as PEM: its certificate with what is above it, and its trust bundle. None where it uses none."""

    chain: bytes | None = None
    roots: bytes | None = None


@dataclass(frozen=True)
class ControlPlaneDeployment:
    """A control plane's Deployment. `online` says that it takes another bundle without a restart, `signs` that it issues certificates itself.

    `external_issuer` is who else does, and `quirks` are sentences about what its version gets wrong.
    """

    name: str
    revision: str
    version: str
    desired: int
    ready: int
    online: bool
    signs: bool = True
    external_issuer: str = ""
    quirks: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """What a module returns of it."""
        return {**{key: value for key, value in vars(self).items() if key not in ("external_issuer", "quirks")}, "instead": self.external_issuer}


@dataclass(frozen=True)
class ControlPlanes:
    """The control planes of a cluster and what they hand out, as they were listed.

    `greeted` are their processes, each with the handshake that shows what it signs with; `bundles` the trust bundles that they hand out.
    `absent` stands for one that lacks in a namespace where proxies run, but not where that is `ending`. `spaces` are all namespaces,
    `meshes` the configurations that say which of them belong to the mesh, and `added` the PEM that proxies are given beside the CA's bundle.
    """

    planes: tuple[ControlPlaneDeployment, ...] = ()
    greeted: tuple[tuple[TrustUser, Greeting], ...] = ()
    bundles: tuple[tuple[TrustUser, bytes], ...] = ()
    absent: TrustUser | None = None
    ending: frozenset[str] = frozenset()
    spaces: tuple[Mapping[str, Any], ...] = ()
    meshes: tuple[str, ...] = ()
    added: bytes = b""


@dataclass(frozen=True)
class Proxies:
    """The running proxies. Each that is `asked` has the question that it answers with its certificates.

    Each that is `shown` has the trust bundle that stands in its pod, as PEM, and the handshake in which it shows its certificate.
    `unmeasured` are pods that are neither asked nor shown, by the reason.
    """

    asked: tuple[tuple[TrustUser, Question], ...] = ()
    unmeasured: Mapping[str, list[str]] = field(default_factory=dict)
    shown: tuple[tuple[TrustUser, bytes, Greeting], ...] = ()

    @property
    def users(self) -> list[TrustUser]:
        return [*(user for user, _question in self.asked), *(user for user, _roots, _greeting in self.shown)]


@dataclass(frozen=True)
class Laggard:
    """A user of trust that has not caught up, and what it still holds."""

    user: TrustUser
    says: str

    def __str__(self) -> str:
        return f"{self.user.kind} {self.user.where} {self.says}"


def laggards(standing: Standing, users: Iterable[TrustUser], stale: Iterable[str] = ()) -> list[Laggard]:
    worn = frozenset(stale)
    return [Laggard(user, says) for user in users if (says := user.lags(standing, worn))]


def _named(roots: Iterable[str]) -> str:
    return ", ".join(short(root) for root in sorted(roots)) or "nothing"

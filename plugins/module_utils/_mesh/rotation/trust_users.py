# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the trust users of a CA (control planes, trust bundles and proxies), and what each was seen to trust and to use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..question import Greeting, Question
from ..trust.certificate import Certificate, short
from ..trust.standing import Standing

CONTROL_PLANE, CONFIG, PROXY = "control plane", "trust bundle", "proxy"
_MANY = {CONTROL_PLANE: "control planes", CONFIG: "trust bundles", PROXY: "proxies"}


@dataclass(frozen=True)
class TrustUser:
    """Something that uses a trust bundle: a control plane's pod, a namespace's ConfigMap, or a proxy.

    `roots` is None if nobody can ask for them, as with a control plane that only shows what it serves. `issuer` is the root to which its
    certificate, or the certificates that it signs, lead; None without a certificate. `online` means that it accepts a new bundle without a restart.
    If it does not, `workload` is what to restart, as kind/name, and empty for a pod that nothing would start again. `fault` says why nobody could see
    it. `instance` names the process, which changes with each restart, and `leaf` is its certificate. `behind` is what the product says that it lacks, and
    `shown` are the certificates that it uses according to the product, as PEM.
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
    shown: bytes = field(default=b"", compare=False, repr=False)

    @property
    def where(self) -> str:
        return f"{self.namespace}/{self.name}"

    def lags(self, standing: Standing, stale: frozenset[str] = frozenset()) -> str:
        """Return what differs from the cluster's CA, as half a sentence; empty if it has caught up.

        `stale` are intermediates that were replaced, so that nothing may use their certificates, although they belong to the right root.
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
    """What a proxy said that it uses, as PEM: its certificate with those above it, and its trust bundle. None for a part that it does not use."""

    chain: bytes | None = None
    roots: bytes | None = None


@dataclass(frozen=True)
class ControlPlaneDeployment:
    """The Deployment of a control plane. `online` means that it accepts another bundle without a restart, `signs` that it issues certificates itself.

    If it does not sign, `external_issuer` does. `quirks` are sentences about faults of its version.
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
        """Return the facts of a module."""
        return {**{key: value for key, value in vars(self).items() if key not in ("external_issuer", "quirks")}, "instead": self.external_issuer}


@dataclass(frozen=True)
class ControlPlanes:
    """The control planes of a cluster and what they hand out.

    `greeted` are their processes, each with the handshake that shows their signing CA. `bundles` are the trust bundles that they hand out. `absent`
    stands for a bundle that is missing in a namespace where proxies run; a namespace that is `ending` needs none. `spaces` are all namespaces, and
    `meshes` the configurations that say which of them belong to the mesh. `added` is the PEM that proxies get beside the CA's bundle.
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
    """The running proxies. Each proxy in `asked` has the question that it answers with its certificates.

    Each proxy in `shown` has the trust bundle in its pod, as PEM, and the handshake in which it shows its certificate. `unmeasured` are pods that are
    in neither list, by reason.
    """

    asked: tuple[tuple[TrustUser, Question], ...] = ()
    unmeasured: Mapping[str, list[str]] = field(default_factory=dict)
    shown: tuple[tuple[TrustUser, bytes, Greeting], ...] = ()

    @property
    def users(self) -> list[TrustUser]:
        return [*(user for user, _question in self.asked), *(user for user, _roots, _greeting in self.shown)]


@dataclass(frozen=True)
class Laggard:
    """A trust user that has not caught up, and what it still uses."""

    user: TrustUser
    says: str

    def __str__(self) -> str:
        return f"{self.user.kind} {self.user.where} {self.says}"


def laggards(standing: Standing, users: Iterable[TrustUser], stale: Iterable[str] = ()) -> list[Laggard]:
    worn = frozenset(stale)
    return [Laggard(user, says) for user in users if (says := user.lags(standing, worn))]


def behind(users: Iterable[TrustUser], late: Iterable[Laggard]) -> str:
    """Return how many of each kind have not caught up, for those who wait for them."""
    everyone, lagging = Counter(user.kind for user in users), Counter(one.user.kind for one in late)
    return f"{', '.join(f'{lagging[kind]:,} of {everyone[kind]:,} {_MANY[kind]}' for kind in _MANY if lagging[kind])} behind"


def _named(roots: Iterable[str]) -> str:
    return ", ".join(short(root) for root in sorted(roots)) or "nothing"

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch a cluster: compare its CA with what everything in the cluster trusts and uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._kube.objects.yaml_text import parsed
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import MeshError
from ..._mesh.lease.fence import last_epoch
from ..._mesh.objects.change import Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.question import Answers, Greeting
from ..._mesh.rotation.observed import Observed, ignored
from ..._mesh.rotation.primary import Primary
from ..._mesh.rotation.trust_users import CONFIG, ControlPlaneDeployment, ControlPlanes, Proxies, TrustUser
from ..._mesh.trust.certificate import Authority, Certificate
from ..._mesh.trust.root_secret import mesh_of
from ..._mesh.trust.standing import Standing
from ..._pki.chain import Reader
from ..._pki.x509 import inspect
from ..clock import Clock
from ..look import asked as sent
from ..look import look, present

Objects = Mapping[Ref, Mapping[str, Any]]
_PATIENCE = 5.0  # a node that died takes all its pods with it, and whoever waits for them holds a Lease


class Watch:
    """Observe one cluster again and again. A proxy that has caught up is only asked again after a restart.

    That holds while the CA does not change and all control planes and trust bundles agree with it, because then no proxy can get anything older.
    `stale` are intermediates that were replaced. A cluster that a `primary` serves is measured by the CA of the primary. Roots with the same name and
    the same key verify the same certificates; the `target` says which of them counts.
    """

    def __init__(
        self,
        cluster: Cluster,
        mesh: Provider,
        namespace: str,
        clock: Clock,
        stale: Iterable[str] = (),
        primary: Primary | None = None,
        target: str = "",
    ) -> None:
        self._cluster, self._namespace, self._clock = cluster, namespace, clock
        self._stale, self._primary, self._target = frozenset(stale), primary, target
        self._trust, self._rotation, self._alone = mesh.trust, mesh.rotation, not mesh.defaults.shares_root
        self._reader = Reader(target)
        self._reader.know(primary.bundle if primary else b"")
        self._agreed: dict[str, TrustUser] = {}
        self._measure: Standing | None = None
        self._uid = ""

    def observe(self) -> Observed:
        """Look once at everything."""
        own, former = self._own()
        authority, previous = self._authority(own), self._authority(former)
        current = self._standing(authority, own)
        seen = look(self._cluster, self._rotation.control_planes(self._namespace))
        measure = self._primary.standing if self._primary else current
        bundles = [user if user.fault else self._trusting(user, pem, frozenset()) for user, pem in seen.bundles]
        left_out = self._left_out(seen)
        first = [*self._control_planes(seen), *(one for one in bundles if one.namespace not in left_out)]
        self._forget(measure, first)
        added = self._reader.bundle(seen.added)
        running = look(self._cluster, self._rotation.proxies(self._namespace))
        proxies = self._proxies(running, self._beside(added, measure))
        spaces = {proxy.namespace for proxy in proxies} - {one.namespace for one in first if one.kind == CONFIG}
        users = (*first, *_lacking(seen, bundles, spaces), *proxies)
        self._agreed = {one.instance: one for one in proxies if measure and not one.lags(measure, self._stale)}
        given = self._given(seen, left_out)
        return Observed(
            cluster=self._cluster.name,
            uid=self._identity(),
            standing=measure,
            previous=self._standing(previous, former),
            authority=authority,
            mesh=next(map(mesh_of, own.values()), ""),
            bundle=self._trust.read(own).roots if own else b"",
            users=users,
            planes=seen.planes,
            ignored=self._ignored(given, users),
            added=added,
            managed_by="" if self._primary else _others(seen.planes, own.values()),
            tracked=" ".join(filter(None, (managed_by(one).warning(f"{self._cluster.name}: {ref}") for ref, one in own.items()))),
            faults=() if self._primary else tuple(_faults(self._cluster.name, self._trust.objects(self._namespace)[0], authority)),
            primary=self._primary,
            unread=current if self._primary else None,
            unmeasured={**running.unmeasured, "unselected": sorted(left_out - spaces), "stranded": sorted(left_out & spaces)},
            meshes=self._meshes(seen),
            alone=self._alone,
            marks=self._rotation.rules.marks([*(authority.roots if authority else ()), *given]),
        )

    def _ignored(self, given: Iterable[Certificate], users: Iterable[TrustUser]) -> tuple[Certificate, ...]:
        """Return the ignored roots. A remote cluster has none, because its primary reports them."""
        return () if self._primary else ignored(given, self._measure, users, self._rotation.rules)

    def _standing(self, authority: Authority | None, there: Objects) -> Standing | None:
        if authority is None or not there:
            return None
        return Standing.read(self._cluster.name, authority, last_epoch(there.values()), self._rotation.rules.marks(authority.roots))

    def _meshes(self, seen: ControlPlanes) -> tuple[str, ...]:
        return tuple(self._primary.facts.get("meshes") or ()) if self._primary else seen.meshes

    def _left_out(self, seen: ControlPlanes) -> set[str]:
        """Return the namespaces with a bundle that no control plane updates, because the mesh does not select them."""
        chosen = self._rotation.selected(seen.spaces, [parsed(text) for text in self._meshes(seen)])
        return set() if chosen is None else {user.namespace for user, _pem in seen.bundles} - chosen

    def _identity(self) -> str:
        self._uid = self._uid or self._cluster.uid()
        return self._uid

    def _own(self) -> tuple[Objects, Objects]:
        """Return the objects of the CA, or none if the object with its key is missing, and those of the CA before it."""
        refs, before = self._trust.objects(self._namespace), self._rotation.previous(self._namespace)
        there = present(self._cluster, [*refs, before])
        own = {ref: there[ref] for ref in refs if ref in there} if refs[0] in there else {}
        return own, {before: there[before]} if before in there else {}

    def _authority(self, there: Objects) -> Authority | None:
        """Return only certificates. The reader remembers them, because proxies may still show them."""
        if not there:
            return None
        material = self._trust.read(there)
        self._reader.know(b"\n".join((material.certificate, material.chain or b"", material.roots)))
        return inspect(material, f"{self._cluster.name}: {next(iter(there))}", self._clock.now(), target=self._target)

    def _forget(self, measure: Standing | None, first: Sequence[TrustUser]) -> None:
        if measure != self._measure or (measure and any(one.lags(measure, self._stale) for one in first)):
            self._agreed = {}
        self._measure = measure

    def _control_planes(self, seen: ControlPlanes) -> list[TrustUser]:
        return self._present(self._greeted(seen.greeted))

    def _greeted(self, greeted: Sequence[tuple[TrustUser, Greeting]]) -> list[TrustUser]:
        """Return each user with the certificate that it shows in a handshake."""
        served = self._cluster.greet_all([greeting for _user, greeting in greeted]) if greeted else []
        return [replace(user, fault=_said(chain)) if isinstance(chain, MeshError) else self._led(user, chain)
                for (user, _greeting), chain in zip(greeted, served, strict=True)]  # fmt: skip

    def _given(self, seen: ControlPlanes, left_out: Collection[str]) -> tuple[Certificate, ...]:
        """Return what the control planes hand out, if it is the same in all namespaces."""
        bundles = {pem for user, pem in seen.bundles if not user.fault and user.namespace not in left_out}
        return self._reader.bundle(bundles.pop()) if len(bundles) == 1 else ()

    def _proxies(self, running: Proxies, added: frozenset[str]) -> list[TrustUser]:
        known = [self._agreed[user.instance] for user in running.users if user.instance in self._agreed]
        asked = [(user, question) for user, question in running.asked if user.instance not in self._agreed]
        questions = [sent(question, _PATIENCE) for _user, question in asked]
        seen = self._cluster.hear_all(questions, lambda number, answer: self._seen(asked[number][0], answer, added))
        shown = [(self._trusting(user, pem, added), greeting) for user, pem, greeting in running.shown if user.instance not in self._agreed]
        return [*known, *self._present([*seen, *self._greeted(shown)])]

    def _seen(self, user: TrustUser, answer: Answer | MeshError, added: frozenset[str]) -> TrustUser:
        if isinstance(answer, MeshError):
            return replace(user, fault=_said(answer))
        try:
            if answer.status != 200:
                raise ValueError(f"HTTP {answer.status}")
            certificates = self._rotation.certificates(answer.body)
        except ValueError as wrong:
            return replace(user, fault=f"its answer cannot be read: {wrong}")
        trusting = user if certificates.roots is None else self._trusting(user, certificates.roots, added)
        return trusting if certificates.chain is None else self._led(trusting, certificates.chain)

    def _trusting(self, user: TrustUser, pem: bytes, added: frozenset[str]) -> TrustUser:
        certificates = self._reader.bundle(pem)
        if not certificates:
            return replace(user, fault="its trust bundle holds no certificate that can be read")
        return replace(user, roots=frozenset(one.fingerprint for one in certificates) - added)

    def _led(self, user: TrustUser, chain: bytes) -> TrustUser:
        line = self._reader.line(chain)
        if line is None:
            return replace(user, fault=user.fault or "its certificate cannot be read")
        return replace(user, issuer=line.root, signer=line.signer, leaf=line.leaf)

    def _beside(self, added: Iterable[Certificate], measure: Standing | None) -> frozenset[str]:
        """Return roots that proxies get beside the CA's bundle. They say nothing about the CA."""
        pem = b"\n".join((*(one.pem for one in added), self._primary.added if self._primary else b""))
        self._reader.know(pem)
        return frozenset(one.fingerprint for one in self._reader.bundle(pem)) - (measure.bundle if measure else frozenset())

    def _present(self, users: list[TrustUser]) -> list[TrustUser]:
        """Return the users without those that ended since they were listed."""
        silent = [Ref("v1", "Pod", one.name, one.namespace) for one in users if one.fault]
        live = {"Pod": list(present(self._cluster, silent).values())}
        planes, proxies = self._rotation.control_planes(self._namespace), self._rotation.proxies(self._namespace)
        running = {one.instance for one in (*(user for user, _how in planes.judge(live, Answers()).greeted), *proxies.judge(live, Answers()).users)}
        return [one for one in users if not one.fault or one.instance in running]


def _lacking(seen: ControlPlanes, bundles: Iterable[TrustUser], spaces: Collection[str]) -> list[TrustUser]:
    """Return the bundle of each namespace with proxies that the mesh leaves out, or the missing bundle."""
    there = {one.namespace: one for one in bundles}
    absent = seen.absent
    wanted = (there.get(space) or (replace(absent, namespace=space) if absent else None) for space in sorted(set(spaces) - seen.ending))
    return [one for one in wanted if one]


def _said(error: MeshError) -> str:
    return str(error).rstrip(".")


def _others(planes: Iterable[ControlPlaneDeployment], own: Iterable[Mapping[str, Any]]) -> str:
    """Return another tool that signs or that manages the CA."""
    return next((one.external_issuer for one in planes if one.external_issuer), "") or next(filter(None, (managed_by(one).writer for one in own)), "")


def _faults(cluster: str, ref: Ref, authority: Authority | None) -> list[str]:
    """Return why there is no CA to measure by."""
    if authority is None:
        return [f"{cluster}: there is no {ref}, so nobody gave the control plane a CA."]
    unreadable = [f"{cluster}: {ref}: {fault}." for fault in authority.unreadable]
    unproven = [] if authority.path else [f"{cluster}: {ref}: its certificate leads to none of the roots in {authority.names.roots}."]
    return [*unreadable, *unproven]

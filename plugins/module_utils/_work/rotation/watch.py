# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster's CA gives and what everything in the cluster was seen to live by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._kube.objects.yaml_text import parsed
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import MeshError
from ..._mesh.objects.change import Ref
from ..._mesh.objects.managed_by import in_charge, tracked
from ..._mesh.rotation.observed import CONFIG, Holder, Observed, Plane, Primary, Standing
from ..._mesh.trust.certificate import Authority, Certificate
from ..._mesh.trust.root_secret import mesh_of
from ..._pki.chain import Reader
from ..._pki.x509 import inspect
from ..look import Live, listed
from ..look import asked as sent

_PATIENCE = 5.0  # a node that died takes all its pods with it, and whoever waits for them holds a Lease


class Watch:
    """Observes one cluster, again and again: what was seen to have caught up is only asked again when it is another process.

    That holds while the CA stays what it is and all control planes and trust bundles agree with it. So nobody can be given anything older.
    `stale` are intermediates from which nothing may come any more. A cluster that a `primary` serves is measured by that one's CA.
    Of roots with one name and one key, which verify the same, the `target` is the one that is meant.
    """

    def __init__(
        self, cluster: Cluster, mesh: Provider, namespace: str, stale: Iterable[str] = (), primary: Primary | None = None, target: str = ""
    ) -> None:
        self._cluster, self._namespace, self._stale, self._primary, self._target = cluster, namespace, frozenset(stale), primary, target
        self._trust, self._holding = mesh.trust, mesh.holding
        self._reader = Reader(target)
        self._reader.know(primary.bundle if primary else b"")
        self._agreed: dict[str, Holder] = {}
        self._measure: Standing | None = None
        self._uid = ""

    def observe(self) -> Observed:
        """One look at everything."""
        self._uid = self._uid or self._cluster.uid()
        refs = [self._holding.secret(self._namespace), self._holding.previous(self._namespace)]
        own, former = self._cluster.get_all(refs)
        authority, previous = self._authority(own, refs[0]), self._authority(former, refs[1])
        current = Standing.read(self._cluster.name, authority, own) if authority and own else None
        live = listed(self._cluster, self._holding.reads(self._namespace))
        measure = self._primary.standing if self._primary else current
        meshes, bundles = self._meshes(live), self._bundles(live, ())
        left_out = self._left_out(live, meshes, bundles)
        first = [*self._control_planes(live), *(one for one in bundles if one.namespace not in left_out)]
        self._forget(measure, first)
        added = self._reader.bundle(self._holding.added(live))
        pods = listed(self._cluster, self._holding.pods())
        proxies = self._proxies(pods, self._beside(added, measure))
        spaces = {proxy.namespace for proxy in proxies} - {one.namespace for one in first if one.kind == CONFIG}
        lacking = [one for one in self._bundles(live, spaces) if one.namespace in spaces]
        self._agreed = {one.instance: one for one in proxies if measure and not one.lags(measure, self._stale)}
        planes = tuple(self._holding.planes(live))
        return Observed(
            cluster=self._cluster.name,
            uid=self._uid,
            standing=measure,
            previous=Standing.read(self._cluster.name, previous, former) if previous and former else None,
            authority=authority,
            mesh=mesh_of(own) if own else "",
            bundle=self._trust.read({refs[0]: own}).roots if own else b"",
            holders=(*first, *lacking, *proxies),
            planes=planes,
            given=self._given(live, left_out),
            added=added,
            in_charge="" if self._primary else _others(planes, own),
            tracked=tracked(f"{self._cluster.name}: {refs[0]}", own) if own else "",
            faults=() if self._primary else tuple(_faults(self._cluster.name, refs[0], authority)),
            primary=self._primary,
            unread=current if self._primary else None,
            unmeasured={**self._holding.unmeasured(pods, self._namespace), "unselected": sorted(left_out - spaces), "stranded": sorted(left_out & spaces)},
            meshes=meshes,
        )

    def _meshes(self, live: Live) -> tuple[str, ...]:
        return tuple(self._primary.facts.get("meshes") or ()) if self._primary else tuple(self._holding.meshes(live))

    def _left_out(self, live: Live, meshes: Iterable[str], bundles: Iterable[Holder]) -> set[str]:
        """The namespaces with a bundle that nobody keeps up to date, since the mesh does not select them."""
        chosen = self._holding.selected(live.get("Namespace", ()), [parsed(text) for text in meshes])
        return set() if chosen is None else {one.namespace for one in bundles} - set(chosen)

    def _authority(self, secret: Mapping[str, Any] | None, ref: Ref) -> Authority | None:
        """Only certificates leave this function; what they are is kept, since proxies may still show them."""
        if secret is None:
            return None
        material = self._trust.read({ref: secret})
        self._reader.know(b"\n".join((material.certificate, material.chain or b"", material.roots)))
        return inspect(material, f"{self._cluster.name}: {ref}", datetime.now(UTC), target=self._target)

    def _forget(self, measure: Standing | None, first: Sequence[Holder]) -> None:
        if measure != self._measure or (measure and any(one.lags(measure, self._stale) for one in first)):
            self._agreed = {}
        self._measure = measure

    def _control_planes(self, live: Live) -> list[Holder]:
        pairs = self._holding.control_planes(live)
        served = self._cluster.greet_all([greeting for _holder, greeting in pairs])
        found = [replace(holder, fault=_said(chain)) if isinstance(chain, MeshError) else self._led(holder, chain)
                 for (holder, _greeting), chain in zip(pairs, served, strict=True)]  # fmt: skip
        return self._present(found)

    def _bundles(self, live: Live, needed: Any) -> list[Holder]:
        return [holder if holder.fault else self._trusting(holder, pem, frozenset()) for holder, pem in self._holding.bundles(live, needed)]

    def _given(self, live: Live, left_out: Collection[str]) -> tuple[Certificate, ...]:
        found = {pem for holder, pem in self._holding.bundles(live, ()) if not holder.fault and holder.namespace not in left_out}
        return self._reader.bundle(found.pop()) if len(found) == 1 else ()

    def _proxies(self, pods: Live, added: frozenset[str]) -> list[Holder]:
        pairs = self._holding.proxies(pods, self._namespace)
        known = [self._agreed[holder.instance] for holder, _question in pairs if holder.instance in self._agreed]
        asked = [(holder, question) for holder, question in pairs if holder.instance not in self._agreed]
        questions = [sent(question, _PATIENCE) for _holder, question in asked]
        seen = self._cluster.hear_all(questions, lambda number, answer: self._seen(asked[number][0], answer, added))
        return [*known, *self._present(seen)]

    def _seen(self, holder: Holder, answer: Answer | MeshError, added: frozenset[str]) -> Holder:
        if isinstance(answer, MeshError):
            return replace(holder, fault=_said(answer))
        try:
            if answer.status != 200:
                raise ValueError(f"HTTP {answer.status}")
            held = self._holding.held(answer.body)
        except ValueError as wrong:
            return replace(holder, fault=f"its answer cannot be read: {wrong}")
        trusting = holder if held.roots is None else self._trusting(holder, held.roots, added)
        return trusting if held.chain is None else self._led(trusting, held.chain)

    def _trusting(self, holder: Holder, pem: bytes, added: frozenset[str]) -> Holder:
        certificates = self._reader.bundle(pem)
        if not certificates:
            return replace(holder, fault="its trust bundle holds no certificate that can be read")
        return replace(holder, roots=frozenset(one.fingerprint for one in certificates) - added)

    def _led(self, holder: Holder, chain: bytes) -> Holder:
        line = self._reader.line(chain)
        if line is None:
            return replace(holder, fault=holder.fault or "its certificate cannot be read")
        return replace(holder, issuer=line.root, signer=line.signer, leaf=line.leaf)

    def _beside(self, added: Iterable[Certificate], measure: Standing | None) -> frozenset[str]:
        """Roots that proxies are given beside the CA's bundle, and that say nothing of it."""
        pem = b"\n".join((*(one.pem for one in added), self._primary.added if self._primary else b""))
        self._reader.know(pem)
        return frozenset(one.fingerprint for one in self._reader.bundle(pem)) - (measure.bundle if measure else frozenset())

    def _present(self, holders: list[Holder]) -> list[Holder]:
        """Without those that ended since they were listed: who is gone holds nothing."""
        silent = [one for one in holders if one.fault]
        pods = self._cluster.get_all([Ref("v1", "Pod", one.name, one.namespace) for one in silent])
        live = {"Pod": [pod for pod in pods if pod]}
        running = {one.instance for one, _how in (*self._holding.control_planes(live), *self._holding.proxies(live, self._namespace))}
        return [one for one in holders if not one.fault or one.instance in running]


def observe(cluster: Cluster, mesh: Provider, namespace: str, primary: Primary | None = None) -> Observed:
    """One look at everything in a cluster."""
    return Watch(cluster, mesh, namespace, primary=primary).observe()


def _said(error: MeshError) -> str:
    return str(error).rstrip(".")


def _others(planes: Iterable[Plane], own: Mapping[str, Any] | None) -> str:
    """Who else signs, or keeps the CA."""
    return next((one.instead for one in planes if one.instead), "") or (in_charge(own) if own else "")


def _faults(cluster: str, ref: Ref, authority: Authority | None) -> list[str]:
    """Why there is nothing to measure by."""
    if authority is None:
        return [f"{cluster}: there is no {ref}; the control plane has no CA that was given to it."]
    unreadable = [f"{cluster}: {ref}: {fault}." for fault in authority.unreadable]
    unproven = [] if authority.path else [f"{cluster}: {ref}: its certificate leads to none of the roots in {authority.names.roots}."]
    return [*unreadable, *unproven]

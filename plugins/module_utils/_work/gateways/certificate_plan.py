# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan which certificates gateways will serve. The user gives them or the mesh's root issues them; all are checked before the first write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.contract.gateways import Gateways
from ..._mesh.errors import Refused
from ..._mesh.gateways.certificates import Use, hosts_of, leaf_objections
from ..._mesh.gateways.host_names import certifiable
from ..._mesh.objects.change import Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.trust.certificate import Authority, Material, Names
from ..._mesh.trust.issuing import key_type_fault
from ..._mesh.trust.objections import ROOT, objections
from ..._pki import issue, x509
from ..trust import root as roots
from .request import Given, Request

_GIVEN = Names("certificate", "private_key", "chain", "chain")


@dataclass
class Task:
    """One Secret: its live object, the gateways that serve it, and its new content. `material` is None if the Secret stays.

    `current` is the certificate in the Secret now, `replacement` the new one.
    """

    ref: Ref
    live: dict[str, Any]
    uses: list[Use]
    current: Authority
    material: Material | None = field(default=None, repr=False)
    replacement: Authority | None = None

    @property
    def leaf(self) -> Authority:
        return self.replacement or self.current

    @property
    def names(self) -> tuple[str, ...]:
        return self.leaf.certificate.hosts if self.leaf.certificate else ()


class CertificatePlan:
    """Makes the certificates for a task. It reads the mesh's root only if it has to issue one."""

    def __init__(self, cluster: Cluster, gateways: Gateways, request: Request, uses: Sequence[Use], now: datetime, connect: Connector) -> None:
        self._cluster, self._gateways, self._request, self._now, self._connect = cluster, gateways, request, now, connect
        self._uses = uses
        self._root: Material | None = None
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def tasks(self) -> list[Task]:
        if self._request.certificates:
            made = [self._wished(given) for given in self._request.certificates]
        else:
            made = [self._due(ref) for ref in dict.fromkeys(use.secret for use in self._uses)] if self._request.issue_days else []
        if self.faults:
            raise Refused(" ".join(self.faults), findings=self.faults)
        return [task for task in made if task]

    def _wished(self, given: Given) -> Task | None:
        task = self._task(given.secret)
        if task is None:
            return None
        undone = managed_by(task.live).refusal(task.current.where, "Have it renewed there.")
        if undone:
            self.faults.append(undone)
            return None
        self._warn(task)
        if not given.holds_any and not self._request.issue_days:
            self.faults.append(f"{task.current.where}: the task gives no certificate. Give one, or let the mesh's root issue it with rotate_gateway_issue.")
            return None
        self._judge(task, _given(given) if given.holds_any else self._issued(task))
        return task

    def _due(self, ref: Ref) -> Task | None:
        """Without a list of Secrets, replace only certificates that the mesh's root has issued."""
        task = self._task(ref)
        if task is None or not self._of_root(task.current):
            return None
        other = managed_by(task.live).writer
        if other:
            self.warnings.append(f"{task.current.where} is managed by {other}, so it stays. Have it renewed there.")
            return None
        self._warn(task)
        self._judge(task, self._issued(task))
        return task

    def _warn(self, task: Task) -> None:
        warning = managed_by(task.live).warning(task.current.where)
        self.warnings += [warning] if warning else []

    def _task(self, ref: Ref) -> Task | None:
        where = f"{self._cluster.name}: {ref}"
        uses = [use for use in self._uses if use.secret == ref]
        if not uses:
            self.faults.append(f"{where}: no Gateway with a ready pod serves this Secret, so a run cannot verify it. Check its name and namespace.")
            return None
        live = self._cluster.get(ref)
        if live is None:
            if self._request.names(ref):
                self.faults.append(f"{where}: {uses[0].gateway} names this Secret, but it does not exist. Create it first: a rotation only replaces Secrets.")
            return None
        if not any(use.pods for use in uses):
            self.warnings.append(f"{where}: {uses[0].gateway} has no ready pod, so this run cannot verify that the gateway serves it.")
        current = self._inspect(self._gateways.served(live), where)
        return Task(ref, live, uses, current)

    def _inspect(self, material: Material, where: str) -> Authority:
        return replace(x509.inspect(_apart(material), where, self._now), keys=self._request.root.keys)

    def _of_root(self, current: Authority) -> bool:
        leaf, own = current.certificate, self.root()
        if leaf is None:
            return False
        proved = x509.inspect(Material(leaf.pem, b"", chain=own.chain, roots=own.roots if own.chain else own.certificate), current.where, self._now)
        return bool(proved.path)

    def root(self) -> Material:
        if self._root is None:
            mesh_root = roots.find(self._cluster, self._request.mesh, self._request.root, self._now, self._connect)
            if mesh_root.material is None or mesh_root.source.root is None:
                raise Refused(f"{mesh_root.source.where}: the mesh has no root there to issue from. {mesh_root.source.unreachable}".strip())
            if mesh_root.signer:
                why = f"{mesh_root.source.where}: {mesh_root.signer} holds the root's key and issues only CAs, no certificates of gateways"
                raise Refused(f"{why}. Give the gateways' certificates instead of rotate_gateway_issue.")
            faults = mesh_root.source.objections(key_needed=True) if mesh_root.issuer else objections(mesh_root.source.root, ROOT)
            if faults:
                raise Refused(" ".join(one.sentence for one in faults), findings=[one.sentence for one in faults])
            self._root = mesh_root.issuer or mesh_root.material
        return self._root

    def _issued(self, task: Task) -> Material | None:
        """Return a new certificate; None if the present one is from the root, young, and without objections."""
        had = list(task.current.certificate.hosts) if task.current.certificate else []
        hosts = sorted({*hosts_of(task.uses), *had}) or had
        own = task.current.certificate
        young = own is not None and self._now - own.not_before < timedelta(seconds=self._request.min_age) + issue.BACKDATED
        if own and young and self._of_root(task.current) and not leaf_objections(task.current, hosts_of(task.uses)):
            return None
        if not hosts:
            self.faults.append(f"{task.current.where}: its gateways serve any host, so the root cannot know which hosts to issue for. Give a certificate.")
            return None
        strange = [host for host in hosts if not certifiable(host)]
        if strange:
            named = ", ".join(strange)
            self.faults.append(f"{task.current.where}: its gateways serve {named}, which no certificate can name. Correct the hosts of the gateways.")
            return None
        if unfit := key_type_fault(self._request.key_type, self._request.key_types):
            self.faults.append(f"{task.current.where}: {unfit}.")
            return None
        kind, domain, root = self._request.key_type, self._request.trust_domain, self.root()
        made = issue.new_leaf(root, hosts, domain, kind, self._now, self._request.issue_days)
        between = b"".join(one.pem for one in x509.bundle(root.chain or b"") if not one.self_signed)
        return replace(made, certificate=made.certificate + between)

    def _judge(self, task: Task, material: Material | None) -> None:
        if material is None:
            return
        task.replacement = self._inspect(material, f"{task.current.where}: the new certificate")
        self.faults += [one.sentence for one in leaf_objections(task.replacement, hosts_of(task.uses))]
        task.material = material


def _given(given: Given) -> Material:
    faults: list[str] = []
    parts: dict[str, bytes] = {}
    for part in ("certificate", "private_key", "chain"):
        pem, unread = _content(*given.parts[part], f"{part}_file")
        parts[part] = pem
        faults += unread
    whole = b"\n".join(part.strip() + b"\n" for part in (parts["certificate"], parts["chain"]) if part.strip())
    return Material(whole, parts["private_key"], names=_GIVEN, faults=tuple(faults))


def _content(text: str, path: str, name: str) -> tuple[bytes, list[str]]:
    return (text.encode(), []) if text or not path else roots.file(path, name)


def _apart(material: Material) -> Material:
    """Return the leaf and its chain apart. Each certificate of the chain must sign the one before it; the last one counts as the root."""
    certificates, faults = x509.read(material.certificate, material.names.certificate)
    rest = [one.facts.pem for one in certificates[1:]]
    leaf = certificates[0].facts.pem if certificates else material.certificate
    return replace(
        material, certificate=leaf, chain=b"".join(rest) or None, roots=rest[-1] if rest else leaf, faults=(*material.faults, *faults)
    )

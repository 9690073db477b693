# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what happens to a cluster's CA: keep the CA, issue a new one, leave it to another issuer, or refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..names import domain_fault, label_fault
from ..objects.managed_by import managed_by
from .certificate import Authority, Certificate
from .expiry import OK, expiry
from .objections import BELOW_ROOT, ISSUER, ROOT, Objection, objections, overdue

_LONGEST_DAYS = 36500
KEEP, ISSUE, LEAVE, REFUSE = "keep", "issue", "leave", "refuse"


@dataclass(frozen=True)
class Source:
    """Where the mesh's root comes from. `root` is None if the root does not exist, or if nobody could read it."""

    where: str
    root: Authority | None = None
    generated: bool = False  # the collection makes the root if it does not exist
    unreachable: str = ""
    denied: bool = False  # the trust cluster answered and refused to show the root, so the cluster's CA must not simply be kept
    other_mesh: str = ""  # the other mesh for which this root was generated
    external: bool = False  # an external signer has the root's key
    issuer: Authority | None = None  # a CA below the root that signs in its place, with its own key
    undone: str = ""  # a sentence about the tool that manages the root's Secret and would write another root back

    def objections(self, key_needed: bool) -> list[Objection]:
        """Return what speaks against issuing from this root. If no key is needed, return what speaks against trusting it."""
        if self.unreachable:
            text = f"the mesh's root could not be read, so no intermediate can be issued from it. {self.unreachable}"
            return [Objection("unreachable_root", f"{self.where}: {text}")]
        if self.root is None:
            text = "the mesh's root does not exist. Create this Secret with the root's certificate and key, or let the collection generate the root."
            return [] if self.generated else [Objection("missing_root", f"{self.where}: {text}")]
        key = (self.root.names.key,)
        elsewhere = self.external or self.issuer is not None
        root = replace(self.root, missing=tuple(one for one in self.root.missing if one not in key)) if elsewhere else self.root
        against = objections(root, ROOT)
        if self.issuer:
            against += [one for one in objections(self.issuer, BELOW_ROOT) if key_needed or one.reason != "missing_part"]
        if self.other_mesh:
            text = f"this root was generated for the mesh {self.other_mesh}. Give this mesh another root.name."
            against.append(Objection("root_of_another_mesh", f"{self.where}: {text}"))
        if key_needed or root.missing != key:
            return against
        return [objection for objection in against if objection.reason != "missing_part"]


@dataclass(frozen=True)
class Decision:
    """What happens to a cluster's CA, and why."""

    action: str
    objections: Sequence[Objection] = ()
    warnings: Sequence[str] = ()


def decide(cluster: str, ca: Authority | None, self_signed: Authority | None, source: Source, external_issuer: str = "") -> Decision:
    """Keep the cluster's CA, issue a CA from the source's root, leave the CA to another issuer, or refuse.

    `self_signed` is the CA that the control plane made for itself because nobody gave it one. `external_issuer` signs in place of the control plane.
    """
    if ca is None and external_issuer:
        notice = f"{cluster}: {external_issuer} signs this cluster's certificates instead of the control plane, so the cluster gets no CA"
        return Decision(LEAVE, warnings=[f"{notice}. Make sure that {external_issuer} uses the mesh's root, and rotate the root there."])
    if ca is None:
        return _first(cluster, self_signed, source)
    if ca.self_made:
        text = "the control plane made this CA for itself, and replacing it would change the root of a running mesh"
        return _refuse("made_by_control_plane", f"{ca.where}: {text}. Rotate the cluster to the mesh's root.")
    against = objections(ca, ISSUER)
    if _only_own_expiry(ca, against) and _same_root(ca, source):
        more = f" The cluster goes on trusting all {len(ca.roots)} roots." if len(ca.roots) > 1 else ""
        return _issue(source, f"{ca.where}: {ca.certificate} had expired, so a new intermediate of the same root replaces it.{more}")
    if against:
        closing = Objection(against[-1].reason, f"{against[-1].sentence} {_way_out(ca, source)}")
        return Decision(REFUSE, [*against[:-1], closing])
    return _keep(cluster, ca, source)


def onto(decision: Decision, where: str, secret: Mapping[str, Any]) -> Decision:
    """Return the decision about the CA in this Secret. Refuse to replace a CA if another tool would write the old one back."""
    if decision.action != ISSUE:
        return decision
    undone = managed_by(secret).refusal(where, "Issue a new CA of the mesh's root there, or stop that tool from managing the Secret.")
    if undone:
        return _refuse("kept_by_another", undone)
    warning = managed_by(secret).warning(where)
    return replace(decision, warnings=[*decision.warnings, warning]) if warning else decision


def _first(cluster: str, self_signed: Authority | None, source: Source) -> Decision:
    if self_signed is None:
        return _issue(source)
    if _same_root(self_signed, source):
        warning = f"{cluster}: the control plane was its own CA until now. It uses the new intermediate after its next restart."
        return _issue(source, warning)
    return _refuse(
        "self_signed_mesh",
        f"{self_signed.where}: the control plane of {cluster} signs with its own root{_named(self_signed.root)}. "
        "A CA of another root would cut its workloads off at the next restart. Give this Secret as the mesh's root, "
        "or rotate. If no control plane uses this Secret any more, delete it.",
    )


def _issue(source: Source, warning: str = "") -> Decision:
    against = source.objections(key_needed=True)
    return Decision(REFUSE, against) if against else Decision(ISSUE, warnings=[warning] if warning else [])


def _keep(cluster: str, ca: Authority, source: Source) -> Decision:
    """Keep or refuse a CA that is valid. Everything depends on whether it belongs to the mesh's root."""
    if source.unreachable and not source.denied:
        warning = f"{ca.where}: this CA is valid, so it stays, but nobody compared it with the mesh's root. {source.unreachable}"
        return Decision(KEEP, warnings=[warning, *_aging(ca)])
    against = source.objections(key_needed=False)
    if against:
        return Decision(REFUSE, against)
    if source.root is None:
        warning = f"the mesh's root does not exist, so no other cluster can share{_named(ca.root)}, the root of {cluster}"
        return Decision(KEEP, warnings=[f"{source.where}: {warning}.", *_aging(ca)])
    if _same_root(ca, source):
        return Decision(KEEP, warnings=_aging(ca))
    if source.root.trusts & ca.trusts:
        warning = f"this CA signs under{_named(ca.root)} and also trusts the mesh's root{_named(source.root.root)}"
        return Decision(KEEP, warnings=[f"{ca.where}: {warning}: a rotation is under way. The CA stays.", *_aging(ca)])
    return _refuse(
        "other_root",
        f"{ca.where}: this CA belongs to the root{_named(ca.root)}, and the mesh's root is{_named(source.root.root)} from "
        f"{source.where}. Replacing the CA at once would cut workloads off. Rotate, or give the CA's root as the mesh's root.",
    )


def _aging(ca: Authority) -> list[str]:
    verdicts = [expiry(certificate, ca.at) for certificate in ca.line]
    return [f"{ca.where}: {verdict.sentence}" for verdict in verdicts if verdict.level != OK]


def _refuse(reason: str, sentence: str) -> Decision:
    return Decision(REFUSE, [Objection(reason, sentence)])


def _same_root(ca: Authority, source: Source) -> bool:
    own, given = ca.root, source.root.certificate if source.root else None
    return own is not None and given is not None and own.fingerprint == given.fingerprint


def _only_own_expiry(ca: Authority, against: Sequence[Objection]) -> bool:
    """Tell whether the only fault is that an intermediate of this collection has expired."""
    only = ca.ours and [one.reason for one in against] == ["expired"]
    return only and len(ca.path) > 1 and overdue(ca) == [ca.certificate]


def _way_out(ca: Authority, source: Source) -> str:
    if ca.root is not None and not _same_root(ca, source):
        return "The CA was not changed. Replace it with a valid CA of the same root."
    issued = "a new intermediate" if ca.ours else "an intermediate of the mesh's root"
    return f"The CA was not changed. Replace it with a valid CA, or delete it and run again to get {issued}."


def _named(root: Certificate | None) -> str:
    return f" {root}" if root else ""


def wish_faults(mesh: str, trust_domain: str, namespace: str, key_type: str, key_types: Sequence[str], days: Mapping[str, int]) -> list[str]:
    """Return what is wrong with the names, the key type and the lifetimes that a task wishes, as half sentences. `days` has each lifetime by its option."""
    faults = [
        label_fault("mesh", mesh),
        domain_fault("trust_domain", trust_domain),
        label_fault("namespace", namespace),
        key_type_fault(key_type, key_types),
        *(None if 0 < given <= _LONGEST_DAYS else f"{option} is {given}; give 1 to {_LONGEST_DAYS} days" for option, given in days.items()),
    ]
    return [fault for fault in faults if fault]


def key_type_fault(key_type: str, key_types: Sequence[str]) -> str | None:
    """Return why the mesh cannot use a key type, as half a sentence; None if it can."""
    if key_type in key_types:
        return None
    return f"the key_type {key_type} is refused, because this mesh cannot use it; use {'one of ' if len(key_types) > 1 else ''}{', '.join(key_types)}"

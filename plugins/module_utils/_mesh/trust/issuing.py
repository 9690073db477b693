# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do with a cluster's CA: keep it, issue one, or refuse."""

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
    """Where the mesh's root comes from. `root` is None where it is not there, or could not be read."""

    where: str
    root: Authority | None = None
    generated: bool = False  # a root that is not there yet is made
    unreachable: str = ""
    denied: bool = False  # the trust cluster answered, and said no; a CA that is held is not kept on that
    other_mesh: str = ""  # for which this root was generated
    external: bool = False  # its key is with a signer, and never here
    issuer: Authority | None = None  # a CA below it that signs in its place, with a key of its own
    undone: str = ""  # who else keeps its Secret and would write back another root, as a sentence

    def objections(self, key_needed: bool) -> list[Objection]:
        """What speaks against issuing from this root, or, without need of its key, against trusting it."""
        if self.unreachable:
            text = f"the mesh's root could not be read, so no intermediate can be issued. {self.unreachable}"
            return [Objection("unreachable_root", f"{self.where}: {text}")]
        if self.root is None:
            text = "it does not exist. Create it with the root's certificate and key, or let the root be generated."
            return [] if self.generated else [Objection("missing_root", f"{self.where}: {text}")]
        key = (self.root.names.key,)
        elsewhere = self.external or self.issuer is not None
        root = replace(self.root, missing=tuple(one for one in self.root.missing if one not in key)) if elsewhere else self.root
        found = objections(root, ROOT)
        if self.issuer:
            found += [one for one in objections(self.issuer, BELOW_ROOT) if key_needed or one.reason != "missing_part"]
        if self.other_mesh:
            text = f"it was generated as the root of the mesh {self.other_mesh}. Give this mesh another root.name."
            found.append(Objection("root_of_another_mesh", f"{self.where}: {text}"))
        if key_needed or root.missing != key:
            return found
        return [objection for objection in found if objection.reason != "missing_part"]


@dataclass(frozen=True)
class Decision:
    """What to do with a cluster's CA, and the reasons."""

    action: str
    objections: Sequence[Objection] = ()
    warnings: Sequence[str] = ()


def decide(cluster: str, held: Authority | None, self_signed: Authority | None, source: Source, instead: str = "") -> Decision:
    """Keep the CA that the cluster holds, issue one of the source's root, leave it to somebody else, or refuse.

    `self_signed` is the CA which the control plane made for itself, where it was given none. `instead` is who signs in its place.
    """
    if held is None and instead:
        told = f"{cluster}: its certificates are signed by {instead} and not by its control plane, so it is given no CA"
        return Decision(LEAVE, warnings=[f"{told}. See that the mesh's root is the one there, and rotate it there."])
    if held is None:
        return _first(cluster, self_signed, source)
    if held.self_made:
        text = "the control plane made this CA for itself; to replace it is to change the root under a running mesh"
        return _refuse("made_by_control_plane", f"{held.where}: {text}. Rotate to the mesh's root.")
    found = objections(held, ISSUER)
    if _only_own_expiry(held, found) and _same_root(held, source):
        more = f" All {len(held.roots)} roots that it trusts stay trusted." if len(held.roots) > 1 else ""
        return _issue(source, f"{held.where}: {held.certificate} had expired and gives way to one of the same root.{more}")
    if found:
        closing = Objection(found[-1].reason, f"{found[-1].sentence} {_way_out(held, source)}")
        return Decision(REFUSE, [*found[:-1], closing])
    return _keep(cluster, held, source)


def onto(decision: Decision, where: str, secret: Mapping[str, Any]) -> Decision:
    """The decision about a CA that lies in this Secret: one that somebody else would write back is not replaced."""
    if decision.action != ISSUE:
        return decision
    undone = managed_by(secret).refusal(where, "Have a new CA of the mesh's root issued there, or take the Secret out of its hands first.")
    if undone:
        return _refuse("kept_by_another", undone)
    told = managed_by(secret).warning(where)
    return replace(decision, warnings=[*decision.warnings, told]) if told else decision


def _first(cluster: str, self_signed: Authority | None, source: Source) -> Decision:
    if self_signed is None:
        return _issue(source)
    if _same_root(self_signed, source):
        told = f"{cluster}: its control plane was its own CA so far and takes the intermediate at its next restart."
        return _issue(source, told)
    return _refuse(
        "self_signed_mesh",
        f"{self_signed.where}: the control plane of {cluster} signs with a root of its own{_named(self_signed.root)}; "
        "a CA of another root would cut its workloads off at the next restart. Give this Secret as the mesh's root, "
        "or rotate; if no control plane uses it any more, delete it.",
    )


def _issue(source: Source, warning: str = "") -> Decision:
    found = source.objections(key_needed=True)
    return Decision(REFUSE, found) if found else Decision(ISSUE, warnings=[warning] if warning else [])


def _keep(cluster: str, held: Authority, source: Source) -> Decision:
    """`held` is valid in itself; the question is whether it is of the mesh's root."""
    if source.unreachable and not source.denied:
        told = f"{held.where}: it is valid and kept, but was not compared with the mesh's root. {source.unreachable}"
        return Decision(KEEP, warnings=[told, *_aging(held)])
    found = source.objections(key_needed=False)
    if found:
        return Decision(REFUSE, found)
    if source.root is None:
        told = f"it is not there, so no other cluster can share{_named(held.root)}, the root of {cluster}"
        return Decision(KEEP, warnings=[f"{source.where}: {told}.", *_aging(held)])
    if _same_root(held, source):
        return Decision(KEEP, warnings=_aging(held))
    if source.root.trusts & held.trusts:
        told = f"it signs under{_named(held.root)} and trusts the mesh's root{_named(source.root.root)} too"
        return Decision(KEEP, warnings=[f"{held.where}: {told}: a rotation is under way. It is kept.", *_aging(held)])
    return _refuse(
        "other_root",
        f"{held.where}: it is of the root{_named(held.root)}, and the mesh's root is{_named(source.root.root)} from "
        f"{source.where}. To replace it at once would cut workloads off; rotate, or give the former as the mesh's.",
    )


def _aging(held: Authority) -> list[str]:
    verdicts = [expiry(certificate, held.at) for certificate in held.line]
    return [f"{held.where}: {verdict.sentence}" for verdict in verdicts if verdict.level != OK]


def _refuse(reason: str, sentence: str) -> Decision:
    return Decision(REFUSE, [Objection(reason, sentence)])


def _same_root(held: Authority, source: Source) -> bool:
    own, given = held.root, source.root.certificate if source.root else None
    return own is not None and given is not None and own.fingerprint == given.fingerprint


def _only_own_expiry(held: Authority, found: Sequence[Objection]) -> bool:
    """Whether all that is wrong is that an intermediate which we issued has expired."""
    only = held.ours and [one.reason for one in found] == ["expired"]
    return only and len(held.path) > 1 and overdue(held) == [held.certificate]


def _way_out(held: Authority, source: Source) -> str:
    if held.root is not None and not _same_root(held, source):
        return "It was left as it is; replace it by a valid one of the same root."
    issued = "a new intermediate" if held.ours else "an intermediate of the mesh's root"
    return f"It was left as it is; replace it by a valid one, or delete it to have {issued} issued."


def _named(root: Certificate | None) -> str:
    return f" {root}" if root else ""


def wish_faults(mesh: str, trust_domain: str, namespace: str, key_type: str, key_types: Sequence[str], days: Mapping[str, int]) -> list[str]:
    """Return what is wrong with the names, the key type and the lifetimes that a task wishes, as half sentences. `days` has each lifetime by its option."""
    found = [
        label_fault("mesh", mesh),
        domain_fault("trust_domain", trust_domain),
        label_fault("namespace", namespace),
        key_type_fault(key_type, key_types),
        *(None if 0 < given <= _LONGEST_DAYS else f"{option} is {given}; give 1 to {_LONGEST_DAYS} days" for option, given in days.items()),
    ]
    return [fault for fault in found if fault]


def key_type_fault(key_type: str, key_types: Sequence[str]) -> str | None:
    """Return why no CA with such a key is made, as half a sentence; None if the mesh can use the key type."""
    if key_type in key_types:
        return None
    why = "Envoy does not take it" if key_type.lower().startswith("ed") else "this mesh cannot use it"
    return f"the key_type {key_type} is refused, because {why}; use {'one of ' if len(key_types) > 1 else ''}{', '.join(key_types)}"

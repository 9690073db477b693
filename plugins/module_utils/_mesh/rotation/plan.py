# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a rotation: introduce, reissue, retire. Say how far each cluster is on its way to a root, and what it may do next.

Everything follows from the target, which is the root at the end of the rotation, and from what each cluster signs under and trusts now. So a
rotation that was killed can go on, a rotation that is turned back has the former root as its target, and clusters without a common root get one.

Roots that are `dead` have expired. Nobody can verify with them, so nothing has to be carried over from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ..errors import Refused
from ..trust.certificate import short
from ..trust.standing import Standing

OUTSIDE, INTRODUCED, REISSUED, RETIRED = "outside", "introduced", "reissued", "retired"
INTRODUCE, REISSUE, RETIRE, FINISH = "introduce", "reissue", "retire", "finish"
STEPS = (INTRODUCE, REISSUE, RETIRE)
NEW = "new"  # stands for the fingerprint of a root that does not exist yet


Leaving = Optional[Collection[str]]  # noqa: UP045


def going(standing: Standing, target: str, leaving: Leaving) -> frozenset[str]:
    """Return what a cluster still has to give up: its marks, and the roots that are `leaving`. None stands for all roots but the target."""
    trusted = standing.trusts if leaving is None else standing.trusts & frozenset(leaving)
    return (standing.marks | trusted) - {target}


def phase(standing: Standing, target: str, leaving: Leaving = None) -> str:
    """Return how far one cluster is."""
    if target not in standing.trusts:
        return OUTSIDE
    if standing.signs_under != target:
        return INTRODUCED
    return REISSUED if going(standing, target, leaving) else RETIRED


@dataclass(frozen=True)
class Report:
    """What was seen of a cluster: its CA, the roots to which certificates in use lead, and sentences about laggards.

    `ignored` are the roots that its control plane goes on handing out because it cannot accept those of the CA. A cluster that is `served_by`
    another one is as far as that one. `trails` means that the CA in such a cluster, which nobody reads, differs from the CA of its primary. If the
    rotation is `driven` by the product, the product introduces a root by itself, and drops those that are `outgoing`. A cluster that is `alone` shares
    no root with other clusters.
    """

    standing: Standing
    laggards: tuple[str, ...] = ()
    issuers: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    served_by: str = ""
    trails: bool = False
    driven: bool = False
    alone: bool = False
    outgoing: frozenset[str] = frozenset()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Report:
        ignored = frozenset(root["fingerprint"] for root in facts.get("ignored") or ())
        trails = bool((facts.get("unread") or {}).get("trails"))
        served_by, driven, alone = str(facts.get("served_by") or ""), bool(facts.get("driven")), bool(facts.get("alone"))
        outgoing = frozenset(facts.get("outgoing") or ())
        return cls(Standing.of(facts["standing"]), tuple(facts["laggards"]), frozenset(facts["issuers"]), ignored, served_by, trails, driven, alone, outgoing)

    def under(self, target: str) -> bool:
        """Tell whether this cluster signs under the target, and uses no certificate of another root."""
        return self.standing.signs_under == target and self.issuers <= {target} and not self.ignored


def _needed(reports: Iterable[Report], target: str, dead: Collection[str]) -> frozenset[str]:
    """Return the roots that every cluster must trust until all are under the target: those that sign, and those of certificates still in use."""
    known = list(reports)
    return frozenset(one.standing.signs_under for one in known).union({target}, *(one.issuers for one in known)) - frozenset(dead)


@dataclass(frozen=True)
class PlannedStep:
    """A step that these clusters must do. Every cluster must be seen to have done it before the next step begins."""

    name: str
    clusters: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Plan:
    mesh: str
    target: str
    phases: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[PlannedStep] = ()

    @property
    def done(self) -> bool:
        return not self.steps

    def facts(self) -> dict[str, Any]:
        steps = [{"step": step.name, "clusters": list(step.clusters), "says": step.says} for step in self.steps]
        return {"mesh": self.mesh, "target": self.target, "phases": dict(self.phases), "steps": steps}


def plan(
    mesh: str,
    target: str,
    reports: Sequence[Report],
    accepted: Iterable[str] = (),
    stale: Iterable[str] = (),
    unfinished: Iterable[str] = (),
    dead: Collection[str] = (),
    leaving: Leaving = None,
) -> Plan:
    """Return the steps that are still to do, in order, each only for the clusters that need it.

    `accepted` are roots that the rotation may bring into every cluster although not every cluster trusts them yet. `stale` are intermediates to
    replace although they belong to the target. `unfinished` are clusters that still keep something until the end. `leaving` are the roots that the
    rotation retires. It does not touch other trusted roots, such as a partner's root.
    """
    standings = [report.standing for report in reports]
    _no_stranger(mesh, [report.standing for report in reports if not report.alone], {target, *accepted})
    if target in dead:
        raise Refused(f"The mesh {mesh} cannot be brought to {root_named(target)}, which has expired. Give it a root that is valid.")
    worn = set(stale)
    names = {
        INTRODUCE: [own.cluster for own in _to_introduce(reports, target, dead)],
        REISSUE: [own.cluster for own in standings if own.signs_under != target or own.signer in worn],
    }
    names[FINISH] = list(unfinished)
    touched = {*names[INTRODUCE], *names[REISSUE], *(report.standing.cluster for report in reports if report.trails)}
    names[RETIRE] = [own.cluster for own in standings if going(own, target, leaving) or own.cluster in touched]
    staying = frozenset().union(*(own.trusts for own in standings)) - {target, *(frozenset() if leaving is None else leaving)}
    says = {
        INTRODUCE: f"trust {root_named(target)} beside {roots_named(_needed(reports, target, dead) - {target})}",
        REISSUE: f"sign with an intermediate of {root_named(target)}, {_beside(standings, dead)}",
        RETIRE: f"trust {root_named(target)} alone" if leaving is None or not staying else f"trust {root_named(target)} beside {roots_named(staying)}",
        FINISH: "remove what was kept for turning back, and put the root in its place",
    }
    steps = [PlannedStep(name, tuple(names[name]), says[name]) for name in (*STEPS, FINISH) if names[name]]
    return Plan(mesh, target, {own.cluster: phase(own, target, leaving) for own in standings}, steps)


def _beside(standings: Iterable[Standing], dead: Collection[str]) -> str:
    gone = [own.cluster for own in standings if own.signs_under in dead]
    return f"and trust it from the same write on in {', '.join(gone)}" if gone else "and go on trusting the same roots"


def _to_introduce(reports: Sequence[Report], target: str, dead: Collection[str]) -> list[Standing]:
    """Return the clusters that must trust more roots before anybody signs under the target.

    Once everything is under the target, nobody needs to trust an older root. So clusters that still trust different older roots need nothing.
    """
    if all(report.under(target) for report in reports):
        return []
    asked = [one for one in reports if not one.driven and not beyond_introduction(one.standing, dead)]
    return [one.standing for one in asked if not _needed(company(one, reports), target, dead) | one.ignored <= one.standing.bundle]


def company(report: Report, everyone: Sequence[Report]) -> Sequence[Report]:
    """Return the clusters whose workloads must trust this cluster's workloads, and the other way round."""
    return [report] if report.alone else [other for other in everyone if not other.alone]


def beyond_introduction(own: Standing, dead: Collection[str]) -> bool:
    """Tell whether reissue must give a cluster everything at once: its control plane accepts no bundle with its expired CA, and its proxies trust no root."""
    return own.signs_under in dead


def _no_stranger(mesh: str, standings: Sequence[Standing], accepted: set[str]) -> None:
    """Refuse to trust a root everywhere only because one cluster signs under it. A rebuilt cluster or one of another mesh would get in."""
    for standing in standings:
        others = [other.cluster for other in standings if standing.signs_under not in other.trusts]
        if others and standing.signs_under not in accepted:
            fault = f"{standing.cluster} signs under {root_named(standing.signs_under)}, which is not trusted in {', '.join(others)} of the mesh {mesh}"
            way = f"If {standing.cluster} belongs to the mesh, accept its root with rotate_accept_roots: [{standing.signs_under}]"
            raise Refused(f"{fault}. Was {standing.cluster} rebuilt, or is it a cluster of another mesh? {way}.")


@dataclass(frozen=True)
class CAWish:
    """The CA that a cluster should get: the roots in its bundle, whether it gets a new certificate, and whether the bundle gets a mark."""

    trusts: frozenset[str]
    sign: bool = False
    marked: bool = False


def wish(
    step: str,
    own: Standing,
    everyone: Sequence[Report],
    target: str,
    stale: Iterable[str] = (),
    dead: Collection[str] = (),
    leaving: Leaving = None,
    marks: bool = True,
) -> CAWish | None:
    """Return what a step writes in one cluster, or None if the cluster has finished the step. Refuse everything that would cut somebody off.

    If a mesh needs `marks`, one comes or goes with every new certificate, because its proxies ask for a new leaf only after their bundle has changed.
    """
    more = _needed(everyone, target, dead).union(*(one.ignored for one in everyone if one.standing == own))
    if step == INTRODUCE:
        return CAWish(own.trusts | more, marked=bool(own.marks)) if own in _to_introduce(everyone, target, dead) else None
    if step == REISSUE:
        if own.signs_under == target and own.signer not in set(stale):
            return None
        _may_reissue(own, everyone, target, dead)
        return CAWish(own.trusts | more if beyond_introduction(own, dead) else own.trusts, sign=True, marked=marks and not own.marks)
    gone = going(own, target, leaving)
    if not gone and own.signs_under == target:
        return None
    _may_retire(everyone, target)
    return CAWish((own.trusts - gone) | {target})


def _may_reissue(own: Standing, everyone: Sequence[Report], target: str, dead: Collection[str]) -> None:
    others = [one for one in everyone if not one.driven and not beyond_introduction(one.standing, dead)]
    lacking = [one.standing.cluster for one in others if target not in one.standing.trusts]
    if lacking:
        fault = f"{own.cluster}: this cluster may not sign under {root_named(target)} yet, because {', '.join(lacking)} would not trust what it signs"
        raise Refused(f"{fault}. Introduce the root in every cluster of the mesh first.")


def _may_retire(everyone: Sequence[Report], target: str) -> None:
    late = [f"{one.standing.cluster} {_older(one, target)}" for one in everyone if not one.under(target)]
    if late:
        fault = f"No cluster may trust {root_named(target)} alone yet: {'; '.join(late)}"
        raise Refused(f"{fault}. Reissue in every cluster of the mesh first.")


def _older(report: Report, target: str) -> str:
    if report.standing.signs_under != target:
        return f"signs under {root_named(report.standing.signs_under)}"
    if report.ignored:
        return f"hands out {roots_named(report.ignored)} in spite of its CA"
    return f"has certificates under {roots_named(report.issuers - {target})}"


def elsewhere(other: str) -> str:
    """Return why this run does not rotate a CA that another tool manages, as the end of a sentence that begins with the cluster."""
    reason = f"{other} manages its CA, so a write here would change nothing or would be written back"
    way = "Rotate the issuer there, and keep the old root beside the new root in its CA bundle until every workload has a new certificate"
    return f"{reason}. {way}"


def root_named(fingerprint: str) -> str:
    return "a new root" if fingerprint == NEW else f"root {short(fingerprint)}"


def roots_named(fingerprints: Iterable[str]) -> str:
    return ", ".join(root_named(one) for one in sorted(fingerprints)) or "no other"

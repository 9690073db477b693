# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the proxies that control planes serve with those that are pods. A proxy that is no pod cannot be seen, and a retired root may cut it off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Connected:
    """A proxy, by the names that it told a control plane, and the ID of its cluster."""

    cluster: str
    namespace: str
    name: str

    @property
    def where(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Served:
    """What the control planes of a cluster said: the `ids` of their own cluster, their `proxies`, and the clusters to which they are `linked`.

    `silent` are the pods that said nothing.
    """

    ids: frozenset[str] = frozenset()
    proxies: frozenset[Connected] = frozenset()
    linked: frozenset[str] = frozenset()
    silent: tuple[str, ...] = ()

    def of(self, ids: Collection[str]) -> list[str]:
        """Return the proxies of a cluster, as namespace/name."""
        return sorted(one.where for one in self.proxies if one.cluster in ids)

    def elsewhere(self) -> dict[str, list[str]]:
        """Return the proxies of other clusters, by the ID of the cluster."""
        return {cluster: self.of([cluster]) for cluster in sorted({one.cluster for one in self.proxies} - self.ids)}


def findings(clusters: Mapping[str, Facts], members: Iterable[str], acknowledged: bool) -> list[str]:
    """Return why no root may be retired, because something that nobody can see may use it. `members` are all clusters of the mesh, also excluded ones."""
    known = {*members, *(one for facts in clusters.values() for one in facts.get("ids") or ())}
    sentences = []
    for name, facts in clusters.items():
        strange = sorted(({*(facts.get("linked") or ())} | {*(facts.get("elsewhere") or ())}) - known)
        if strange:
            fault = f"{name}: its control plane is linked to {', '.join(strange)}, no cluster of this mesh in the inventory. The proxies there would be cut off"
            sentences.append(f"{fault}. Add that cluster to the inventory, or remove the link if it is a leftover.")
        if facts.get("node_proxies"):
            fault = f"{name}: proxies of whole nodes run there ({_some(facts['node_proxies'])}). Nobody can see what they trust, so a rotation could not wait"
            sentences.append(f"{fault}. This mesh cannot be rotated here.")
        if facts.get("stranded"):
            fault = f"{name}: proxies of the mesh run in {_some(facts['stranded'])}, which its configuration leaves out, so these proxies get no new bundle"
            sentences.append(f"{fault}. Have the control plane serve the namespace, or take the proxies out of the mesh.")
        if not acknowledged:
            sentences += [f"{name}: {said}. If you accept that, set rotate_unseen_acknowledged: true." for said in _unseen(facts)]
    return sentences


def _unseen(facts: Facts) -> list[str]:
    unseen, silent = facts.get("unseen") or (), facts.get("silent") or ()
    said = []
    if unseen:
        said.append(f"{_some(unseen)}: connected to the control plane and no pod here, as a virtual machine is. Nobody can see it, and it is cut off "
                    "unless it takes over the new root by itself")  # fmt: skip
    if silent:
        said.append(f"{_some(silent)} does not say which proxies it serves, so nobody can see those that are no pods")
    return said


def notes(facts: Facts, acknowledged: bool) -> list[str]:
    """Return sentences for the plan about what is not measured."""
    said = [f"not looked at, although acknowledged: {text}" for text in _unseen(facts)] if acknowledged else []
    if facts.get("foreign"):
        said.append(f"not looked at, because its proxy does not belong to this mesh: {_some(facts['foreign'])}")
    if facts.get("unselected"):
        said.append(f"not looked at, because the mesh's configuration leaves the namespace out: the trust bundle in {_some(facts['unselected'])}")
    if facts.get("by_hand"):
        said.append(f"takes no new bundle while it runs, and nothing here can restart it: {_some(facts['by_hand'])}. Restart it when a step names it")
    return said


def _some(names: Collection[str]) -> str:
    first = sorted(names)[:5]
    return ", ".join(first) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

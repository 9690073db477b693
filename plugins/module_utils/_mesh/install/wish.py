# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wished of a control plane and its gateways in one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import Refused
from ..names import label_fault


@dataclass(frozen=True)
class ControlPlane:
    """One revision in one cluster, where the mesh has revisions. `values` is keyed by chart.

    Without a `provider` it is the mesh that is meant where nothing is said.

    `charts` is where the charts come from: {"source": repository|oci|directory, "location": URL or path}.
    `inventory` is the directory in which a relative path of a chart begins.
    `mirror` is what stands for the internet: {"charts": URL or path, "images": registry, "hosts": those that nodes are led to a mirror of}.
    `primary_address` is, for a remote cluster, where its primary's gateway is reached; `primary_given` says that the inventory named it.
    `serves_remotes` says that the gateway must let remote clusters reach this control plane.
    `default_revision` is the revision that validates what users write; empty to leave it as it is, and to be it where none is.
    `crds` is "managed", or "external" where somebody else owns the mesh's CRDs.
    """

    cluster: str
    mesh: str
    network: str = ""
    provider: str = ""
    version: str = ""
    revision: str = ""
    tags: Sequence[str] = ()
    default_revision: str = ""
    namespace: str = ""
    trust_domain: str = "cluster.local"
    role: str = "primary"
    primary: str = ""
    primary_address: str = ""
    primary_given: bool = False
    serves_remotes: bool = False
    platform: str = ""
    crds: str = "managed"
    charts: Mapping[str, str] = field(default_factory=dict)
    inventory: str = ""
    mirror: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, wish: Mapping[str, Any]) -> ControlPlane:
        """From a dictionary; refuses what it does not know, so that a typing error is no silent default."""
        known = {f.name for f in fields(cls)}
        cluster = wish.get("cluster", "the cluster")
        unknown = sorted(set(wish) - known)
        if unknown:
            raise Refused(f"{cluster}: the wish for the control plane has the unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
        plane = cls(**{key: value for key, value in wish.items() if value is not None})
        faults = [*([label_fault("revision", plane.revision)] if plane.revision else ()), *(label_fault("revision tag", tag) for tag in plane.tags)]
        if plane.default_revision:
            faults.append(label_fault("default revision", plane.default_revision))
        if plane.revision in plane.tags:
            faults.append(f"the revision tag {plane.revision!r} has the name of the revision itself")
        strange = sorted(set(plane.mirror) - {"charts", "images", "hosts"})
        if strange:
            faults.append(f"mesh_mirror has the unknown keys {', '.join(strange)}; known are charts, hosts, images")
        if plane.role == "remote" and not plane.primary:
            faults.append("a remote cluster needs the name of its primary")
        told = [fault for fault in faults if fault]
        if told:
            raise Refused(f"{cluster}: {'; '.join(told)}. Mend the mesh_* variables of this cluster.")
        return plane


def merged(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Dictionaries laid over each other, the last one wins; nested ones are merged, lists are replaced."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in (layer or {}).items():
            below = result.get(key)
            if isinstance(below, Mapping) and isinstance(value, Mapping):
                result[key] = merged(below, value)
            elif isinstance(value, Mapping):
                result[key] = merged(value)
            else:
                result[key] = value
    return result

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wish for a control plane and its gateways in one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import Refused
from ..names import label_fault


@dataclass(frozen=True)
class ControlPlane:
    """One revision in one cluster, if the mesh has revisions. `values` is keyed by chart.

    An empty `provider` means the default provider.

    `charts` says where the charts come from: {"source": repository|oci|directory, "location": URL or path}.
    `inventory` is the directory from which relative paths of charts start.
    `mirror` replaces the internet: {"charts": URL or path, "images": registry, "hosts": registries that the nodes reach through a mirror}.
    `primary_address` is the address of the primary's gateway, for a remote cluster; `primary_given` says that the inventory names it.
    `serves_remotes` says that the gateway must let remote clusters reach this control plane.
    `backups` is the directory with snapshots of what the product keeps; empty if none are saved.
    `default_revision` is the revision that validates users' objects. If it is empty, the present one stays, or this one becomes it.
    `crds` is "managed", or "external" if somebody else owns the mesh's CRDs. `planes` are the revisions of planes in the same namespace, which go with it.
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
    backups: str = ""
    planes: Sequence[str] = ()

    @classmethod
    def of(cls, wish: Mapping[str, Any]) -> ControlPlane:
        """Return the wish in a dictionary. Refuse unknown keys, so that a typing error never silently means a default."""
        known = {f.name for f in fields(cls)}
        cluster = wish.get("cluster", "the cluster")
        unknown = sorted(set(wish) - known)
        if unknown:
            raise Refused(f"{cluster}: the wish for the control plane has the unknown keys {', '.join(unknown)}. Known keys are {', '.join(sorted(known))}.")
        plane = cls(**{key: value for key, value in wish.items() if value is not None})
        faults = [*([label_fault("revision", plane.revision)] if plane.revision else ()), *(label_fault("revision tag", tag) for tag in plane.tags)]
        if plane.default_revision:
            faults.append(label_fault("default revision", plane.default_revision))
        if plane.revision in plane.tags:
            faults.append(f"the revision tag {plane.revision!r} has the same name as the revision")
        strange = sorted(set(plane.mirror) - {"charts", "images", "hosts"})
        if strange:
            faults.append(f"mesh_mirror has the unknown keys {', '.join(strange)} (known keys are charts, hosts, images)")
        if plane.role == "remote" and not plane.primary:
            faults.append("the cluster is a remote, but mesh_primary does not name its primary")
        wrong = [fault for fault in faults if fault]
        if wrong:
            raise Refused(f"{cluster}: {'; '.join(wrong)}. Correct the mesh_* variables of this cluster.")
        return plane


def merged(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Merge dictionaries, also nested ones. The last one wins; lists are replaced, not merged."""
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

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each istiod can read the trust domains of the other clusters of its mesh.

Since 1.29 it reads them from the ConfigMap of its own revision there, and takes cluster.local where that is missing: istio#58455, istio#59474.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...._mesh.few_names import few
from ...._mesh.install.versions import minor
from ...._mesh.install.wish import ControlPlane

_USUAL, _READS, _SHOWN = "cluster.local", (1, 29), 5


def faults(wishes: Sequence[ControlPlane]) -> Mapping[str, Sequence[str]]:
    """Return what the istiods of a cluster would expect wrongly of others, by cluster, as half sentences: one for all that have the same instead."""
    readers = [one for one in wishes if one.role == "primary" and _reads(one.version)]
    return {own.cluster: said for own in readers if (said := _mistakes(own, wishes))}


def _mistakes(own: ControlPlane, wishes: Sequence[ControlPlane]) -> list[str]:
    known, config = (_USUAL, *_aliases(own)), _config(own)
    others: dict[tuple[str, str], list[str]] = {}
    for one in wishes:
        if one.trust_domain not in known and _config(one) != config:
            others.setdefault((_config(one), one.trust_domain), []).append(one.cluster)
    return [
        f"istiod reads the trust domain of {few(names, _SHOWN)} from the ConfigMap {config} there, where mesh_revision makes {theirs}, so it would expect "
        f"{_USUAL} instead of {domain} and refuse those workloads; give all clusters one mesh_revision and mesh_namespace, or name {domain} in "
        "meshConfig.trustDomainAliases of istiod in mesh_values"
        for (theirs, domain), names in others.items()
    ]


def _reads(version: str) -> bool:
    """A version that nobody named, or that is no number, is a new one."""
    return (minor(version) or _READS) >= _READS


def _config(wish: ControlPlane) -> str:
    return f"{wish.namespace}/istio{'' if wish.revision in ('', 'default') else f'-{wish.revision}'}"


def _aliases(wish: ControlPlane) -> Sequence[str]:
    config = (wish.values.get("istiod") or {}).get("meshConfig")
    aliases = config.get("trustDomainAliases") if isinstance(config, Mapping) else None
    return [str(one) for one in aliases] if isinstance(aliases, list) else []

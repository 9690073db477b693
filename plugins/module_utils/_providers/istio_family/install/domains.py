# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each istiod can read the trust domains of the other clusters of its mesh.

Since 1.29 it reads them from the ConfigMap of its own revision there, and takes cluster.local where that is missing: istio#58455, istio#59474.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from ...._mesh.install.versions import minor
from ...._mesh.install.wish import ControlPlane

_USUAL, _READS = "cluster.local", (1, 29)


def faults(wishes: Sequence[ControlPlane]) -> Mapping[str, Sequence[str]]:
    """Return what the istiods of a cluster would expect wrongly of another one, by cluster, as half sentences."""
    found: dict[str, list[str]] = {}
    for own, other in permutations(wishes, 2):
        if own.role == "primary" and _reads(own.version) and other.trust_domain not in (_USUAL, *_aliases(own)) and _config(own) != _config(other):
            found.setdefault(own.cluster, []).append(
                f"istiod reads the trust domain of {other.cluster} from the ConfigMap {_config(own)} there, but {other.cluster} has {_config(other)} by its "
                f"mesh_revision, so it would expect {_USUAL} instead of {other.trust_domain} and refuse its workloads; give both clusters one mesh_revision "
                f"and mesh_namespace, or name {other.trust_domain} in meshConfig.trustDomainAliases of istiod in mesh_values"
            )
    return found


def _reads(version: str) -> bool:
    """A version that nobody named, or that is no number, is a new one."""
    return (minor(version) or _READS) >= _READS


def _config(wish: ControlPlane) -> str:
    return f"{wish.namespace}/istio{'' if wish.revision in ('', 'default') else f'-{wish.revision}'}"


def _aliases(wish: ControlPlane) -> Sequence[str]:
    config = (wish.values.get("istiod") or {}).get("meshConfig")
    aliases = config.get("trustDomainAliases") if isinstance(config, Mapping) else None
    return [str(one) for one in aliases] if isinstance(aliases, list) else []

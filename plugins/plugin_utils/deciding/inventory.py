# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles and playbooks ask about the hosts of an inventory. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.given_text import elements
from ...module_utils._mesh.install.defaults import Defaults
from ...module_utils._mesh.member import named, of_mesh, remotes_of
from ...module_utils._mesh.reach.options import anchor
from ...module_utils._providers import DEFAULT, provider
from .. import filters
from ..hosts import Variables, clusters, faults, mates
from ..meshes import group
from .mesh import needs_gateway


def group_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> str:
    """Return the name of the inventory group that the playbooks make for the cluster's mesh.

    `hosts` are the names to look among. Any other cluster, and one whose mesh cannot be read, is in the group of no mesh; `_unread` says why.
    """
    try:
        return group(str(Variables(cluster, hostvars[cluster]).mesh or "") if cluster in hosts else "")
    except MeshError:
        return group("")


def topology(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """Return the `clusters` of the cluster's mesh by name, whether it `serves_remotes`, the `primary` that serves it, and
    whether it needs an east-west `gateway`.

    Refuses a host that is no cluster of a mesh, and a mesh of which a cluster's variables cannot be read.
    """
    everyone = mates(hosts, hostvars, cluster)
    own = named(everyone, cluster)
    return {
        "clusters": [one.name for one in of_mesh(everyone, own.mesh)],
        "serves_remotes": bool(remotes_of(everyone, own)),
        "primary": "" if own.serves else own.primary,
        "gateway": needs_gateway(everyone, own),
    }


def default(mesh: str, what: str) -> Any:
    """Return what holds for a kind of mesh if the inventory says nothing: a field of Defaults, or the kind itself with `provider`.

    Returns an empty text for a kind that is not known; `_refusals` names it in a sentence that Ansible does not bury. Refuses an unknown `what`.
    """
    if what == "provider":
        return mesh or DEFAULT
    known = {field.name for field in fields(Defaults)}
    if what not in known:
        raise Refused(f"No mesh has a default called {what!r}; there are {', '.join(sorted(known))}.")
    try:
        value = getattr(provider(mesh).defaults, what)
    except Refused:
        return ""
    return list(value) if isinstance(value, tuple) else value


def beside(path: str | None, folder: str | None) -> str:
    """Return the path of a directory that an inventory names: a relative one begins at `folder`, the inventory's own, as all paths of an inventory do.

    Ansible would begin at the playbook's folder, which is in the installed collection.
    """
    return anchor(str(path or ""), str(folder or "")) if path else ""


class FilterModule:
    """`_clusters` selects the hosts that are clusters of a mesh, `_unread` says what cannot be read of them, `_as_list` reads a list that may come as text.

    `_beside` completes a path that the inventory names.
    """

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _as_list=elements, _beside=beside, _clusters=clusters, _default=default, _group=group_of, _topology=topology, _unread=faults,
        )  # fmt: skip

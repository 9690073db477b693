# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning over clusters, on the controller: each filter is one call of a decision."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from ..module_utils._mesh.errors import MeshError, Refused
from ..module_utils._mesh.given_text import elements
from ..module_utils._mesh.health.health import HealthFacts
from ..module_utils._mesh.health.probe import ProbeWish
from ..module_utils._mesh.install import gateway_api
from ..module_utils._mesh.install.defaults import Defaults
from ..module_utils._mesh.install.inventory_wish import wished
from ..module_utils._mesh.install.stage import PARTS, of_part
from ..module_utils._mesh.install.wish import ControlPlane
from ..module_utils._mesh.lease import rights
from ..module_utils._mesh.lease.lease import NAMESPACE
from ..module_utils._mesh.links import peers
from ..module_utils._mesh.member import Member, named, of_mesh, remotes_of
from ..module_utils._mesh.objects.change import Ref
from ..module_utils._mesh.reach import helm, job_environment
from ..module_utils._mesh.reach.options import anchored_root
from ..module_utils._mesh.report import summary, table
from ..module_utils._mesh.trust.root_secret import NAME as ROOT_NAME
from ..module_utils._providers import provider as _mesh
from ..plugin_utils.hosts import Variables, base, clusters, faults, mates, member, told, unread
from ..plugin_utils.meshes import group


def mesh_clusters(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    return clusters(hosts, hostvars)


def mesh_group(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> str:
    name = Variables(cluster, hostvars[cluster]) if cluster in hosts else {}
    try:
        return group(str(name.get("mesh_name") or ""))
    except MeshError:  # is told by mesh_unread
        return group("")


def mesh_unread(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    return faults(hosts, hostvars)


def mesh_list(given: Any) -> list[Any]:
    return elements(given)


def mesh_links(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, optional: Iterable[str] = ()) -> list[dict[str, Any]]:
    tolerated = set(optional)
    return [
        {
            **(replace(peer.connection, options={}) if (gap := unread(peer)) else peer.connection).entry,
            "unread": gap,
            "server": peer.api_server,
            "tls_server_name": peer.tls_server_name,
            "ca": peer.api_ca,
            "required": peer.name not in tolerated,
        }
        for peer in peers.peers(mates(hosts, hostvars, cluster), cluster)
    ]


def mesh_expected(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, without: Iterable[str] = ()) -> dict[str, Any]:
    everyone = mates(hosts, hostvars, cluster)
    own, gone = named(everyone, cluster), set(without)
    remotes = {peer.name: peer.network for peer in peers.peers(everyone, cluster) if peer.name not in gone}
    return {"role": own.role, "network": own.network, "gateway": _gateway(everyone, own), "remotes": remotes}


def _gateway(everyone: list[Member], own: Member) -> bool:
    """A gateway is needed where the mesh has more than one network, or where remote clusters must reach the control plane of their primary."""
    if not _mesh(own.provider).defaults.gateways:
        return False
    networks = {one.network for one in of_mesh(everyone, own.mesh)}
    return len(networks) > 1 or bool(remotes_of(everyone, own))


def mesh_topology(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    everyone = mates(hosts, hostvars, cluster)
    own = named(everyone, cluster)
    return {
        "clusters": [one.name for one in of_mesh(everyone, own.mesh)],
        "serves_remotes": bool(remotes_of(everyone, own)),
        "gateway": _gateway(everyone, own),
    }


def mesh_connection(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    return member(hosts, hostvars, cluster).connection.task


def mesh_environment(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, str]:
    """What an automation platform sets for another cluster, silenced. For TLS verification that is a yes: to Helm's module nothing is no truth value."""
    if not job_environment.set_at_all(os.environ):
        return {}  # for each task and host, nothing has to be rendered where nothing is to be silenced
    theirs = job_environment.foreign(member(hosts, hostvars, cluster).connection.options, os.environ)
    return {name: "true" if name in job_environment.TRUTHS else "" for name in theirs}


def mesh_helm(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    own = member(hosts, hostvars, cluster)
    try:
        found = helm.way(own.connection, os.environ, lambda path: os.path.expanduser(os.path.expandvars(path)))
    except helm.NoWay as error:
        raise MeshError(f"{own.name}: {error}.") from None
    return {"options": dict(found.options), "environment": dict(found.environment)}


def mesh_root(hosts: Sequence[str], hostvars: Mapping[str, Any], root: Mapping[str, Any], trust_cluster: str) -> dict[str, Any]:
    if not isinstance(root, Mapping):
        raise Refused("mesh_root has to be a dictionary, such as {source: generated}; with -e it is given as JSON as a whole: -e '{\"mesh_root\": {…}}'.")
    root = anchored_root(root, base(hosts, hostvars, trust_cluster))
    elsewhere = root.get("source", "generated") not in ("generated", "secret")
    if "kube" in root or (elsewhere and not trust_cluster):
        return dict(root)
    if not trust_cluster:
        raise Refused("mesh_trust_cluster is not set. Name the cluster of the mesh that keeps its root CA as a Secret.")
    return {**root, "kube": member(hosts, hostvars, trust_cluster).connection.task}


def mesh_crd_groups(provider: str) -> list[str]:
    return [*_mesh(provider).install.requirements().groups, gateway_api.GROUP]


def _stages(wish: Mapping[str, Any], part: str, back: bool = False) -> list[dict[str, Any]]:
    plane = ControlPlane.of(wish)
    install = _mesh(plane.provider).install
    if part not in PARTS:
        raise Refused(f"A mesh has no part {part!r}; its parts are {' and '.join(PARTS)}.")
    return [step for stage in of_part(install.teardown(plane) if back else install.stages(plane), part) for step in stage.steps()]


def mesh_wish(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    everyone, inputs = mates(hosts, hostvars, cluster), dict(given or {})
    own = named(everyone, cluster)
    defaults = _mesh(inputs.get("provider") or own.provider).defaults
    known = {"role": own.role, "network": own.network, "serves_remotes": bool(remotes_of(everyone, own))}
    return wished(cluster, Variables(cluster, hostvars[cluster]), defaults, {**known, **inputs})


def mesh_default(provider: str, what: str) -> Any:
    """Nothing of a mesh that is not known: that is refused by mesh_refusals, in a sentence that Ansible does not bury."""
    known = {field.name for field in fields(Defaults)}
    if what not in known:
        raise Refused(f"No mesh has a default called {what!r}; there are {', '.join(sorted(known))}.")
    try:
        found = getattr(_mesh(provider).defaults, what)
    except Refused:
        return ""
    return list(found) if isinstance(found, tuple) else found


def mesh_stages(wish: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    return _stages(wish, part)


def mesh_teardown(wish: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    return _stages(wish, part, back=True)


def mesh_probe(wish: Mapping[str, Any], provider: str) -> list[dict[str, Any]]:
    return list(_mesh(provider).health.probe(ProbeWish(**wish)).manifests)


def mesh_permissions(
    provider: str, namespace: str, platform: str = "", probe_namespace: str = "", root: Mapping[str, Any] | None = None
) -> list[dict[str, str]]:
    wanted: list[dict[str, str]] = _mesh(provider).install.permissions(namespace, platform, probe_namespace)
    return [*wanted, *_rights_to_root(root or {})]


def _rights_to_root(root: Mapping[str, Any]) -> list[dict[str, str]]:
    """Of the cluster that keeps it; what is wrong with its description is told by mesh_root."""
    source = root.get("source", "generated") if isinstance(root, Mapping) and root else ""
    if source not in ("generated", "secret") or "kube" in root:
        return []
    where = Ref("v1", "Secret", root.get("name") or ROOT_NAME, root.get("namespace") or NAMESPACE)
    return rights.to_make_root(where) if source == "generated" else rights.to_root(where, where, replaced=False)


def mesh_table(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> list[str]:
    return table.status(_read(hosts, hostvars, variable), datetime.now(UTC))


def mesh_first(findings: Sequence[str]) -> list[str]:
    return table.first(list(findings))


def mesh_report(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str, brief: bool = False) -> dict[str, Any]:
    read, told = _read(hosts, hostvars, variable), summary.brief if brief else dict
    return {name: {"unreached": facts} if isinstance(facts, str) else told(facts) for name, facts in read.items()}


_FACTS = ("findings", "notices", "trust", *(field.name for field in fields(HealthFacts)))


def _read(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """By cluster, what mesh_info said, or the sentence that says why it said nothing."""
    found: dict[str, Any] = {}
    for name in hosts:
        result = hostvars[name].get(variable) or {}
        if result.get("failed") or "planes" not in result:
            found[name] = result.get("msg") or " ".join(faults([name], hostvars)) or f"{name}: nothing was read from it."
        else:
            found[name] = {"site": hostvars[name].get("mesh_site") or "", **{fact: result[fact] for fact in _FACTS if fact in result}}
    return found


class FilterModule:
    """The filters of the collection."""

    def filters(self) -> dict[str, Any]:
        found = (
            mesh_clusters,
            mesh_connection,
            mesh_crd_groups,
            mesh_default,
            mesh_environment,
            mesh_expected,
            mesh_first,
            mesh_group,
            mesh_helm,
            mesh_links,
            mesh_list,
            mesh_permissions,
            mesh_probe,
            mesh_report,
            mesh_root,
            mesh_stages,
            mesh_table,
            mesh_teardown,
            mesh_topology,
            mesh_unread,
            mesh_wish,
        )
        return {filter_.__name__: told(filter_) for filter_ in found}

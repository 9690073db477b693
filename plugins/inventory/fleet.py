# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the sources that a fleet file names, and make the inventory that _mesh/fleet/plan.py decides."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
author: meshops contributors (@meshops)
version_added: 0.1.0
short_description: Make hosts from the clusters of kubeconfigs, of a file, or of an ACM or OCM hub
description:
  - The plugin reads a fleet file, whose name ends in C(fleet.yml) or C(fleet.yaml). Each host is a cluster. Hosts come from the file itself, from the contexts
    of kubeconfigs, and from the C(ManagedCluster) objects of a hub of Red Hat Advanced Cluster Management (ACM) or Open Cluster Management (OCM). The file also
    describes their meshes and sites.
  - Entries that name the same cluster are one host. A context overrides the hub, and O(clusters) overrides both.
  - No credential gets into the inventory. A host has the path of a kubeconfig and a context, or a URL and a reference to a variable with the credential, best
    a variable of ansible-vault.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [meshops.lifecycle.fleet]
  clusters:
    description:
      - The C(mesh_*) variables of clusters, by the cluster's name. Put other variables of the host below C(vars).
      - A cluster of the same name from O(contexts) or from the O(hub) gets these variables too.
    type: dict
    default: {}
  sites:
    description:
      - The C(mesh_*) variables that all clusters of a site share, by the site's name. They become variables of its group.
      - A cluster belongs to the site that its C(mesh_site) names.
    type: dict
    default: {}
  meshes:
    description:
      - The C(mesh_*) variables that all clusters of a mesh share, by the mesh's name. They become variables of its group.
      - A cluster belongs to the mesh that its C(mesh_name) names, or the C(mesh_name) of its site.
    type: dict
    default: {}
  defaults:
    description: The C(mesh_*) variables of all clusters. They become variables of the group O(group).
    type: dict
    default: {}
  contexts:
    description: Contexts of kubeconfigs, each of which becomes a host.
    type: list
    elements: dict
    default: []
    suboptions:
      kubeconfig:
        description:
          - One kubeconfig. A relative path starts at the directory of this file.
          - Without it, the plugin reads the file that E(K8S_AUTH_KUBECONFIG) or E(KUBECONFIG) names, or C(~/.kube/config). The hosts then name the context
            alone, so that each run looks for its kubeconfig in the same way. This is what AWX needs, where each job has another file.
        type: str
      include:
        description: Patterns such as V(prod-*). The name of a context must match one of them.
        type: list
        elements: str
        default: ["*"]
      exclude:
        description: Patterns that the name of a context must not match.
        type: list
        elements: str
        default: []
      names:
        description: The names of hosts by the names of contexts. A context whose name is not a DNS label needs one.
        type: dict
        default: {}
      variables:
        description: The C(mesh_*) variables of all these clusters.
        type: dict
        default: {}
  hub:
    description: An ACM or OCM hub. Each cluster that it has accepted becomes a host.
    type: dict
    suboptions:
      kubeconfig:
        description: The kubeconfig for the hub. A relative path starts at the directory of this file.
        type: str
        required: true
      context:
        description: The hub's context in that kubeconfig.
        type: str
        required: true
      cluster_uid:
        description: The UID that the hub's namespace C(kube-system) must have.
        type: str
      selector:
        description: Take only clusters with these labels, as in V(environment=prod,!legacy).
        type: str
      clusterset:
        description: Take only clusters of this C(ManagedClusterSet).
        type: str
      unavailable:
        description:
          - What to do with clusters that the hub does not see as available.
          - With V(keep) they become hosts whose variable C(ocm_available) is false. Without them, a run would take their mesh for a smaller one.
          - With V(skip) the plugin leaves them out.
        type: str
        choices: [keep, skip]
        default: keep
      pin:
        description:
          - Whether to make C(mesh_cluster_uid) from the claim C(id.k8s.io), which is usually the UID of the namespace C(kube-system).
          - On OpenShift, ACM writes another ID there, and elsewhere it may be a name. The plugin makes nothing from such a claim.
        type: bool
        default: true
      labels:
        description:
          - Which label of a C(ManagedCluster) gives a variable. The keys are the variables, the values are the labels.
          - C(mesh_name), C(mesh_site), C(mesh_provider), C(mesh_network), C(mesh_role) and C(mesh_primary) come from the labels C(meshops.lifecycle/mesh),
            C(meshops.lifecycle/site) and so on, unless you name other labels.
        type: dict
        default: {}
      kube:
        description:
          - The connection to the clusters, as in C(mesh_kube).
          - With C(kubeconfig), the plugin uses the context that has the cluster's name, unless C(context) gives another one.
          - With C(api_key), which refers to a variable, the plugin uses the URL and the CA certificate that the hub knows.
        type: dict
        default: {}
  prefixes:
    description:
      - The prefixes of the names of groups, by the kind of group. The kinds are C(mesh), C(site), C(provider) and C(role).
      - With an empty prefix the group has the name of the mesh or site. The plugin replaces each character that a group's name may not hold with C(_).
    type: dict
    default: {mesh: mesh_, site: site_, provider: provider_, role: role_}
  group:
    description: The group of all these clusters.
    type: str
    default: fleet
  same_cluster:
    description:
      - What to do if two hosts lead to the same cluster, by their context, URL or ID.
      - Use V(warn) for clusters behind addresses that look the same.
    type: str
    choices: [refuse, warn]
    default: refuse
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
requirements:
  - kubernetes >= 29.0 on the controller, if you use a hub
notes:
  - Ansible only warns about an inventory that it cannot read. Set C(any_unparsed_is_failed=true) in the section C([inventory]) of C(ansible.cfg) to make
    Ansible fail.
  - The plugin makes groups from the meshes, sites, providers and roles in this file and its sources. It does not read C(group_vars) or C(host_vars).
  - The cache keeps the answer of the hub. It has no credential.
  - Variables of a site override those of its mesh, and both override O(defaults). Files in C(group_vars) override all three.
"""

EXAMPLES = r"""
# fleet.yml: two clusters, all of it in one file
plugin: meshops.lifecycle.fleet
defaults:
  mesh_kube: {kubeconfig: ~/.kube/config, context: "{{ inventory_hostname }}"}
meshes:
  shop: {mesh_version: "1.31", mesh_trust_cluster: east}
sites:
  onprem: {mesh_name: shop, mesh_network: onprem}
  cloud: {mesh_name: shop, mesh_network: cloud}
clusters:
  east: {mesh_site: onprem}
  west: {mesh_site: cloud, mesh_locality: {region: eu-2}}
---
# prod.fleet.yml: contexts of a kubeconfig
plugin: meshops.lifecycle.fleet
contexts:
  - include: ["prod-*", "gke_*"]
    exclude: ["*-sandbox"]
    names: {gke_shop_europe-west4_eu: gke-eu}
    variables: {mesh_name: shop}
clusters:
  prod-east: {mesh_site: onprem, mesh_network: onprem}
---
# acm.fleet.yml: the clusters of an ACM hub, with tokens out of ansible-vault
plugin: meshops.lifecycle.fleet
hub:
  kubeconfig: ~/.kube/hub
  context: hub
  clusterset: shop
  kube:
    api_key: "{{ vault_tokens[inventory_hostname] }}"
keyed_groups:
  - key: ocm_labels.environment
    prefix: env
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/fleet
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.helpers import get_group_vars
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ..module_utils._kube.connect import connect
from ..module_utils._kube.reach.kubeconfig import contexts
from ..module_utils._mesh.errors import MeshError, Refused
from ..module_utils._mesh.fleet import file
from ..module_utils._mesh.fleet.contexts import DiscoveredCluster, of_contexts
from ..module_utils._mesh.fleet.hub import API_VERSION, CLUSTERSET, KIND, facts, of_hub
from ..module_utils._mesh.fleet.plan import Fleet, plan
from ..module_utils._mesh.reach.content import content_kind
from ..module_utils._mesh.reach.job_environment import usual
from ..module_utils._providers import DEFAULT

_ENDINGS = ("fleet.yml", "fleet.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "meshops.lifecycle.fleet"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(_ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        options = self.get_options()
        try:
            file.keys(path, "the file", config, options)
            discovered = [*self._managed(path, options["hub"], cache), *_contexts(path, options["contexts"])]
            fleet = plan(path, options, discovered, DEFAULT)
        except MeshError as error:
            raise AnsibleParserError(str(error)) from error
        for warning in fleet.warnings:
            self.display.warning(warning)
        self._fill(fleet)
        self._construct(fleet)

    def _managed(self, path: str, given: Any, cache: bool) -> list[DiscoveredCluster]:
        """Return the hub's clusters, from the cache if it holds the answer to the same question."""
        if not given:
            return []
        wish = file.hub(path, given)
        asked = {key: wish.get(key) for key in ("kubeconfig", "context", "cluster_uid", "selector", "clusterset")}
        caching, key = self.get_option("cache"), self.get_cache_key(path)
        kept = self._cache.get(key) if caching and cache else None
        if not kept or kept["asked"] != asked:
            kept = {"asked": asked, "clusters": _read(path, asked)}
        if caching:
            self._cache[key] = kept
        return of_hub(kept["clusters"], wish)

    def _fill(self, fleet: Fleet) -> None:
        for name, group in fleet.groups.items():
            self.inventory.add_group(name)
            for key, value in {**group.variables, "ansible_group_priority": group.priority}.items():
                self.inventory.set_variable(name, key, value)
        for host in fleet.hosts:
            for name in host.groups:
                self.inventory.add_host(host.name, group=name)
            for key, value in host.variables.items():
                self.inventory.set_variable(host.name, key, value)

    def _construct(self, fleet: Fleet) -> None:
        strict = self.get_option("strict")
        for host in fleet.hosts:
            self._set_composite_vars(self.get_option("compose"), self._variables(host.name), host.name, strict=strict)
            known = self._variables(host.name)
            self._add_host_to_composed_groups(self.get_option("groups"), known, host.name, strict=strict, fetch_hostvars=False)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host.name, strict=strict, fetch_hostvars=False)

    def _variables(self, name: str) -> dict[str, Any]:
        host = self.inventory.get_host(name)
        return combine_vars(get_group_vars(host.get_groups()), host.get_vars())


def _contexts(path: str, given: Any) -> Iterator[DiscoveredCluster]:
    for number, entry in enumerate(given or [], 1):
        wish = file.contexts(path, f"entry {number} of contexts", entry)
        fixed = bool(wish.get("kubeconfig"))
        kubeconfig = _beside(path, wish["kubeconfig"]) if fixed else usual(os.environ)
        try:
            yield from of_contexts(contexts(kubeconfig), wish, kubeconfig, fixed)
        except MeshError as error:
            raise Refused(f"{path}: {error}") from error


def _read(path: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    selectors = [asked["selector"], f"{CLUSTERSET}={asked['clusterset']}" if asked["clusterset"] else None]
    try:
        params = {key: asked[key] for key in ("context", "cluster_uid")}
        hub = connect({**params, "cluster": "hub", "kubeconfig": _beside(path, asked["kubeconfig"])})
        if not hub.serves(API_VERSION, KIND):
            raise Refused(f"hub: {hub.server} has no API for {KIND}, so it is no hub of ACM or OCM. Check the hub's context.")
        return [facts(live) for live in hub.list(API_VERSION, KIND, labels=",".join(filter(None, selectors)) or None)]
    except MeshError as error:
        raise Refused(f"{path}: {error}") from error


def _beside(path: str, kubeconfig: str) -> str:
    """Return the path relative to the file. A `~` stays, because the user who reads the kubeconfig may have another home."""
    return kubeconfig if kubeconfig.startswith(("~", "$")) or content_kind(kubeconfig) else str(Path(path).absolute().parent / kubeconfig)

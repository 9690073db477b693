#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_target
short_description: Choose the root that a rotation goes to, and make it
version_added: 0.1.0
description:
  - Says which root a mesh is to end with. A root that is given is that root. Where the root is generated it is the one that a rotation under way
    goes to, or a new one, or the mesh's root itself while that is younger than O(min_age).
  - A new root is made once for all clusters and kept as a Secret beside the mesh's root, with C(-next) behind its name. Tasks for several clusters
    may run at the same time.
  - With O(state=settled) the rotation to O(target) ends. The root beside takes the place of the mesh's root. After a rotation that was turned back
    it is removed.
  - Private keys are made and used in memory. They are never returned, logged or written to disk.
author:
  - meshops contributors (@meshops)
options:
  state:
    description: V(chosen) at the begin, V(settled) at the end.
    type: str
    choices: [chosen, settled]
    default: chosen
  clusters:
    description: What was seen of every cluster of the mesh, from the filter P(meshops.lifecycle.mesh_rotation_clusters#filter).
    type: list
    elements: dict
    default: []
  min_age:
    description: How many seconds old a generated root has to be before it is rotated again, so that a repeated run ends.
    type: int
    default: 3600
  rollback:
    description: Go back to the former root.
    type: bool
    default: false
  renew_intermediates:
    description: Stay with the mesh's root, since only intermediates are to be replaced.
    type: bool
    default: false
  retire_roots:
    description:
      - Fingerprints of roots that are to be retired too although the rotation neither brought nor replaces them. Whatever else is trusted, as the root
        of a partner's mesh, stays.
    type: list
    elements: str
    default: []
  leaving:
    description: With O(state=settled), what was returned as RV(leaving). A root that lies beside and is none of these is left where it is.
    type: list
    elements: str
    default: []
  target:
    description: With O(state=settled), the fingerprint of the root that every cluster trusts by now.
    type: str
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the way to its cluster. Nothing is written without holding it.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
requirements:
  - cryptography >= 42
  - hvac >= 2.0, where O(root.source=vault)
seealso:
  - module: meshops.lifecycle.rotation
"""

EXAMPLES = r"""
- name: Choose the root to end with
  meshops.lifecycle.rotation_target:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    clusters: "{{ groups['all'] | meshops.lifecycle.mesh_rotation_clusters(hostvars, inventory_hostname, 'seen') }}"
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
"""

RETURN = r"""
fingerprint:
  description: SHA-256 of the root's certificate in hexadecimal, or V(new) in check mode where it would be made.
  returned: with O(state=chosen)
  type: str
certificate:
  description: The root's certificate, PEM. Empty where it is to be found in the clusters' bundles.
  returned: with O(state=chosen)
  type: str
says:
  description: Why this root.
  returned: with O(state=chosen)
  type: str
unsettled:
  description: Whether a root lies beside the mesh's, as it does from the begin of a rotation to its end.
  returned: with O(state=chosen)
  type: bool
changes:
  description: Each object that was looked after, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
leaving:
  description:
    - Fingerprints of the roots that the rotation gives up in the end, since it brought or replaces them, they have expired, or O(retire_roots) names them.
  returned: when O(state=chosen)
  type: list
  elements: str
stale:
  description: With O(renew_intermediates), fingerprints of the intermediates that are to be replaced.
  returned: when O(state=chosen)
  type: list
  elements: str
moment:
  description: When this was found. Whatever has an age in the rotation is measured at this moment.
  returned: when O(state=chosen)
  type: str
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation_target import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

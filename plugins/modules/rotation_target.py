#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_target
short_description: Choose the root with which a rotation ends, and make it
version_added: 0.1.0
description:
  - Chooses the root that a mesh has at the end of a rotation. If you give a root, the module chooses this one. If the root is generated, the module chooses
    the root of a rotation under way, or the mesh's root itself while it is younger than O(min_age), or a new root.
  - Makes a new root only once for all clusters, even if tasks for several clusters run at the same time. Keeps the new root in a Secret beside that of the
    mesh's root, with C(-next) behind its name.
  - With O(state=settled) the module ends the rotation to O(target). The next root replaces the mesh's root. After a rotation that you turned back, the module
    removes the next root.
  - The module makes and uses private keys in memory. It never returns, logs or writes them to disk.
author:
  - meshops contributors (@meshops)
options:
  state:
    description: V(chosen) at the beginning, V(settled) at the end.
    type: str
    choices: [chosen, settled]
    default: chosen
  clusters:
    description: The facts about every cluster of the mesh, as M(meshops.lifecycle.rotation_info) returns them.
    type: list
    elements: dict
    default: []
  min_age:
    description: How many seconds old a generated root must be before a run rotates it again. So a run that you repeat does not begin a second rotation.
    type: int
    default: 3600
  rollback:
    description: Whether to go back to the former root.
    type: bool
    default: false
  renew_intermediates:
    description: Whether to stay with the mesh's root, because the rotation replaces only intermediates.
    type: bool
    default: false
  retire_roots:
    description:
      - Fingerprints of roots to retire too although the rotation neither brought nor replaces them. Every other trusted root, such as the root of a partner's
        mesh, stays.
    type: list
    elements: str
    default: []
  leaving:
    description: With O(state=settled), what the module returned as RV(leaving). The module does not remove a next root that is none of these.
    type: list
    elements: str
    default: []
  target:
    description: With O(state=settled), the fingerprint of the root that every cluster trusts now.
    type: str
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the connection to its cluster. The module writes nothing unless
      the run holds this Lease.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
  - hvac >= 2.0, with O(root.source=vault)
seealso:
  - module: meshops.lifecycle.rotation
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
"""

EXAMPLES = r"""
- name: Choose the root to end with
  meshops.lifecycle.rotation_target:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    clusters: "{{ ansible_play_hosts | map('extract', hostvars, 'seen') }}"
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
"""

RETURN = r"""
fingerprint:
  description: SHA-256 of the root's certificate in hexadecimal, or V(new) in check mode if the run would make it.
  returned: with O(state=chosen)
  type: str
  sample: 9f31c2d4...
certificate:
  description: The root's certificate, PEM. Empty if the clusters' bundles hold it.
  returned: with O(state=chosen)
  type: str
  sample: "-----BEGIN CERTIFICATE-----\n..."
says:
  description: Why the module chose this root.
  returned: with O(state=chosen)
  type: str
  sample: a rotation to 'CN=shop root,O=shop.example' (51aa07be) is under way
unsettled:
  description: Whether the Secret of a next root exists, as it does from the beginning of a rotation to its end.
  returned: with O(state=chosen)
  type: bool
  sample: true
changes:
  description: Each object that the module checked or wrote, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret meshops-system/meshops-root-ca-next}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
leaving:
  description:
    - Fingerprints of the roots that the rotation gives up in the end, because it brought or replaces them, they have expired, or O(retire_roots) names them.
  returned: with O(state=chosen)
  type: list
  elements: str
  sample: []
stale:
  description: With O(renew_intermediates), fingerprints of the intermediates to replace.
  returned: with O(state=chosen)
  type: list
  elements: str
  sample: []
moment:
  description: When the module chose the root. All steps of the rotation judge by this moment what is old or expired.
  returned: with O(state=chosen)
  type: str
  sample: '2026-11-26T12:00:00Z'
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation_target import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

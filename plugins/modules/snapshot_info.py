#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: List the snapshots of a cluster and look into one
version_added: 0.1.0
description:
  - Lists the snapshots that M(meshops.lifecycle.snapshot) stored of a cluster, and says how old the last one is. Asks no cluster.
  - With O(file) the module has a program of yours open one, checks that it is whole, and names the certificates in it. It shows nothing else of it.
author:
  - meshops contributors (@meshops)
options:
  mesh:
    description: The name of the mesh.
    type: str
    required: true
  directory:
    description: Where the snapshots lie.
    type: path
    required: true
  file:
    description: A snapshot to look into.
    type: path
  decrypt:
    description: The program that decrypts O(file), and its arguments. It reads its standard input and must not ask for a password.
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds the program may take.
    type: int
    default: 300
seealso:
  - module: meshops.lifecycle.snapshot
  - name: Role backup
    link: https://github.com/meshops/lifecycle/blob/main/roles/backup/README.md
    description: The role C(backup), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
"""

EXAMPLES = r"""
- name: List the snapshots of east
  meshops.lifecycle.snapshot_info:
    kubeconfig: ~/.kube/config
    context: east
    provider: consul
    mesh: shop
    directory: /srv/snapshots
"""

RETURN = r"""
snapshots:
  description: The snapshots, the newest first, with C(file) and C(taken).
  returned: success
  type: list
  elements: dict
  sample: [{file: /srv/snapshots/east@shop.20261127T030000Z.snapshot, taken: '2026-11-27T03:00:00Z'}]
says:
  description: How old the last snapshot is, as half a sentence.
  returned: success
  type: str
  sample: its last snapshot was taken at 2026-11-27T03:00:00Z, 7 h ago
content:
  description: What O(file) holds, with its C(index) and the C(certificates), each with C(subject), C(fingerprint) and C(not_after) among others.
  returned: with O(file)
  type: dict
  sample: {index: 1482, certificates: [{subject: CN=shop root, fingerprint: 9f31c2d4..., not_after: "2036-11-18T09:30:00Z"}]}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.backup.snapshot_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

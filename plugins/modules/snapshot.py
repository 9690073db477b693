#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot
short_description: Save or restore what a mesh keeps in a store of its own
version_added: 0.1.0
description:
  - Gets a snapshot from the control plane of a cluster, checks that it is whole, has a program of yours encrypt it, and stores the result in a directory on the
    machine that runs the module. What is plain stays in memory and in pipes. To save takes a public key only.
  - The name of a file says of which cluster and mesh it is and when it was taken. So nothing else has to remember the age of the last snapshot.
  - With O(state=restored) the module puts a snapshot in place of everything that the control plane keeps. It refuses this without O(confirm), for a snapshot of
    another cluster, and for one without the CA that is in use.
  - The module refuses a kind of mesh that keeps everything in Kubernetes objects.
author:
  - meshops contributors (@meshops)
options:
  mesh:
    description: The name of the mesh. It is part of the names of files.
    type: str
    required: true
  state:
    description: Whether to save a snapshot or to restore one.
    type: str
    choices: [saved, restored]
    default: saved
  directory:
    description:
      - Where the snapshots lie. The module makes the directory, for this user alone, if it does not exist. Required to save.
    type: path
  encrypt:
    description:
      - The program that encrypts, and its arguments. It reads the snapshot on its standard input and writes the result to its standard output. No shell runs
        it.
      - The module stores nothing if the program fails or passes the snapshot on as it is.
    type: list
    elements: str
    default: []
  keep:
    description: How many snapshots of this cluster to keep, this one included. The module removes older ones. V(0) keeps all. Less is refused.
    type: int
    default: 30
  younger_than:
    description: If the last snapshot of this cluster is younger than this many seconds, the module saves none.
    type: int
    default: 0
  file:
    description: The snapshot to restore, under the name that it got when it was saved. Required to restore.
    type: path
  decrypt:
    description: The program that decrypts O(file), and its arguments. It reads its standard input and must not ask for a password.
    type: list
    elements: str
    default: []
  confirm:
    description: The name of the mesh, which confirms that the restore may replace what the control plane keeps.
    type: str
    default: ""
  other_ca:
    description:
      - Whether to restore a snapshot that does not hold the CA that is in use, for example one from before a rotation of the root. Workloads then get
        certificates of the CA in the snapshot.
    type: bool
    default: false
  timeout:
    description: How many seconds the snapshot, the programs and the restore may each take.
    type: int
    default: 300
seealso:
  - module: meshops.lifecycle.snapshot_info
  - name: Role backup
    link: https://github.com/meshops/lifecycle/blob/main/roles/backup/README.md
    description: The role C(backup), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
attributes:
  check_mode:
    support: full
    details:
      - In check mode the module also takes a snapshot and has it encrypted, and opens and judges the one to be restored. It stores and restores nothing.
  diff_mode:
    support: none
    details:
      - A snapshot holds keys and tokens, so nothing of it is shown.
  idempotent:
    support: partial
    details:
      - Each run saves another snapshot, unless the last one is younger than O(younger_than). Each restore counts as a change.
"""

EXAMPLES = r"""
- name: Save a snapshot for the holder of an age key
  meshops.lifecycle.snapshot:
    kubeconfig: ~/.kube/config
    context: east
    provider: consul
    mesh: shop
    directory: /srv/snapshots
    encrypt: [age, --recipient, age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
    keep: 14

- name: Restore a snapshot
  meshops.lifecycle.snapshot:
    kubeconfig: ~/.kube/config
    context: east
    provider: consul
    mesh: shop
    state: restored
    file: /srv/snapshots/east@shop.20261127T030000Z.snapshot
    decrypt: [age, --decrypt, --identity, /media/key/age.txt]
    confirm: shop
"""

RETURN = r"""
file:
  description: The last snapshot, or the restored one.
  returned: success
  type: str
  sample: /srv/snapshots/east@shop.20261127T030000Z.snapshot
taken:
  description: When the last snapshot was taken.
  returned: with O(state=saved)
  type: str
  sample: "2026-11-27T03:00:00Z"
index:
  description: How far the control plane's log was when it took the snapshot.
  returned: unless the last snapshot is young enough
  type: int
  sample: 4711
removed:
  description: The names of older snapshots that the module removed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.backup.snapshot import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Let one run at a time rotate the certificates of a mesh
version_added: 0.1.0
description:
  - Takes the C(Lease) of a mesh on its trust cluster, renews it where it is held already, or gives it back.
  - Each holder gets an epoch, a number that only grows. What is written under the Lease carries it, so that a run which was
    paused and lost the Lease meanwhile cannot write over the work of the next one.
  - A Lease that another run holds is watched. If it is renewed, the task fails at once and names the holder. If it is not
    renewed in the time that it was taken for, that run is dead, and the Lease is taken over. Only time that passes here is
    measured, so clocks may be wrong.
  - With O(state=released) the C(Lease) stays as an object without a holder, for it remembers the epoch. With O(state=absent) it goes, whoever holds it.
  - With O(state=shown) nothing is written, and RV(says) tells who holds it.
author:
  - meshops contributors (@meshops)
options:
  state:
    description:
      - Whether O(holder) holds the Lease after the task, or whether it is there at all.
      - A Lease that somebody else holds is only released if O(break_holder) names that holder.
    type: str
    choices: [held, released, absent, shown]
    default: held
  mesh:
    description: The name of the mesh. The Lease is called C(meshops-) and this name.
    type: str
    required: true
  holder:
    description:
      - Who takes the Lease, a name that no other run has.
      - A run that is repeated under the same name goes on in the same epoch.
      - A name is made of the user, the machine and something random where none is given. With O(state=released) it or O(break_holder) is needed.
    type: str
  kube:
    description: The connection to the cluster that keeps the Lease, with the connection options of this module as keys, where it is another one.
    type: dict
  duration:
    description:
      - For how many seconds the Lease is taken. It has to be renewed more often than that.
      - It is also how long a Lease of another is watched at most.
    type: int
    default: 60
  break_holder:
    description:
      - Take the Lease from the holder of this name at once, without watching it. Make sure before that this run is gone for good.
      - With O(state=released) it is taken from that holder and given to nobody.
      - Refused if another holds it.
    type: str
  at_least:
    description:
      - The highest epoch that was found on what earlier runs wrote. A new one is higher, even if somebody removed the Lease.
    type: int
    default: 0
  namespace:
    description: The namespace of the Lease. It is made if it is missing.
    type: str
    default: meshops-system
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details:
      - A Lease that another holds is watched in check mode too.
  diff_mode:
    support: full
    details:
      - The times of renewal are left out.
  idempotent:
    support: full
    details:
      - Who holds the Lease renews it each time, which is not counted as a change.
"""

EXAMPLES = r"""
- name: Be the only one who rotates the mesh
  meshops.lifecycle.lease:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    holder: pipeline-4711
  register: lease

- name: Give the Lease back
  meshops.lifecycle.lease:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    holder: pipeline-4711
    state: released
"""

RETURN = r"""
holder:
  description: Who holds the Lease now; empty when nobody does. In check mode, who would.
  returned: success
  type: str
epoch:
  description: The epoch of the holder, or of the last one.
  returned: success
  type: int
took_over:
  description: Whether the Lease was taken from somebody who had not given it back.
  returned: success
  type: bool
says:
  description: Who holds the Lease and until when by the holder's clock, as a sentence. Empty when nobody does.
  returned: with O(state=shown)
  type: str
changes:
  description: The Lease, and the namespace where it was made, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.lease.lease import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Let only one run at a time rotate the certificates of a mesh, or cut it over
version_added: 0.1.0
description:
  - Takes the C(Lease) of a mesh on its trust cluster, renews it if the holder has it already, or gives it back.
  - Each holder gets an epoch, a number that only grows. Every write under the Lease carries the epoch. So a run that was paused and lost the Lease meanwhile
    cannot write over the work of the next run.
  - Watches a Lease that another run holds. If that run renews it, the task fails at once and names the holder. If that run does not renew it within the time
    for which it took the Lease, it is dead, and the module takes the Lease over. The module measures only time that passes here, so clocks may be wrong.
  - With O(state=released) the C(Lease) stays as an object without a holder, because it remembers the epoch. With O(state=absent) the module removes it, whoever
    holds it.
  - With O(state=shown) the module writes nothing, and RV(says) names the holder.
author:
  - meshops contributors (@meshops)
options:
  state:
    description:
      - Whether O(holder) holds the Lease after the task, or whether the Lease exists at all.
      - The module releases a Lease of another holder only if O(break_holder) names that holder.
    type: str
    choices: [held, released, absent, shown]
    default: held
  mesh:
    description: The name of the mesh. The Lease is called C(meshops-) and this name.
    type: str
    required: true
  holder:
    description:
      - The name under which to take the Lease. No other run may have this name.
      - A repeated run with the same name goes on in the same epoch.
      - Without it the module makes a name of the user, the machine and a random part. O(state=released) needs it or O(break_holder).
    type: str
  kube:
    description: The connection to the cluster that keeps the Lease, with the connection options of this module as keys. Give it if that is another cluster.
    type: dict
  duration:
    description:
      - For how many seconds to take the Lease. Renew it more often than that.
      - The module also watches the Lease of another holder for at most this time.
    type: int
    default: 60
  break_holder:
    description:
      - Take the Lease from the holder of this name at once, without watching it. First make sure that this run is gone for good.
      - With O(state=released) the module takes the Lease from that holder and gives it to nobody.
      - The module refuses this if another holder has the Lease.
    type: str
  at_least:
    description:
      - The highest epoch that you found on what earlier runs wrote. A new epoch is higher, even if somebody removed the Lease.
    type: int
    default: 0
  namespace:
    description: The namespace of the Lease. The module makes it if it does not exist.
    type: str
    default: meshops-system
seealso:
  - module: meshops.lifecycle.rotation
  - module: meshops.lifecycle.cutover
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details:
      - The module watches a Lease of another holder in check mode too.
  diff_mode:
    support: full
    details:
      - The diff leaves out the times of renewal.
  idempotent:
    support: full
    details:
      - The holder of the Lease renews it each time. This does not count as a change.
"""

EXAMPLES = r"""
- name: Take the Lease of the mesh
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
  description: The holder of the Lease; empty if nobody holds it. In check mode, the holder after the change.
  returned: success
  type: str
  sample: controller-4711
epoch:
  description: The epoch of the holder, or of the last one.
  returned: success
  type: int
  sample: 7
took_over:
  description: Whether the module took the Lease from a holder who had not given it back.
  returned: success
  type: bool
  sample: false
says:
  description: Who holds the Lease and until when by the holder's clock, as a sentence. Empty if nobody holds it.
  returned: with O(state=shown)
  type: str
  sample: ''
changes:
  description: The Lease, and the namespace if the module made it, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Lease meshops-system/meshops-shop}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.lease.lease import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

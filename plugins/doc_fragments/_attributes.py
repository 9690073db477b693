# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of the collection says about check mode, diff mode and repetition."""

from __future__ import annotations


class ModuleDocFragment:
    # For modules that write.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the cluster.
    support: full
    details:
      - The module sends each write to the API server as a dry run. If a namespace or a CRD does not exist yet, its objects count as created.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
    details:
      - The diff hides the values of a C(Secret). It shows which of them changed.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  action_group:
    description: Use C(group/meshops.lifecycle.mesh) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - meshops.lifecycle.mesh
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the cluster.
    support: full
    details:
      - This module never changes anything.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module never changes anything.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  action_group:
    description: Use C(group/meshops.lifecycle.mesh) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - meshops.lifecycle.mesh
"""

    # For modules with an action of the same name.
    IN_PROCESS = r"""
options: {}
notes:
  - With C(connection=local) and C(ansible_python_interpreter="{{ ansible_playbook_python }}"), without C(become) and C(async), the module works in Ansible's
    own process. This saves most of the time that each cluster takes. The results are the same.
"""

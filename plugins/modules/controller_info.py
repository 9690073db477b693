#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_info
short_description: Check whether Helm is installed and can get the charts
version_added: 0.1.0
description:
  - Looks for C(helm) on the machine on which it runs, where P(kubernetes.core.helm#module) looks for it, and lets C(helm) show each chart that the run will
    install.
  - Installs nothing and asks no cluster. If something is missing, the module does not fail. It returns what is missing.
author:
  - meshops contributors (@meshops)
seealso:
  - module: meshops.lifecycle.cluster_info
  - name: Role preflight
    link: https://github.com/meshops/lifecycle/blob/main/roles/preflight/README.md
    description: The role C(preflight), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
options:
  charts:
    description:
      - The charts that the run will install. The role preflight makes the list for the clusters of a play.
    type: list
    elements: dict
    default: []
    suboptions:
      chart:
        description: A chart's name, its OCI reference, or a directory.
        type: str
        required: true
      repository:
        description: The URL of the chart repository.
        type: str
      version:
        description: The chart's version, or a range.
        type: str
      clusters:
        description: The clusters that want the chart. The module returns them as given.
        type: list
        elements: str
        default: []
  timeout:
    description: How many seconds to wait for each chart.
    type: float
    default: 30.0
"""

EXAMPLES = r"""
- name: Look for Helm and the charts
  run_once: true
  meshops.lifecycle.controller_info:
    kubeconfig: ~/.kube/config
    context: east
    charts:
      - chart: base
        repository: https://charts.example/istio
        version: "1.32"
  register: controller
"""

RETURN = r"""
helm:
  description: The program C(helm). Its C(path) is empty if there is none. Its C(fault) says why it does not report its version.
  returned: success
  type: dict
  sample: {path: /usr/local/bin/helm, version: v3.19.0, fault: ''}
charts:
  description: O(charts) as given, without passwords in URLs, each with the result.
  returned: success
  type: list
  elements: dict
  contains:
    found:
      description: The version of the chart that Helm would install. Empty if Helm does not get the chart.
      type: str
      sample: 1.32.1
    fault:
      description: Why Helm does not get the chart, in Helm's words. Empty if Helm gets it.
      type: str
      sample: ''
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.install.controller_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release
short_description: Install or remove a Helm release, without a token in the result
version_added: 0.1.0
description:
  - Runs C(kubernetes.core.helm) and returns its result, but not the arguments of the call, and nothing secret of the connection.
  - C(kubernetes.core.helm) by itself returns its arguments as given, including a token, if its module broke off, and always from ansible-core 2.21 on. If you
    give a kubeconfig as a dictionary, it shows the environment of credential plugins and the passwords of proxies.
  - This is an action. It runs on the controller, and the module of C(kubernetes.core) runs where the task runs.
author:
  - meshops contributors (@meshops)
seealso:
  - module: meshops.lifecycle.releases
  - module: kubernetes.core.helm
  - plugin: meshops.lifecycle.mesh_helm
    plugin_type: filter
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
attributes:
  check_mode:
    details:
      - Check mode works as in C(kubernetes.core.helm).
  diff_mode:
    support: none
    details:
      - The action does not ask Helm what it would change.
options:
  connection:
    description:
      - How Helm reaches the cluster, in the options of C(kubernetes.core.helm). The filter P(meshops.lifecycle.mesh_helm#filter) makes them.
      - They replace the connection options that the action group gives to every module.
    type: dict
    required: true
  release_name:
    description: The release's name.
    type: str
    required: true
  release_namespace:
    description: The release's namespace.
    type: str
    required: true
  state:
    description: Whether the release must exist.
    type: str
    choices: [present, absent]
    default: present
  chart_ref:
    description: A chart's name, its OCI reference, or a directory. Needed with O(state=present).
    type: str
  chart_repo_url:
    description: The URL of the chart repository.
    type: str
  chart_version:
    description: The chart's version.
    type: str
  release_values:
    description: The values of the release. Put no secret into them; Helm's module writes them to a file.
    type: dict
    default: {}
  create_namespace:
    description: Whether to make the namespace if it does not exist.
    type: bool
    default: false
  server_side:
    description:
      - Whether the API server applies the release. Only for Helm 4, with kubernetes.core 6.5 or later.
      - Take the value from RV(meshops.lifecycle.releases#module:server_side).
    type: str
    choices: [auto, 'true', 'false']
  take_ownership:
    description: Whether to take over existing objects that belong to no release or to another one. Needs Helm 3.17.
    type: bool
    default: false
  wait:
    description: Whether to wait until the release is in place, or gone.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds Helm waits for what an installation or an upgrade makes. Helm's own default is 300. A removal does not heed it.
    type: int
"""

EXAMPLES = r"""
- name: Install a chart
  meshops.lifecycle.helm_release:
    connection: "{{ helm.options }}"
    release_name: shop
    release_namespace: shop
    chart_ref: /srv/charts/shop
  environment: "{{ helm.environment }}"
  vars:
    helm: "{{ groups['all'] | meshops.lifecycle.mesh_helm(hostvars, inventory_hostname) }}"
"""

RETURN = r"""
command:
  description: The command line of Helm. It holds no token.
  returned: when Helm ran
  type: str
  sample: helm upgrade -i --reset-values shop '/srv/charts/shop'
status:
  description: The release as Helm knows it afterwards.
  returned: when there is one
  type: dict
  sample: {name: istiod-stable, namespace: istio-system, revision: 2, status: deployed, chart: istiod-1.31.3, app_version: 1.31.3}
stdout:
  description: What Helm wrote to its standard output.
  returned: when Helm ran
  type: str
  sample: ''
stderr:
  description: What Helm wrote to its standard error.
  returned: when Helm ran
  type: str
  sample: ''
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.install.helm_release import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: releases
short_description: Settle interrupted Helm releases and report which releases need work
version_added: 0.1.0
description:
  - Reads Helm's own records in a namespace with one request and compares them with the wanted releases.
  - Returns the releases that C(kubernetes.core.helm) must install or upgrade, and why. If nothing differs, you need not start Helm.
  - A killed operation of Helm leaves its release pending, and Helm refuses every later operation. The module removes such a record after it has not changed for
    O(pending_grace) seconds, so that the next operation can take the release over.
  - With O(state=absent) the module removes no record, because only the record says what there is to uninstall. It marks a record that a killed uninstall left
    behind as failed, so that Helm can uninstall the release again.
author:
  - meshops contributors (@meshops)
options:
  releases:
    description:
      - The wanted releases, in the order of their install.
      - The roles control_plane and gateways make the list from the inventory.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The release's name.
        type: str
        required: true
      namespace:
        description: The release's namespace.
        type: str
        required: true
      chart:
        description: A chart's name, its OCI reference, or a directory.
        type: str
        required: true
      repository:
        description: The URL of the chart repository.
        type: str
      version:
        description: The chart's version. Without it the module does not compare versions.
        type: str
      values:
        description: The values of the release. The module compares them with the values that Helm stored.
        type: dict
        default: {}
      shared:
        description:
          - Whether all revisions of a control plane in the cluster use the release. The module then never takes it back to an older minor version of its chart.
            So you can install or keep an older revision beside a newer one.
        type: bool
        default: false
      kept:
        description:
          - A value that stays as the cluster has it. The label of a live object gives the value, or the record of the release if that object does not exist.
            The value in C(values) counts only if neither gives one.
        type: dict
        suboptions:
          value:
            description: The name of the value.
            type: str
            required: true
          label:
            description: The label that gives the value.
            type: str
            required: true
          api_version:
            description: The C(apiVersion) of the object.
            type: str
            required: true
          kind:
            description: The object's kind.
            type: str
            required: true
          name:
            description: The object's name.
            type: str
            required: true
          namespace:
            description: The object's namespace, if it lives in one.
            type: str
  state:
    description:
      - V(present) returns the releases that are missing or differ.
      - V(absent) returns the releases that exist, in reverse order.
    type: str
    choices: [present, absent]
    default: present
  pending_grace:
    description: How many seconds a pending record must stay unchanged before the module treats it as a record that a killed run left behind.
    type: int
    default: 120
seealso:
  - module: meshops.lifecycle.helm_release
  - name: Role control_plane
    link: https://github.com/meshops/lifecycle/blob/main/roles/control_plane/README.md
    description: The role C(control_plane), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The reason of each release names every value that differs.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Compare the Helm releases with what is wanted
  meshops.lifecycle.releases:
    kubeconfig: ~/.kube/config
    context: east
    releases:
      - name: istio-base
        namespace: istio-system
        chart: base
        repository: https://blob.istio.io/istio-release/charts
        version: 1.31.3
        values: {defaultRevision: stable}
  register: compared

- name: Install or upgrade the releases that differ
  kubernetes.core.helm:
    kubeconfig: ~/.kube/config
    context: east
    release_name: "{{ item.name }}"
    release_namespace: "{{ item.namespace }}"
    chart_ref: "{{ item.chart }}"
    chart_repo_url: "{{ item.repository }}"
    chart_version: "{{ item.version }}"
    release_values: "{{ item.values }}"
  loop: "{{ compared.due }}"
"""

RETURN = r"""
due:
  description: The releases that need work, as given, each with a C(reason).
  returned: success
  type: list
  elements: dict
  sample: []
server_side:
  description:
    - The value for the option C(server_side) of C(kubernetes.core.helm). It is empty if no release is due, with O(state=absent), and for
      Helm 3, which has no such option.
    - V(false) for Helm 4, so that Helm 4 works as Helm 3 does, and either of them can upgrade a release. If the server applied Istio's charts, they would
      conflict with istiod over the C(failurePolicy) of its webhooks.
  returned: success
  type: str
  sample: "false"
settled:
  description: The records of killed operations that the module removed or marked as failed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.install.releases import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: releases
short_description: Settle interrupted Helm releases and say which have work to do
version_added: 0.1.0
description:
  - Reads Helm's own records in a namespace with one request and compares them with the releases that are wished.
  - Returns those with work to do, and why, for C(kubernetes.core.helm) to install or upgrade. Where nothing differs, Helm need not be started.
  - An operation of Helm that was killed leaves its release pending, and Helm refuses every later one. Such a record is removed once it has
    not moved for O(pending_grace) seconds, so that the next operation can take the release over.
  - With O(state=absent) no record is removed, since it alone tells what there is to uninstall. One that a killed uninstall left behind is
    marked as failed, so that it can be uninstalled again.
author:
  - meshops contributors (@meshops)
options:
  releases:
    description:
      - The releases that are wished, in the order in which they are to be installed.
      - The filter P(meshops.lifecycle.mesh_releases#filter) makes them for a control plane or its gateways.
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
        description: The chart's version. Not compared when it is not given.
        type: str
      values:
        description: The values of the release. Compared with those that Helm stored.
        type: dict
        default: {}
      shared:
        description:
          - Whether all revisions of a control plane in the cluster use it. It is then never taken back to an older minor version of its chart, so that
            an older revision can be installed, or kept, beside a newer one.
        type: bool
        default: false
      kept:
        description:
          - A value that stays as the cluster has it, by a label of a live object, or by the record of the release where that object is not there.
            The one in C(values) counts only where neither says anything.
        type: dict
        suboptions:
          value:
            description: The name of the value.
            type: str
            required: true
          label:
            description: The label that says it.
            type: str
            required: true
          api_version:
            description: The C(apiVersion) of the object.
            type: str
            required: true
          kind:
            description: Its kind.
            type: str
            required: true
          name:
            description: Its name.
            type: str
            required: true
          namespace:
            description: Its namespace, if it lives in one.
            type: str
  state:
    description:
      - V(present) returns the releases that are missing or differ.
      - V(absent) returns the releases that are there, in reverse order.
    type: str
    choices: [present, absent]
    default: present
  pending_grace:
    description: Seconds that a pending record must stand still before it counts as left behind by a killed run.
    type: int
    default: 120
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
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
- name: Compare the Helm releases with the wish
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

- name: Bring the releases to the wish
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
  description: The releases with work to do, as given, each with a C(reason).
  returned: success
  type: list
  elements: dict
server_side:
  description:
    - What to give to the option C(server_side) of C(kubernetes.core.helm), where something is due. Empty for Helm 3, which has no such option.
    - V(false) for Helm 4, so that it does as Helm 3 does, and a release may be upgraded with either. Applied by the server, a chart is in conflict with
      istiod over the C(failurePolicy) of its webhooks.
  returned: success
  type: str
settled:
  description: The records of killed operations that were removed or marked as failed.
  returned: success
  type: list
  elements: str
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.install.releases import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

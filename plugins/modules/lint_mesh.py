#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lint_mesh
short_description: Say what an API server would prune or refuse of manifests and of its own objects
version_added: 0.1.0
description:
  - Asks the API server of a cluster, by a server-side apply that it only tries (C(dryRun=All), C(fieldValidation=Strict)), whether it would take each object of
    the given files as it is. The server stores nothing. Its schemas, CEL rules, webhooks and policies judge, and it sees what is immutable.
  - Names each unknown field with its place and with the nearest known name, values outside of enumerations, missing kinds, and versions that are not served.
  - Where the server cannot be asked, because a namespace does not exist yet, the credential lacks the right to patch, or a webhook takes no dry run, compares
    with the schema that the server publishes, and says so.
  - With O(offline) asks no cluster and compares with the CRDs in O(crds). CEL rules, webhooks and built-in kinds are not judged then.
  - Looks for defects that it knows by name, in objects and in the shell scripts beside them. The page on lint lists them.
  - No finding shows a value of a C(Secret), nor a value that the API server quotes.
author:
  - meshops contributors (@meshops)
options:
  src:
    description:
      - Files and folders to look at, on the host that executes the module. Of a folder the module reads C(*.yaml), C(*.yml), C(*.json), C(*.sh) and C(*.bash),
        in all folders below it, but for names that begin with a dot.
      - YAML without C(apiVersion) and C(kind), such as values of a chart, is passed over. Templates have to be rendered before.
    type: list
    elements: path
    default: []
  beside:
    description:
      - Files and folders to know and not to judge, such as those for the other clusters of a federation.
    type: list
    elements: path
    default: []
  crds:
    description:
      - Files and folders with CRDs. They are what is known with O(offline). Otherwise they add kinds that the cluster does not have yet.
      - CRDs among O(src) and O(beside) count too.
    type: list
    elements: path
    default: []
  live:
    description:
      - Whether to look at the objects that the cluster has, too, but for those that controllers made. Of fields that C(kubectl) noted as applied and that the
        server dropped, the module names each.
    type: bool
    default: false
  groups:
    description:
      - The API groups whose objects O(live) reads. Without it the module takes all groups of the meshes that the collection knows. C(Secret)s are never read.
    type: list
    elements: str
    default: []
  offline:
    description: Whether to ask no cluster.
    type: bool
    default: false
  default_namespace:
    description: The namespace of objects that name none, as that of a context is for C(kubectl).
    type: str
    default: default
  platform:
    description:
      - What the cluster runs on, such as V(aws), V(rosa), V(azure) or V(gcp), for the rules that depend on it. Without it such rules give notices.
    type: str
    default: ""
  skip:
    description: Names of rules that are to find nothing.
    type: list
    elements: str
    default: []
seealso:
  - module: meshops.lifecycle.mesh_config
  - name: Role lint
    link: https://github.com/meshops/lifecycle/blob/main/roles/lint/README.md
    description: The role C(lint), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
"""

EXAMPLES = r"""
- name: Ask the cluster east what it would prune or refuse
  meshops.lifecycle.lint_mesh:
    kubeconfig: ~/.kube/config
    context: east
    src: [/srv/manifests/east]
    beside: [/srv/manifests/west]
    live: true

- name: Compare manifests with a folder of CRDs
  meshops.lifecycle.lint_mesh:
    offline: true
    src: [/srv/manifests]
    crds: [/srv/crds]
"""

RETURN = r"""
findings:
  description:
    - What is wrong, the worst first. C(severity) is V(error) for what the server would prune or refuse, V(warning) for what does not do what it seems to, or
      V(notice). C(rule) is the name of the defect, C(message) a clause, C(path) the place in the object.
    - C(file) is empty for a live object. C(line) is 0 if it is not known.
  returned: success
  type: list
  elements: dict
  sample:
    - severity: error
      rule: unknown-field
      message: spec.meshConfig is unknown, and the API server drops or refuses it; meshConfig is known at spec.values.meshConfig
      object: Istio default
      path: spec.meshConfig
      file: manifests/istio.yaml
      line: 6
judged:
  description: How many objects were judged by the C(server), by a C(schema) alone, and by C(nobody), because no schema is known.
  returned: success
  type: dict
  sample: {server: 12, schema: 1, nobody: 0}
files:
  description: How many files were read.
  returned: success
  type: int
  sample: 9
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.lint.lint_mesh import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates_info
short_description: List everything of a mesh that expires in a cluster
version_added: 0.1.0
description:
  - Lists the CAs of a cluster, the certificates that its control planes and proxies use now, the certificates of its gateways, the CAs of the control plane's
    webhooks, and the tokens with which the control plane reaches other clusters. Each entry says how much time is left and how urgent that is.
  - The module asks each control plane, proxy and gateway for the certificate that it uses. It returns no private key and no token, and writes nothing.
author:
  - meshops contributors (@meshops)
options:
  root_namespace:
    description: The namespace of the Secret with the mesh's root, on the trust cluster.
    type: str
    default: meshops-system
  root_name:
    description: The name of that Secret.
    type: str
    default: meshops-root-ca
  ca_warn:
    description: A CA with fewer days left than this is V(warn).
    type: int
    default: 60
  ca_critical:
    description: A CA with fewer days left than this is V(critical).
    type: int
    default: 14
  leaf_warn:
    description:
      - A certificate or token with a smaller percentage of its lifetime left than this is V(warn). Proxies renew their certificates at 50 percent.
      - Consul renews them at a time by lot, when between 40 and 10 percent are left. With Consul no more than 10 counts.
    type: int
    default: 40
  leaf_critical:
    description: A certificate or token with a smaller percentage of its lifetime left than this is V(critical).
    type: int
    default: 10
  gateway_warn:
    description: A gateway's certificate with a smaller percentage of its lifetime left than this is V(warn). Clients of public CAs renew at about 33 percent.
    type: int
    default: 25
  token_age:
    description: A token that never expires is V(warn) after this many days.
    type: int
    default: 365
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
seealso:
  - module: meshops.lifecycle.rotation_info
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
"""

EXAMPLES = r"""
- name: List what expires in east
  meshops.lifecycle.certificates_info:
    kubeconfig: ~/.kube/config
    context: east
  register: east_certificates
"""

RETURN = r"""
certificates:
  description:
    - What expires, the soonest first. Each entry has a C(kind), which is one of V(root), V(intermediate), V(leaf), V(control plane), V(gateway), V(webhook) and
      V(token). It also says C(where) that is, and has C(subject), C(issuer), C(fingerprint), C(begin), C(end), C(seconds_left), and a C(level), which is
      V(ok), V(warn), V(critical) or V(expired).
    - If a workload has several certificates, the list has only the first to expire, with their C(number). A token that never expires has no C(end).
  returned: success
  type: list
  elements: dict
  sample: [{kind: root, where: Secret istio-system/cacerts, subject: 'CN=shop root,O=shop.example', seconds_left: 315360000, level: ok}]
unseen:
  description: Up to 50 control planes, proxies and gateways that the module could not ask. Their certificates are not in RV(certificates).
  returned: success
  type: list
  elements: str
  sample: []
faults:
  description: What is wrong with the CA itself, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.report.certificates_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()

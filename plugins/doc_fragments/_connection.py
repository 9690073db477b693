# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection adds to the connection options of kubernetes.core."""

from __future__ import annotations


class ModuleDocFragment:
    # Use it together with kubernetes.core.k8s_auth_options.
    DOCUMENTATION = r"""
options:
  cluster:
    description:
      - The name of the cluster in messages, best the name it has in the inventory.
      - The name of the context or of the host if not given.
    type: str
  cluster_uid:
    description:
      - The UID that the namespace C(kube-system) must have.
      - A context is only a name, and it may lead to another cluster today than yesterday; the UID stays with a cluster as long as it lives.
        If it differs, the module fails before it does anything.
      - C(kubectl get namespace kube-system -o jsonpath={.metadata.uid}) shows it.
    type: str
requirements:
  - kubernetes >= 29.0 on the host that executes the module
notes:
  - The cluster must be named. Give O(kubeconfig) and O(context), or O(host) and a credential, or the environment variables that stand for
    them. Unlike in kubernetes.core the cluster in whose pods a job happens to run is never taken, nor the current context of a
    kubeconfig; O(context) may only be left out if there is exactly one.
"""

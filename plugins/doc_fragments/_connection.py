# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection adds to the connection options of kubernetes.core."""

from __future__ import annotations


class ModuleDocFragment:
    # Use it together with kubernetes.core.k8s_auth_options, and before it: of an option that both describe, the words of the first hold.
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The path of a kubeconfig, or several paths with V(:) between them (V(;) on Windows), or the content of one as a dictionary.
        Also the environment variable E(K8S_AUTH_KUBECONFIG).
      - If it is not given and O(context) is, the files that the environment variable E(KUBECONFIG) names are read, or
        C(~/.kube/config).
        Without O(context) nothing is read unless it is named here.
    type: raw
  persist_config:
    description:
      - Has no effect. Nothing is ever written to a kubeconfig; a refreshed token lives as long as the task.
      - It is taken because connections that are meant for kubernetes.core may have it.
    type: bool
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
  request_timeout:
    description:
      - For how many seconds one request to the API server may take, from the first byte to the last of its answer.
      - 30 if not given.
    type: float
  patience:
    description:
      - For how many seconds a request is repeated while the API server is busy, restarts or does not answer, where a repeat does no harm.
      - 60 if not given. A server that the first request of a task does not reach at all is reported at once.
    type: float
  write_rate:
    description:
      - At most so many writes a second to the API server, evenly spread; V(0.5) is one in two seconds. All threads of a task count together, and
        so do repeats. What changes nothing does not count, such as reading, check mode and questions about permissions.
      - As many as there are to do, eight at a time, if not given.
    type: float
requirements:
  - kubernetes >= 29.0 on the host that executes the module
notes:
  - The cluster must be named. Give O(kubeconfig) and O(context), or O(host) and a credential, or the environment variables that stand for
    them. Unlike in kubernetes.core the cluster in whose pods a job happens to run is never taken, nor the current context of a
    kubeconfig; O(context) may only be left out if there is exactly one.
  - Beside O(kubeconfig) or O(context) only the other of the two is looked for in the environment, in E(K8S_AUTH_KUBECONFIG), E(KUBECONFIG) and
    E(K8S_AUTH_CONTEXT). The other variables E(K8S_AUTH_*) may say how another cluster is reached. Beside O(host) they count unless E(K8S_AUTH_HOST)
    is another host. E(K8S_AUTH_IMPERSONATE_USER) and E(K8S_AUTH_IMPERSONATE_GROUPS) always count.
  - Without O(proxy) and a C(proxy-url) in the kubeconfig E(HTTPS_PROXY) and E(NO_PROXY) count, as for kubectl. SOCKS is not spoken.
  - A token or password is not sent over C(http://).
  - O(persist_config) does nothing here. No kubeconfig is written.
"""

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection adds to the connection options of kubernetes.core."""

from __future__ import annotations


class ModuleDocFragment:
    # Put it before kubernetes.core.k8s_auth_options in a module: if both describe an option, the first description counts.
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The path of a kubeconfig, or several paths with V(:) between them (V(;) on Windows), or the content of one as a dictionary. The environment
        variable E(K8S_AUTH_KUBECONFIG) may give it too.
      - If only O(context) is given, the module reads the files that the environment variable E(KUBECONFIG) names, or C(~/.kube/config). Without O(context)
        the module reads no kubeconfig that you do not name here.
    type: raw
  persist_config:
    description:
      - Has no effect. The module never writes to a kubeconfig. A refreshed token lives as long as the task.
      - The module accepts it because connections for kubernetes.core may have it.
    type: bool
  cluster:
    description:
      - The name of the cluster in messages. Best use its name in the inventory.
      - Without it, messages use the name of the context or of the host.
    type: str
  cluster_uid:
    description:
      - The UID that the namespace C(kube-system) must have.
      - A context is only a name, and it may lead to another cluster today than yesterday. The UID stays with a cluster as long as the cluster lives. If the UID
        differs, the module fails before it does anything.
      - C(kubectl get namespace kube-system -o jsonpath={.metadata.uid}) shows it.
    type: str
  request_timeout:
    description:
      - How many seconds the whole answer to one request to the API server may take, up to its last byte.
      - Without it, the module waits 30 seconds.
    type: float
  patience:
    description:
      - For how many seconds to repeat a request while the API server is busy, restarts or does not answer, if a repeat does no harm.
      - Without it, the module repeats for 60 seconds. If the first request of a task does not reach the server at all, the module reports this at once.
    type: float
  write_rate:
    description:
      - How many writes a second to send to the API server at most, evenly spread. V(0.5) is one in two seconds. The limit is for all threads of a task
        together. Repeats count too. Requests that change nothing do not count, such as reading, check mode and questions about permissions.
      - Without it there is no limit, with eight writes at a time.
    type: float
requirements:
  - kubernetes >= 29.0 on the host that executes the module
notes:
  - You must name the cluster. Give O(kubeconfig) and O(context), or O(host) and a credential, or the environment variables for them. Unlike kubernetes.core,
    the module never takes the cluster in whose pods a job happens to run, nor the current context of a kubeconfig. You may leave out O(context) only if the
    kubeconfig has exactly one.
  - If you give O(kubeconfig) or O(context), the module looks only for the other of the two in the environment, in E(K8S_AUTH_KUBECONFIG), E(KUBECONFIG) and
    E(K8S_AUTH_CONTEXT). It ignores the other variables E(K8S_AUTH_*), because they may say how to reach another cluster. If you give O(host), these variables
    count unless E(K8S_AUTH_HOST) is another host. E(K8S_AUTH_IMPERSONATE_USER) and E(K8S_AUTH_IMPERSONATE_GROUPS) always count.
  - Without O(proxy) and without a C(proxy-url) in the kubeconfig, E(HTTPS_PROXY) and E(NO_PROXY) count, as for kubectl. The module does not support SOCKS.
  - The module does not send a token or password over C(http://).
  - O(persist_config) does nothing here. The module writes no kubeconfig.
"""

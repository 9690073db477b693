# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task reaches its cluster. The names are those of kubernetes.core, so that one connection serves both; the meaning is described here alone."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The path of a kubeconfig, or several paths with V(:) between them (V(;) on Windows), or the content of one as a dictionary. The environment
        variable E(K8S_AUTH_KUBECONFIG) may give it too.
      - If only O(context) is given, the module reads the files that the environment variable E(KUBECONFIG) names, or C(~/.kube/config). Without O(context)
        the module reads no kubeconfig that you do not name here.
    type: raw
  context:
    description:
      - The context of the kubeconfig. The environment variable E(K8S_AUTH_CONTEXT) may give it too. You may leave it out only if the kubeconfig has exactly
        one.
    type: str
  host:
    description:
      - The URL of the API server, such as C(https://api.east.example:6443). The environment variable E(K8S_AUTH_HOST) may give it too.
      - It needs a credential beside it, which is O(api_key), or O(client_cert) and O(client_key), or O(username) and O(password).
      - Beside O(kubeconfig) it takes the place of the address in the context.
    type: str
  api_key:
    description:
      - A bearer token. The environment variable E(K8S_AUTH_API_KEY) may give it too. Keep it in ansible-vault or in the credential of an automation platform.
    type: str
  username:
    description:
      - A user name for an API server that takes basic authentication. Kubernetes itself has not taken it since 1.19, and Helm cannot use it. The environment
        variable E(K8S_AUTH_USERNAME) may give it too.
    type: str
  password:
    description:
      - The password of O(username). The environment variable E(K8S_AUTH_PASSWORD) may give it too.
    type: str
  client_cert:
    description:
      - The path of a client certificate, PEM. The environment variable E(K8S_AUTH_CERT_FILE) may give it too. Helm takes it only from a kubeconfig.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - The path of the private key of O(client_cert), PEM. The environment variable E(K8S_AUTH_KEY_FILE) may give it too.
    type: path
    aliases: [key_file]
  ca_cert:
    description:
      - The path of a file with the CAs by which to trust the API server, PEM. An intermediate in it is trusted too, as kubectl does. The environment variable
        E(K8S_AUTH_SSL_CA_CERT) may give it too.
      - Without it, and without a CA in the kubeconfig, the CAs of the machine count.
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description:
      - Whether to verify the certificate of the API server. Without it, the kubeconfig says so, and without a kubeconfig the module verifies it.
      - The environment variable E(K8S_AUTH_VERIFY_SSL) counts only beside O(host), and not if E(K8S_AUTH_HOST) is another host, because an automation platform
        may set it for another cluster.
    type: bool
    aliases: [verify_ssl]
  proxy:
    description:
      - The URL of an HTTP or HTTPS proxy on the way to the API server. The environment variable E(K8S_AUTH_PROXY) may give it too. A proxy of the kubeconfig
        (C(proxy-url)) also serves Helm, which does not take this option beside a kubeconfig.
    type: str
  no_proxy:
    description:
      - Hosts, domains, addresses and ranges of addresses to reach without a proxy, with commas between them. The environment variable E(K8S_AUTH_NO_PROXY) may
        give it too.
    type: str
  proxy_headers:
    description:
      - What to send to the proxy besides. Helm cannot use it.
    type: dict
    suboptions:
      proxy_basic_auth:
        description: User and password for the proxy, with a colon between them.
        type: str
      basic_auth:
        description: User and password for the C(Authorization) header, with a colon between them.
        type: str
      user_agent:
        description: The C(User-Agent) header.
        type: str
  impersonate_user:
    description:
      - The user in whose name to act. The credential needs the right to impersonate. The environment variable E(K8S_AUTH_IMPERSONATE_USER) may give it too,
        and counts for every cluster.
    type: str
  impersonate_groups:
    description:
      - The groups in whose name to act, beside O(impersonate_user). The environment variable E(K8S_AUTH_IMPERSONATE_GROUPS) may give them too, with commas
        between them.
    type: list
    elements: str
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

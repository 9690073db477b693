# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that an install of Istio needs: Helm's, for what the charts make, and ours, for what we apply besides.

docs/rbac.yml grants them. Tests compare this file with the rendered charts, and docs/rbac.yml with this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Right = dict[str, str]

# Helm looks at an object before it makes, patches or removes it; an upgrade removes what a chart has no longer.
_HELM = ("get", "create", "patch", "delete")
_EVERYWHERE = {
    "rbac.authorization.k8s.io": ("clusterroles", "clusterrolebindings"),
    "admissionregistration.k8s.io": ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
}
_INSIDE = {
    "": ("configmaps", "serviceaccounts", "services"),
    "apps": ("deployments",),
    "autoscaling": ("horizontalpodautoscalers",),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("roles", "rolebindings"),
}
_OF_REMOTES = {"discovery.k8s.io": ("endpointslices",)}
_OF_CNI = {"": ("configmaps", "serviceaccounts"), "apps": ("daemonsets",)}
# Helm's own records, which it writes by replacing them.
_RECORDS = ("get", "list", "create", "update", "patch", "delete")


def installing(namespace: str, platform: str = "") -> list[Right]:
    """Return the rights for an install: each a verb on a resource, cluster-wide unless it has a namespace."""
    wide = [
        *_each("", "namespaces", ("get", "list", "create", "patch")),
        *_each("apiextensions.k8s.io", "customresourcedefinitions", ("get", "list", "create", "patch")),
        *_of(_EVERYWHERE, _HELM),
        # Whoever creates a role must have all rights in it, or the verbs bind and escalate.
        *_each("rbac.authorization.k8s.io", "clusterroles", ("bind", "escalate")),
        *_each("admissionregistration.k8s.io", "mutatingwebhookconfigurations", ("list",)),
        *_each("admissionregistration.k8s.io", "validatingwebhookconfigurations", ("list",)),
        *_each("", "configmaps", ("list",)),
        *_each("", "nodes", ("list",)),
    ]
    inside = [
        *_of(_INSIDE, _HELM),
        *_of(_OF_REMOTES, _HELM),
        *_each("rbac.authorization.k8s.io", "roles", ("bind", "escalate")),
        *_each("", "secrets", _RECORDS),
        *_each("", "pods", ("list",)),
        *_each("", "pods/portforward", ("get", "create")),
        *_each("networking.istio.io", "gateways", _HELM),
        *_each("networking.istio.io", "virtualservices", _HELM),
    ]
    return wide + [{**right, "namespace": namespace} for right in inside] + (_cni() if platform == "openshift" else [])


def _cni() -> list[Right]:
    """Return the rights for the CNI plugin: its release is in kube-system, and its object for Multus in the namespace default."""
    own = [*_each("", "secrets", _RECORDS), *_of(_OF_CNI, _HELM)]
    attachment = _each("k8s.cni.cncf.io", "network-attachment-definitions", _HELM)
    return [*({**right, "namespace": "kube-system"} for right in own), *({**right, "namespace": "default"} for right in attachment)]


def _of(resources: Mapping[str, tuple[str, ...]], verbs: Iterable[str]) -> list[Right]:
    return [right for group, names in resources.items() for name in names for right in _each(group, name, verbs)]


def _each(group: str, resource: str, verbs: Iterable[str]) -> list[Right]:
    return [{"verb": verb, "group": group, "resource": resource} for verb in verbs]

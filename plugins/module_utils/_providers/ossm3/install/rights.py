# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that an install needs: to look at the operator, to write its objects and ours, and to see that they run. The operator has its own for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..kinds import GROUP
from . import ambient
from .control_plane import CNI_NAMESPACE

Right = dict[str, str]

_WRITE = ("get", "create", "patch", "delete")
_OPERANDS = ("istios", "istiorevisiontags", "istiocnis", "ztunnels")
_INSIDE = {
    "": ("serviceaccounts", "services"),
    "apps": ("deployments",),
    "autoscaling": ("horizontalpodautoscalers",),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("roles", "rolebindings"),
    "networking.istio.io": ("gateways", "virtualservices"),
}


def installing(namespace: str, platform: str = "") -> list[Right]:
    """Return the rights for an install: each a verb on a resource, cluster-wide unless it has a namespace."""
    wide = [
        *_each("", "namespaces", ("get", "list", "create", "patch")),
        *_each("apiextensions.k8s.io", "customresourcedefinitions", ("get", "list")),
        *(right for name in _OPERANDS for right in _each(GROUP, name, (*_WRITE, "list"))),
        *_each(GROUP, "istiorevisions", ("get", "list")),
        # In a remote cluster tags are webhooks of ours.
        *_each("admissionregistration.k8s.io", "mutatingwebhookconfigurations", (*_WRITE, "list")),
        *_each("admissionregistration.k8s.io", "validatingwebhookconfigurations", ("list",)),
        *_each("", "configmaps", ("list",)),
        *_each("", "nodes", ("list",)),
        *_each("", "pods", ("list",)),
        *_openshift(platform),
    ]
    inside = [
        *_of(_INSIDE, _WRITE),
        *_each("", "configmaps", ("get", "delete")),
        *_each("", "secrets", (*_WRITE, "list")),
        *_each("", "pods/portforward", ("get", "create")),
        *_each("apps", "deployments", ("list",)),
        *_each("", "services", ("list",)),
        *_each("autoscaling", "horizontalpodautoscalers", ("list",)),
    ]
    agents = [{**right, "namespace": place} for place in (CNI_NAMESPACE, ambient.NAMESPACE) for right in _each("apps", "daemonsets", ("list",))]
    return [*wide, *({**right, "namespace": namespace} for right in inside), *agents]


def _openshift(platform: str) -> list[Right]:
    """Return the rights to see what OLM and OpenShift say of themselves. Without OLM the API server serves no Subscription, and nothing is asked."""
    if platform != "openshift":
        return []
    return [*_each("operators.coreos.com", "subscriptions", ("list",)), *_each("config.openshift.io", "clusterversions", ("get",))]


def _of(resources: Mapping[str, tuple[str, ...]], verbs: Iterable[str]) -> list[Right]:
    return [right for group, names in resources.items() for name in names for right in _each(group, name, verbs)]


def _each(group: str, resource: str, verbs: Iterable[str]) -> list[Right]:
    return [{"verb": verb, "group": group, "resource": resource} for verb in verbs]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that an install by HashiCorp's chart needs besides those of manifests: Helm's, for what the chart makes and for its own records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...objects.kinds import KINDS
from ..rights import Right

# Helm looks at an object before it makes, patches or removes it, and watches the jobs that it runs before and after.
_HELM = ("get", "create", "patch", "delete")
_RECORDS = ("get", "list", "create", "update", "patch", "delete")
_RBAC, _CNI = "rbac.authorization.k8s.io", "k8s.cni.cncf.io"
_ENTRIES = "consul.hashicorp.com"
_EVERYWHERE = {
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    _RBAC: ("clusterroles", "clusterrolebindings"),
    "admissionregistration.k8s.io": ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
}
_INSIDE = {
    "batch": ("jobs",),
    _RBAC: ("roles", "rolebindings"),
    _ENTRIES: tuple(sorted(kind.plural for kind in KINDS.values())),
}


def installing(namespace: str, platform: str = "") -> list[Right]:
    """Return the rights: each a verb on a resource, cluster-wide unless it has a namespace."""
    wide = [
        *_of(_EVERYWHERE, _HELM),
        # Whoever creates a role must have all rights in it, or the verbs bind and escalate.
        *_each(_RBAC, "clusterroles", ("bind", "escalate")),
        # An entry may have one object only, in whichever namespace.
        *_of({_ENTRIES: _INSIDE[_ENTRIES]}, ("list",)),
        *(_each("security.openshift.io", "securitycontextconstraints", _HELM) if platform == "openshift" else ()),
    ]
    inside = [
        *_of(_INSIDE, _HELM),
        *_each(_RBAC, "roles", ("bind", "escalate")),
        *_each("batch", "jobs", ("list", "watch")),
        *_each("", "secrets", _RECORDS),
        *([*_each("", "resourcequotas", _HELM), *_each(_CNI, "network-attachment-definitions", _HELM)] if platform == "openshift" else ()),
    ]
    return [*wide, *({**right, "namespace": namespace} for right in inside)]


def _of(resources: Mapping[str, tuple[str, ...]], verbs: Iterable[str]) -> list[Right]:
    return [right for group, names in resources.items() for name in names for right in _each(group, name, verbs)]


def _each(group: str, resource: str, verbs: Iterable[str]) -> list[Right]:
    return [{"verb": verb, "group": group, "resource": resource} for verb in verbs]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that an install of Consul needs. It writes into its own namespace only, and brings no webhook, no CRD and no cluster role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import openshift

Right = dict[str, str]

_APPLY = ("get", "create", "patch")
_ALL = (*_APPLY, "delete")
_INSIDE = {
    "": ("configmaps", "serviceaccounts", "services"),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "policy": ("poddisruptionbudgets",),
}
# What status lists.
_SEEN = {"": ("services",), "apps": ("daemonsets", "deployments", "statefulsets")}
_OF_PROBE = {"": ("secrets", "serviceaccounts", "services"), "apps": ("deployments",)}


def installing(namespace: str, platform: str = "") -> list[Right]:
    """Return the rights for an install: each a verb on a resource, cluster-wide unless it has a namespace."""
    inside = [
        *_of(_INSIDE, _ALL),
        *_of(_SEEN, ("list",)),
        *_each("", "secrets", ("get", "list", "create", "patch")),
        *_asking(),
        *_each("", "pods", ("get", "delete")),  # servers restart one after the other
        *(openshift.rights() if platform == openshift.PLATFORM else ()),
    ]
    # Workloads and pods with a sidecar may be in any namespace.
    wide = [*_each("", "namespaces", ("get", "list", "create", "patch")), *_each("", "pods", ("list",)), *_of({"apps": _SEEN["apps"]}, ("list",))]
    return [*wide, *({**right, "namespace": namespace} for right in inside)]


def probing(namespace: str) -> list[Right]:
    """Return the rights for the echo server and its sidecar."""
    inside = [*_of(_OF_PROBE, _APPLY), *_each("", "secrets", ("delete",)), *_each("policy", "poddisruptionbudgets", ("list",)), *_asking()]
    return [{**right, "namespace": namespace} for right in inside]


def _asking() -> list[Right]:
    return [*_each("", "pods", ("list",)), *_each("", "pods/portforward", ("get", "create"))]


def _of(resources: Mapping[str, tuple[str, ...]], verbs: Iterable[str]) -> list[Right]:
    return [right for group, names in resources.items() for name in names for right in _each(group, name, verbs)]


def _each(group: str, resource: str, verbs: Iterable[str]) -> list[Right]:
    return [{"verb": verb, "group": group, "resource": resource} for verb in verbs]

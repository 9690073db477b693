# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights for verifying traffic."""

from __future__ import annotations

_OF_PROBE = {
    "": ("serviceaccounts", "services"),
    "apps": ("deployments",),
    "security.istio.io": ("authorizationpolicies", "peerauthentications"),
}
# Server-side apply reads an object, then makes or patches it.
_APPLY = ("get", "create", "patch")


def probing(namespace: str) -> list[dict[str, str]]:
    """Return the rights for verifying traffic: on the echo server's objects, and on its pod's port."""
    applied = [(group, name, verb) for group, names in _OF_PROBE.items() for name in names for verb in _APPLY]
    asked = [("", "pods", "list"), ("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    return [{"verb": verb, "group": group, "resource": name, "namespace": namespace} for group, name, verb in (*applied, *asked)]

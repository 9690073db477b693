# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name the owner of a CRD from what cluster_info returns about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_COMMON_NAMES = {"ingress-operator": "OpenShift's Ingress Operator"}
_SERVERS = ("kube-apiserver",)


def owner(crd: Mapping[str, Any]) -> str:
    """Return the controller that reverts changes to the CRD, else its release, its operator, its label, or its field manager."""
    if crd.get("keeper"):
        return str(crd["keeper"])
    if crd.get("release"):
        return f"the Helm release {crd['release']}"
    if crd.get("operators"):
        return f"the operator {crd['operators'][0]}"
    if crd.get("managed_by"):
        return str(crd["managed_by"])
    managers = [manager for manager in crd.get("managers", []) if manager not in _SERVERS]
    if not managers:
        return "an unknown owner"
    return _COMMON_NAMES.get(managers[0], f"the field manager {managers[0]}")

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OpenShift has to allow before pods may use their node. Its constraints let nobody do that by default."""

from __future__ import annotations

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Manifest
from ..names import manifest

PLATFORM = "openshift"
DIRECTORY, PORT = "privileged", "hostnetwork-v2"  # OpenShift's own constraints under which a pod gets a directory, or a port, of its node
_RBAC = "rbac.authorization.k8s.io"


def allowed(wish: ControlPlane, account: str, component: str, constraints: str) -> list[Manifest]:
    """Return the RoleBinding by which the pods of an account run under these constraints; nothing on another platform."""
    if wish.platform != PLATFORM:
        return []
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": f"system:openshift:scc:{constraints}"}
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": wish.namespace}]
    return [manifest(f"{_RBAC}/v1", "RoleBinding", f"{account}-{constraints}", wish.namespace, component, roleRef=role, subjects=subjects)]


def rights() -> list[dict[str, str]]:
    """Return the rights for such RoleBindings. Nobody may give away a right that he does not have himself."""
    binding = [{"verb": verb, "group": _RBAC, "resource": "rolebindings"} for verb in ("get", "create", "patch", "delete")]
    used = {"verb": "use", "group": "security.openshift.io", "resource": "securitycontextconstraints"}
    return [*binding, *({**used, "name": name} for name in (DIRECTORY, PORT))]

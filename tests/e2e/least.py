# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that runs the playbooks of tests in the lab: in each cluster it has some ClusterRoles of docs/rbac.yml, and no other right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support import rbac

from .estate import CLUSTERS, Estate

_ACCOUNT = "meshops"
_SPACE = "default"


def account(estate: Estate, folder: Path, name: str = _ACCOUNT, roles: Sequence[str] = ()) -> Path:
    """Make the account. Return the path of a kubeconfig with a context and a token for each cluster.

    `roles` are the last parts of the names of its ClusterRoles; without them it has all but those for Consul.
    """
    known = yaml.safe_load(Path(estate.kubeconfig).read_text())
    users, contexts = [], []
    for cluster in CLUSTERS:
        estate.kubectl(cluster, "apply", "-f", str(rbac.FILE))
        estate.kubectl(cluster, "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(name, roles)}))
        token = estate.kubectl(cluster, "create", "token", name, "-n", _SPACE, "--duration=24h").strip()
        context = next(entry["context"] for entry in known["contexts"] if entry["name"] == cluster)
        users.append({"name": cluster, "user": {"token": token}})
        contexts.append({"name": cluster, "context": {"cluster": context["cluster"], "user": cluster}})
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({**known, "users": users, "contexts": contexts, "current-context": ""}))
    return path


def tokens(kubeconfig: Path) -> dict[str, bytes]:
    return {entry["name"]: entry["user"]["token"].encode() for entry in yaml.safe_load(kubeconfig.read_text())["users"]}


def _objects(account: str, wanted: Sequence[str]) -> list[dict[str, object]]:
    roles = [f"meshops-lifecycle-{role}" for role in wanted]
    roles = roles or [name for name in (role["metadata"]["name"] for role in rbac.roles()) if "-consul" not in name]
    subject = {"kind": "ServiceAccount", "name": account, "namespace": _SPACE}
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"{account}-{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
        } for role in roles
    ]  # fmt: skip
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": _SPACE}}, *bindings]

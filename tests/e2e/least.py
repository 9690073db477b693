# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that runs the playbooks of these tests: in each cluster it has the ClusterRoles of docs/rbac.yml, but those for Consul, and no other right."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support import rbac

from .estate import CLUSTERS, Estate

_ACCOUNT = "meshops"
_SPACE = "default"


def account(estate: Estate, folder: Path) -> Path:
    """Make the account. Return the path of a kubeconfig with a context and a token for each cluster."""
    known = yaml.safe_load(Path(estate.kubeconfig).read_text())
    users, contexts = [], []
    for cluster in CLUSTERS:
        estate.kubectl(cluster, "apply", "-f", str(rbac.FILE))
        estate.kubectl(cluster, "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}))
        token = estate.kubectl(cluster, "create", "token", _ACCOUNT, "-n", _SPACE, "--duration=24h").strip()
        context = next(entry["context"] for entry in known["contexts"] if entry["name"] == cluster)
        users.append({"name": cluster, "user": {"token": token}})
        contexts.append({"name": cluster, "context": {"cluster": context["cluster"], "user": cluster}})
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({**known, "users": users, "contexts": contexts, "current-context": ""}))
    return path


def tokens(kubeconfig: Path) -> dict[str, bytes]:
    return {entry["name"]: entry["user"]["token"].encode() for entry in yaml.safe_load(kubeconfig.read_text())["users"]}


def _objects() -> list[dict[str, object]]:
    roles = [name for name in (role["metadata"]["name"] for role in rbac.roles()) if "-consul" not in name]
    subject = {"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": _SPACE}
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"{_ACCOUNT}-{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
        } for role in roles
    ]  # fmt: skip
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _ACCOUNT, "namespace": _SPACE}}, *bindings]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What these tests look at in a cluster."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, Estate
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import lasting

REV, TAG = "istio.io/rev", "istio-revision-tag-default"
UNCHANGED = dict.fromkeys(CLUSTERS, 0)
SAIL = ("istios", "istiorevisions", "istiorevisiontags", "istiocnis")


def operands(estate: Estate, cluster: str) -> dict[str, Any]:
    """The specs of the operator's objects, by kind and name."""
    items = estate.get(cluster, ",".join(f"{plural}.sailoperator.io" for plural in SAIL))["items"]
    return {f"{one['kind']} {one['metadata']['name']}": one["spec"] for one in items}


def state(estate: Estate, cluster: str) -> dict[str, Any]:
    """What stands there of a mesh, with the operator's objects."""
    return {**lasting(estate, cluster), **operands(estate, cluster)}


def makers(estate: Estate, cluster: str) -> set[str]:
    """The revisions that made the proxies of a cluster, and the one to which its default tag leads."""
    pods = [item["metadata"] for item in estate.get(cluster, "pods", "-A")["items"]]
    made = {meta["annotations"][REV] for meta in pods if REV in meta.get("annotations", {}) and not meta.get("deletionTimestamp")}
    return made | {estate.get(cluster, "mutatingwebhookconfiguration", TAG)["metadata"]["labels"][REV]}


def istiods(estate: Estate, cluster: str) -> list[str]:
    return [name for name in estate.names(cluster, "deployments", "-n", "istio-system") if name.startswith("istiod")]


def of_revision(estate: Estate, cluster: str, revision: str) -> list[str]:
    """What there is of a revision: webhooks, and objects of the operator with its name."""
    hooks = estate.names(cluster, "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-l", f"{REV}={revision}")
    return [*hooks, *(one for one in operands(estate, cluster) if one.partition(" ")[2] == revision)]


def across(estate: Estate) -> None:
    """An application, with a server in west only: each request of east crosses."""
    estate.bring_app()
    estate.kubectl("east", "-n", "app", "scale", "deployment/server", "--replicas=0")
    estate.kubectl("east", "-n", "app", "wait", "--for=delete", "pod", "-l", "app=server", "--timeout=60s")


def crosses(estate: Estate) -> bool:
    """A request of the client in east is answered, over mutual TLS."""
    told = estate.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", "fortio", "curl", "-quiet", "http://server.app:8080/debug")
    return "X-Forwarded-Client-Cert" in told


def differs(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Both sides of each object that is another now, for a message."""
    return {name: (before.get(name), after.get(name)) for name in {*before, *after} if before.get(name) != after.get(name)}

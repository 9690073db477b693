# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that a rotation needs for the Lease and the root, and the message about missing ones."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease import rights
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

ACTIVE, UPCOMING = (Ref("v1", "Secret", name, "trust") for name in ("root", "root-next"))


def said(wanted: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(one["verb"], one["resource"], one.get("name", "")) for one in wanted}


def test_a_root_that_is_replaced_takes_more_than_one_that_is_read() -> None:
    assert said(rights.to_root(ACTIVE, UPCOMING, replaced=False)) == {("get", "secrets", "root")}
    read = {("get", "secrets", "root"), ("get", "secrets", "root-next"), ("get", "namespaces", "trust")}
    written = {("create", "secrets", ""), ("patch", "secrets", "root"), ("delete", "secrets", "root-next")}
    assert said(rights.to_root(ACTIVE, UPCOMING, replaced=True)) == read | written


def test_a_creation_cannot_be_allowed_by_name() -> None:
    wanted = rights.to_lease(Ref("coordination.k8s.io/v1", "Lease", "meshops-shop", "trust"))
    assert said(wanted) == {("get", "leases", "meshops-shop"), ("update", "leases", "meshops-shop"), ("create", "leases", ""), ("get", "namespaces", "trust")}


def denied(*sentences: str, **more: Any) -> dict[str, Any]:
    return {"denied": [{"sentence": one} for one in sentences], **more}


def test_nothing_is_told_where_nothing_is_missing() -> None:
    assert rights.findings([("east", denied(name="east")), ("west", denied(name="west"))]) == []


def test_a_cluster_that_was_asked_twice_is_told_once() -> None:
    asked = [("east", denied("patch pods", name="east")), ("west", denied()), ("the trust cluster", denied("patch pods", "get leases", name="east"))]
    assert rights.findings(asked) == [
        "east: the credential may not patch pods, get leases. Grant these rights, as docs/rbac.yml does, or use another credential.",
    ]


def test_a_cluster_that_could_not_be_asked_comes_first() -> None:
    asked = [("east", denied("patch pods")), ("west", {"failed": True, "msg": "west: no route."}), ("north", {})]
    assert rights.findings(asked) == [
        "west cannot be judged: west: no route.",
        "north cannot be judged: nobody asked it.",
        "east: the credential may not patch pods. Grant these rights, as docs/rbac.yml does, or use another credential.",
    ]

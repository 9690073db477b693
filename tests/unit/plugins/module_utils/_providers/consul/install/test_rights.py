# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that preflight asks for are those that the install, the status and the links use."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.entrance import Entrance
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Link
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet, ServiceWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import gateway, product
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.links import peering
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import crds
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.kinds import KINDS
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SMALL

LINK = Link("west", "east", "consul")
Right = tuple[str, str, str, str]


def group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def right(verb: str, one: Read | Ref) -> Right:
    return verb, group(one.api_version), f"{one.kind.lower()}s", one.namespace or ""


def looked(looks: Iterable[Look]) -> set[Right]:
    return {right("get" if isinstance(one, Ref) else "list", one) for each in looks for one in each.reads}


def lacking(wanted: set[Right], rights: Iterable[dict[str, str]]) -> set[Right]:
    """A right in all namespaces is one in each."""
    given = {(one["verb"], one["group"], one["resource"], one.get("namespace") or "") for one in rights}
    return {one for one in wanted if one not in given and (*one[:3], "") not in given}


@pytest.mark.parametrize("wish", [PEER, SMALL], ids=lambda wish: wish.cluster)
def test_what_is_applied_and_removed(wish) -> None:
    made = [one for stage in CONSUL.install.stages(wish) for one in stage.manifests]
    gone = [one for stage in CONSUL.install.teardown(wish) for one in stage.manifests]
    wanted = {right(verb, Ref.of(one)) for one in made for verb in ("get", "create", "patch")} | {right("delete", Ref.of(one)) for one in gone}
    named = {(verb, api, "poddisruptionbudgets" if "poddisruption" in kind else kind, space) for verb, api, kind, space in wanted}
    assert lacking(named, CONSUL.install.permissions(wish.namespace)) == set()


def test_what_is_looked_at_in_an_install_and_for_status() -> None:
    looks = [CONSUL.health.facts("east", "consul"), product.due(PEER), gateway.due(PEER), CONSUL.trust.bundle("consul")]
    assert lacking(looked(looks), CONSUL.install.permissions("consul")) == set()


def test_what_declared_objects_need() -> None:
    wanted = crds.due(PEER, [])
    listed = {("list", crds.GROUP, kind.plural, "") for kind in KINDS.values()}
    assert {one.kind for one in wanted.reads if isinstance(one, Read)} == {kind.resource for kind in KINDS.values()}
    written = {(verb, crds.GROUP, kind.plural, "consul") for kind in KINDS.values() for verb in ("get", "create", "patch", "delete")}
    assert lacking(listed | written, CONSUL.install.permissions("consul", source="repository")) == set()


def test_what_workloads_and_their_identities_need() -> None:
    wish = ServiceSet("inventory", (ServiceWish("shop", "store", 8080, "Deployment", "shop"),))
    listed = {("list", "apps", kind, "") for kind in ("daemonsets", "deployments", "statefulsets")}
    assert lacking(listed, CONSUL.install.permissions("consul")) == set(), "which workloads have a sidecar, even if the inventory names none"
    rights = [*CONSUL.install.permissions("consul"), *CONSUL.workloads.permissions("consul")]
    looks = [CONSUL.workloads.due(PEER, wish), CONSUL.workloads.spare(PEER, wish)]
    written = {(verb, "", "secrets", "store") for verb in ("get", "create", "patch", "delete")} | {("patch", "apps", "deployments", "store")}
    assert lacking(looked(looks) | written | {("list", "policy", "poddisruptionbudgets", "store")}, rights) == set()


def test_what_a_link_looks_at() -> None:
    looks = [CONSUL.links.offer(LINK, Entrance("")), CONSUL.links.there("consul"), CONSUL.links.grants("consul"), CONSUL.links.sights(LINK)]
    due = [peering.fills(LINK), peering.establishes(LINK), peering.ends("consul", "west")]
    assert lacking(looked([*looks, *due]), CONSUL.links.permissions("consul")) == set()


def test_what_a_rotation_looks_at() -> None:
    driven = CONSUL.driven_rotation
    assert driven
    assert lacking(looked([driven.progress("consul")]), driven.permissions("consul", False, False)) == set()


def test_the_prepared_secrets_may_be_made() -> None:
    wanted = {(verb, "", "secrets", "consul") for verb in ("get", "create", "patch")}
    assert lacking(wanted, CONSUL.install.permissions("consul")) == set()


def test_pods_are_asked_wherever_they_are() -> None:
    assert lacking({("create", "", "pods/portforward", "consul")}, CONSUL.install.permissions("consul")) == set()
    assert lacking({("create", "", "pods/portforward", "probe")}, CONSUL.install.permissions("consul", probe="probe")) == set()

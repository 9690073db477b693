# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same declaration as objects of Kubernetes: what is applied, removed, waited for and refused. HashiCorp's controller did not run."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import WHOLE, with_entries

EVERYONE = {"kind": "service-intentions", "name": "*", "sources": [{"name": "guest", "action": "deny"}]}
SYNCED = {"conditions": [{"type": "Synced", "status": "True"}]}
MANAGED = [{"manager": "meshops.lifecycle", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:meshops.lifecycle/set": {}}}}}]


def due(*declared: dict[str, Any], there: list[dict[str, Any]]) -> Due:
    wish = with_entries(*declared, through="crds")
    (stage,) = entries.stages(wish, Settings.of(wish).entries, controller=True)
    assert stage.then
    live: dict[str, list[dict[str, Any]]] = {}
    for one in there:
        live.setdefault(one["kind"], []).append(one)
    return stage.then.judge(live, Answers())


def stored(*declared: dict[str, Any], **status: Any) -> list[dict[str, Any]]:
    """The objects as they are after a run, each with a status."""
    objects = [deepcopy(dict(one)) for one in due(*declared, there=[]).manifests]
    for one in objects:
        one["status"] = status or SYNCED
        one["metadata"]["managedFields"] = MANAGED
    return objects


def names(due: Due) -> list[str]:
    return [f"{one['kind']}/{one['metadata']['name']}" for one in due.manifests]


def test_all_objects_are_applied_in_the_order_of_their_kinds_with_those_that_the_collection_needs() -> None:
    made = due(*WHOLE, EVERYONE, there=[])
    assert names(made) == [
        "Mesh/mesh", "ProxyDefaults/global", "ServiceDefaults/web", "ServiceResolver/web", "ServiceSplitter/web", "ServiceRouter/web",
        "ServiceIntentions/api", "ServiceIntentions/every-service", "ServiceIntentions/web",
    ]  # fmt: skip
    everyone = next(one for one in made.manifests if one["metadata"]["name"] == "every-service")
    assert everyone["spec"] == {"destination": {"name": "*"}, "sources": [{"name": "guest", "action": "deny"}]}
    assert next(one for one in made.manifests if one["kind"] == "ServiceRouter")["spec"]["routes"][0]["destination"]["requestTimeout"] == "1m30s"


def test_a_second_run_finds_nothing_to_do() -> None:
    assert due(*WHOLE, EVERYONE, there=stored(*WHOLE, EVERYONE)).complete


def test_objects_that_left_the_set_are_removed_and_those_of_others_stay() -> None:
    there = stored(*WHOLE)
    there.append({**deepcopy(there[-1]), "metadata": {"name": "theirs", "namespace": "consul"}, "spec": {"destination": {"name": "theirs"}}})
    left = due(there=there)
    assert left.manifests == []
    assert sorted(f"{ref.kind}/{ref.name}" for ref in left.removes) == [
        "ServiceDefaults/web", "ServiceIntentions/api", "ServiceIntentions/web", "ServiceResolver/web", "ServiceRouter/web", "ServiceSplitter/web",
    ]  # fmt: skip


def test_the_controller_is_waited_for_and_its_words_are_told() -> None:
    late = due(*WHOLE, there=stored(*WHOLE, conditions=[{"type": "Synced", "status": "False", "message": "protocol is tcp"}]))
    assert "the object of service-splitter/web is not synced (protocol is tcp)" in late.fault
    assert (late.manifests, late.complete) == ([], False)


def test_a_changed_object_is_applied() -> None:
    there = stored(*WHOLE)
    next(one for one in there if one["kind"] == "ServiceDefaults")["spec"]["protocol"] = "tcp"
    assert names(due(*WHOLE, there=there)) == ["ServiceDefaults/web"]


def test_an_object_of_somebody_else_is_refused_unless_it_is_equal() -> None:
    there = stored(*WHOLE)
    for one in there:
        one["metadata"]["labels"] = {}
    assert due(*WHOLE, there=there).complete
    resolver = next(one for one in there if one["kind"] == "ServiceResolver")
    resolver["spec"]["connectTimeout"] = "9s"
    with pytest.raises(Refused, match=r"^east: ServiceResolver consul/web is there already, .* from the entry service-resolver/web in connectTimeout"):
        due(*WHOLE, there=there)
    resolver["spec"] = {}
    with pytest.raises(Refused, match="differs from the entry service-resolver/web in connectTimeout, subsets"):
        due(*WHOLE, there=there)


def test_what_the_install_itself_made_is_taken_into_the_set() -> None:
    there = stored()
    for one in there:
        one["metadata"]["labels"] = {}
    assert names(due({"kind": "proxy-defaults", "config": {"protocol": "http"}}, there=there)) == ["ProxyDefaults/global"]


def test_the_objects_go_before_the_controller() -> None:
    wish = with_entries(*WHOLE, through="crds")
    assert len(entries.objects(wish, Settings.of(wish).entries)) == 8
    assert entries.objects(with_entries(*WHOLE), Settings.of(with_entries(*WHOLE)).entries) == []

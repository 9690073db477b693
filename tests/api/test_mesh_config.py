# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mesh_config as Ansible runs it, on a real API server."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import error
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import (
    as_somebody_else,
    config_map,
    crd,
    namespace,
    secret,
    widget,
)

from .conftest import BESIDE, OURS, Play, Step
from .istio_crds import istio_crds

_NUMBERS = itertools.count(1)


# test_in_process.py holds the results of both against each other; so here only these are done both ways: the whole cycle, and what must not be shown.
both_ways = pytest.mark.parametrize("interpreter", [OURS, BESIDE], ids=["in Ansible's process", "as a module"])


@pytest.fixture
def cluster(admin):
    return connect(admin, environ={})


@pytest.fixture
def place(cluster):
    name = f"mesh-config-{next(_NUMBERS)}"
    cluster.apply([namespace(name)])
    return name


def wish(*manifests: dict[str, Any], check: bool = False, **options: Any) -> Step:
    return Step("mesh_config", {"manifests": list(manifests), **options}, check)


def cycle(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[Step]:
    """Create, again, modify, again, delete, again; each in check mode first."""
    asked = [(one, "present"), (one, "present"), (other, "present"), (other, "present"), (one, "absent"), (one, "absent")]
    return [wish(*manifests, state=state, check=check) for manifests, state in asked for check in (True, False)]


@both_ways
def test_twelve_steps(play: Play, cluster):
    place, group = f"mesh-config-{next(_NUMBERS)}", "cycle.example.com"

    def objects(size: int, word: str) -> list[dict[str, Any]]:
        return [crd(group), config_map(place, a=word), secret(place, token=word), widget(group, place, size)]

    cluster.apply([namespace(place)])
    played = play(*cycle(objects(1, "one"), objects(2, "two")))
    kinds = 4
    created, updated, gone = ["created"] * kinds, ["unchanged"] + ["updated"] * 3, ["deleted"] * kinds
    same = ["unchanged"] * kinds
    expected = [created, created, same, same, updated, updated, same, same, gone, gone, same, same]
    assert played.actions == expected
    assert [result["changed"] for result in played.results] == [set(each) != {"unchanged"} for each in expected]
    assert all(len(result["diff"]) == sum(action != "unchanged" for action in actions)
               for result, actions in zip(played.results, expected, strict=True))  # fmt: skip
    assert played.results[4]["diff"] == played.results[5]["diff"]
    assert played.results[5]["diff"][0]["before"]["data"] == {"a": "one"}


def test_check_mode_on_an_empty_cluster(play: Play, cluster):
    place, group = "not-there-yet", "not-there-yet.example.com"
    objects = [namespace(place), crd(group), config_map(place, a="1"), widget(group, place)]
    (result,) = play(wish(*objects, check=True)).results
    assert [change["action"] for change in result["changes"]] == ["created"] * 4
    assert cluster.get(Ref.of(namespace(place))) is None


@both_ways
def test_secrets_are_nowhere_in_the_output(play: Play, place):
    plain = "-----BEGIN PRIVATE KEY-----\nthisisverysecretindeed\n-----END PRIVATE KEY-----\n"
    other = plain.replace("very", "quite")
    coded = secret(place)
    del coded["stringData"]
    coded["data"] = {"tls.key": base64.b64encode(other.encode()).decode()}
    misfit = {**secret(place), "data": {"tls.key": "not base64 but secret"}}
    played = play(
        wish(secret(place, **{"tls.key": plain}), check=True),
        wish(secret(place, **{"tls.key": plain})),
        wish(coded, check=True),
        wish(coded),
        wish(misfit),
        wish({**secret(place, **{"tls.key": plain}), "typo": 1}),
        wish(coded, state="absent"),
    )
    assert [result.get("failed", False) for result in played.results] == [False] * 4 + [True, True, False]
    assert played.actions[3] == ["updated"]
    assert played.results[3]["diff"][0]["after"]["data"]["tls.key"] == "(hidden, another value)"
    written = played.output + json.dumps(played.results)
    for text in (plain, other, "not base64 but secret"):
        for form in (text, text.strip().splitlines()[len(text.splitlines()) // 2], json.dumps(text)[1:-1]):
            for found in (form, base64.b64encode(form.encode()).decode().rstrip("="), form.encode().hex()):
                assert found not in written
        assert base64.b64encode(text.encode()).decode() not in written


HIDDEN = "s3cr3t-v4lue"
MISFITS = {
    "stringData.config.json is a mapping": {"stringData": {"config.json": {"inner": HIDDEN}}},
    "stringData.flag is true or false": {"stringData": {"flag": True, "token": HIDDEN}},
    "stringData is text": {"stringData": HIDDEN},
    "data is a list": {"data": [{"key": "password", "value": HIDDEN}]},
    "data.password is not base64": {"data": {"password": HIDDEN}},
}


def test_a_secret_that_is_no_text_is_refused_by_its_key_and_its_value_is_not_shown(play: Play, cluster, place):
    """Jinja may turn templates into mappings and booleans. The API server would refuse them too, but would quote them."""
    wishes = [{**secret(place), "stringData": None, **parts} for parts in MISFITS.values()]
    played = play(*(wish(manifest, check=check) for manifest in wishes for check in (True, False)))
    for said, pair in zip(MISFITS, zip(played.results[::2], played.results[1::2], strict=True), strict=True):
        for result in pair:
            assert result["failed"] and result["msg"].startswith(f"east: Secret {place}/key: {said}"), result["msg"]
    assert cluster.get(Ref.of(secret(place))) is None
    assert HIDDEN not in played.output + json.dumps(played.results)


@pytest.mark.parametrize("parts", MISFITS.values(), ids=MISFITS)
def test_the_servers_own_words_about_a_secret_come_without_its_value(cluster, place, parts):
    """The module does not refuse this value itself, so the API server does."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": place}, **parts}
    path = f"/api/v1/namespaces/{place}/secrets/key"
    answer = cluster._server.transport.request("PATCH", path, {"fieldManager": "meshops.lifecycle"}, body, content_type="application/apply-patch+yaml")
    assert not answer.ok
    told = str(error(answer, "east", "apply Secret"))
    assert HIDDEN not in told
    assert "expected" in told or "base64" in told, told


def test_check_mode_tells_the_conflict_over_what_was_created_by_post(play: Play, cluster, place):
    cluster.create(config_map(place, a="ours"))
    as_somebody_else(cluster, config_map(place, a="theirs"))
    asked = config_map(place, a="ours again")
    checked, refused = play(wish(asked, check=True), wish(asked)).results
    assert checked["msg"] == refused["msg"]
    assert checked["owners"] == refused["owners"] == {"colleague": [".data.a"]}


def test_check_mode_foresees_that_what_was_created_by_post_is_adopted(play: Play, cluster, place):
    cluster.create(config_map(place, a="ours"))
    asked = config_map(place, a="ours again")
    assert play(wish(asked, check=True), wish(asked), wish(asked)).actions == [["updated"], ["updated"], ["unchanged"]]


def test_a_conflict_names_the_owner_and_the_field(play: Play, cluster, place):
    as_somebody_else(cluster, config_map(place, a="theirs"))
    ours = config_map(place, a="ours")
    refused, checked, forced = play(wish(ours), wish(ours, check=True), wish(ours, force=True)).results
    told = f"east: cannot apply ConfigMap {place}/settings: .data.a belongs to colleague. Leave the field to its owner, or take it with force: true."
    assert [refused["msg"], checked["msg"]] == [told, told]
    assert refused["owners"] == {"colleague": [".data.a"]}
    assert forced["changed"]


def test_files(play: Play, cluster, place, tmp_path):
    """A Secret in a file is as little shown as one in the task, and a wrong file stops everything."""
    plain = "thisisverysecretindeed"
    held = secret(place, token=plain)
    (tmp_path / "right.yml").write_text(yaml.safe_dump_all([held, {"apiVersion": "v1", "kind": "List", "items": [config_map(place, a="1")]}]))
    (tmp_path / "wrong.yml").write_text(f"a: [{plain}\nb: 1\n")
    right, wrong = str(tmp_path / "right.yml"), str(tmp_path / "wrong.yml")
    misfit = {**held, "typo": plain}
    (tmp_path / "misfit.json").write_text(json.dumps(misfit))
    played = play(
        Step("mesh_config", {"src": [right, wrong]}),
        Step("mesh_config", {"src": [right]}, check=True),
        Step("mesh_config", {"src": right}),
        Step("mesh_config", {"src": [right], "manifests": [config_map(place, "two", a="1")]}),
        Step("mesh_config", {"src": [str(tmp_path / "misfit.json")]}),
        Step("mesh_config", {"src": [right], "state": "absent"}),
        Step("mesh_config", {}),
    )
    assert played.results[0]["msg"].startswith(f"The file of manifests {wrong} is not valid YAML, line 2, column ")
    assert played.actions == [[], ["created"] * 2, ["created"] * 2, ["created", "unchanged", "unchanged"], [], ["deleted"] * 2, []]
    assert "typo" in played.results[4]["msg"]
    assert played.results[6]["msg"] == "one of the following is required: manifests, src"
    written = played.output + json.dumps(played.results)
    assert plain not in written
    assert base64.b64encode(plain.encode()).decode() not in written


def _peer_authentication(place: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": "default", "namespace": place}
    return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": meta, "spec": spec}


def test_a_field_that_a_real_definition_does_not_know_is_an_error(play: Play, place):
    definition = istio_crds()["peerauthentications.security.istio.io"]
    right, wrong = _peer_authentication(place, mtls={"mode": "STRICT"}), _peer_authentication(place, mtsl={})
    step = play(wish(definition, right), wish(definition, right), wish(wrong), wish(wrong, check=True))
    assert [actions[1] for actions in step.actions[:2]] == ["created", "unchanged"]
    for result in step.results[2:]:
        assert result["msg"] == (
            f"east: cannot apply PeerAuthentication {place}/default: it does not fit its schema: .spec.mtsl: field not declared in schema."
        )


def test_the_wait_for_a_rollout_says_what_it_waits_for(play: Play, place):
    labels = {"app": "web"}
    spec = {"selector": {"matchLabels": labels}}
    spec["template"] = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    meta = {"name": "web", "namespace": place}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    late, unwaited, checked = play(wish(workload, wait_timeout=1), wish(workload, wait=False), wish(workload, check=True, wait_timeout=1)).results
    assert late["msg"].startswith(f"east: not ready after 1 s: Deployment {place}/web: its controller has not seen")
    assert not unwaited["changed"]
    assert not checked["changed"]


def test_a_namespace_that_is_being_deleted_is_said(play: Play, cluster, place):
    """There is no controller manager, so the deletion of the namespace never ends."""
    cluster.delete([Ref.of(namespace(place))])
    (result,) = play(wish(namespace(place), config_map(place, a="1"))).results
    assert result["msg"] == (f"east: cannot apply ConfigMap {place}/settings while its namespace is being deleted; run again when it is gone.")


def test_what_left_a_set_is_removed_and_nothing_else(play: Play, cluster, place):
    group = "prune.example.com"
    scope = {
        "set": place,
        "kinds": [{"api_version": f"{group}/v1", "kind": "Widget"}, {"api_version": "v1", "kind": "ConfigMap"}],
        "namespaces": [place],
    }
    cluster.apply([crd(group), secret(place, token="kept")])
    whole = [widget(group, place, 1), config_map(place, a="one")]
    played = play(
        wish(*whole, prune=scope),
        wish(*whole, prune=scope),
        wish(whole[1], prune=scope, check=True),
        wish(whole[1], prune=scope),
        wish(whole[1], prune=scope),
        wish(prune=scope),
    )
    assert played.actions == [
        ["created", "created"],
        ["unchanged", "unchanged"],
        ["unchanged", "deleted"],
        ["unchanged", "deleted"],
        ["unchanged"],
        ["deleted"],
    ]
    assert cluster.list("v1", "Secret", place), "a kind that is not named was removed"


def test_what_kubectl_exported_is_brought_to_another_cluster(play: Play, cluster, place):
    """With UID and version in the wish, the API server would report a conflict each time."""
    there = cluster.apply([config_map(place, "moved", a="1")])[0].after
    listed = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [there]})
    exported = yaml.safe_load(listed)["items"][0]
    other = {**exported, "metadata": {**exported["metadata"], "name": "elsewhere", "uid": "0f3c1c1e-0000-4000-8000-000000000001"}}
    owned = {**other, "metadata": {**other["metadata"], "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "moved", "uid": "0"}]}}
    ran = play(wish(other), wish(other), wish(owned))
    assert [result.get("changed") for result in ran.results] == [True, False, False]
    assert "was exported with its owner, ConfigMap moved" in ran.results[2]["msg"]
    assert cluster.get(Ref("v1", "ConfigMap", "elsewhere", place))["metadata"]["uid"] != there["metadata"]["uid"]


def test_what_a_controller_made_after_an_object_of_the_set_stays(play: Play, cluster, place):
    """istiod copies the labels of a Gateway to the Service that it makes for it."""
    scope = {"set": place, "kinds": [{"api_version": "v1", "kind": "ConfigMap"}, {"api_version": "v1", "kind": "Service"}], "namespaces": [place]}
    whole = [config_map(place, "gateway", a="1"), config_map(place, "route", a="1")]
    cluster.apply([config_map(place, "owner")])
    owner = cluster.get(Ref.of(config_map(place, "owner")))
    controller = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "controller": True}
    meta = {"namespace": place, "labels": {"meshops.lifecycle/set": place}}
    spec = {"ports": [{"port": 80}]}
    as_somebody_else(cluster, {"apiVersion": "v1", "kind": "Service", "metadata": {**meta, "name": "copied"}, "spec": spec})
    owned = {"apiVersion": "v1", "kind": "Service", "metadata": {**meta, "name": "owned", "ownerReferences": [controller]}, "spec": spec}
    cluster.apply([owned])
    played = play(wish(*whole, prune=scope), wish(whole[0], prune=scope), wish(whole[0], prune=scope))
    assert played.actions == [["created", "created"], ["unchanged", "deleted"], ["unchanged"]]
    assert sorted(one["metadata"]["name"] for one in cluster.list("v1", "Service", place)) == ["copied", "owned"]

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import gzip
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Record, Release, differences, due, failed, latest, read_record
from ansible_collections.meshops.lifecycle.tests.unit.support.helm_records import packed, record

WISH = Release("istiod", "istio-system", "istiod", "https://charts.example", "1.29.0", {"pilot": {"replicas": 2}})


def deployed(**change: Any) -> Record:
    return replace(Record("istiod", 1, "deployed", "1.29.0", {"pilot": {"replicas": 2}}, "sh.helm.release.v1.istiod.v1"), **change)


class TestReadRecord:
    def test_reads_what_helm_wrote(self) -> None:
        found = read_record(record("istiod", 3, "superseded", "1.28.1", {"pilot": {"replicas": 2}}))
        assert found == Record("istiod", 3, "superseded", "1.28.1", {"pilot": {"replicas": 2}}, "sh.helm.release.v1.istiod.v3")

    def test_reads_a_record_that_is_not_compressed(self) -> None:
        secret = record("istiod")
        body = {"name": "istiod", "version": 1, "info": {"status": "failed"}, "config": {"a": 1}}
        secret["data"]["release"] = packed(body, compressed=False)
        assert read_record(secret).status == "failed"

    def test_no_values_are_the_empty_values(self) -> None:
        assert read_record(record("istiod", values=None)).values == {}

    @pytest.mark.parametrize("data", [
        pytest.param(None, id="no data"),
        pytest.param({}, id="no release"),
        pytest.param({"release": "!"}, id="not base64"),
        pytest.param({"release": packed("", compressed=False)[:-6]}, id="cut off"),
        pytest.param({"release": base64.b64encode(base64.b64encode(gzip.compress(b"{}")[:-9])).decode()}, id="gzip cut off"),
        pytest.param({"release": base64.b64encode(base64.b64encode(b"\x1f\x8b\x08\x00" + b"\xff" * 20)).decode()}, id="not gzip inside"),
        pytest.param({"release": base64.b64encode(base64.b64encode(b"{")).decode()}, id="not JSON"),
        pytest.param({"release": packed([1])}, id="no object"),
    ])
    def test_says_which_record_cannot_be_read_and_what_to_look_at(self, data: Any) -> None:
        with pytest.raises(MeshError, match=r"^Helm's record in the Secret sh\.helm\.release\.v1\.istiod\.v1 cannot be decoded .*helm history"):
            read_record({**record("istiod"), "data": data})


@pytest.mark.parametrize(("status", "pending", "half_removed"), [
    ("deployed", False, False),
    ("failed", False, False),
    ("superseded", False, False),
    ("uninstalled", False, False),
    ("pending-install", True, False),
    ("pending-upgrade", True, False),
    ("pending-rollback", True, False),
    ("uninstalling", True, True),
])
def test_which_states_keep_helm_from_working(status: str, pending: bool, half_removed: bool) -> None:
    found = deployed(status=status)
    assert (found.pending, found.half_removed) == (pending, half_removed)


class TestFailed:
    def test_keeps_everything_but_the_status(self) -> None:
        secret = record("istiod", 2, "uninstalling", values={"a": 1})
        marked = failed(secret)
        assert read_record(marked) == replace(read_record(secret), status="failed")
        assert marked["metadata"] == {"name": "sh.helm.release.v1.istiod.v2", "namespace": "istio-system", "labels": {"status": "failed"}}

    def test_keeps_the_list_of_what_was_installed(self) -> None:
        body = gzip.decompress(base64.b64decode(base64.b64decode(failed(record("istiod", status="uninstalling"))["data"]["release"])))
        assert b"kind: ServiceAccount" in body

    def test_gives_the_same_bytes_each_time(self) -> None:
        assert failed(record("istiod")) == failed(record("istiod"))


class TestLatest:
    RECORDS = (deployed(revision=2), deployed(revision=10), deployed(revision=9), deployed(name="istio-base", revision=11))

    def test_counts_revisions_as_numbers(self) -> None:
        assert latest(self.RECORDS, "istiod") == deployed(revision=10)

    def test_is_none_of_a_release_that_was_never_there(self) -> None:
        assert latest(self.RECORDS, "cni") is None


class TestDue:
    def test_nothing_where_the_record_is_the_wish(self) -> None:
        assert due(WISH, deployed()) is None

    @pytest.mark.parametrize(("release", "found", "reason"), [
        pytest.param(WISH, None, "not installed", id="missing"),
        pytest.param(WISH, deployed(status="failed"), "its last operation ended as failed", id="failed"),
        pytest.param(WISH, deployed(status="pending-upgrade"), "its last operation ended as pending-upgrade", id="pending"),
        pytest.param(WISH, deployed(chart_version="1.28.1"), "chart 1.28.1 -> 1.29.0", id="another version"),
        pytest.param(WISH, deployed(values={}), "pilot.replicas (unset) -> 2", id="a value more"),
        pytest.param(replace(WISH, values={"a": 1}), deployed(values={"a": 2, "b": 1}), "a 2 -> 1; b 1 -> (unset)", id="values differ"),
    ])
    def test_says_why_helm_has_work_to_do(self, release: Release, found: Record | None, reason: str) -> None:
        assert due(release, found) == reason

    def test_the_version_of_a_directory_is_not_compared(self) -> None:
        assert due(replace(WISH, version=None), deployed(chart_version="1.32.0-dev")) is None


class TestDifferences:
    @pytest.mark.parametrize(("before", "after", "told"), [
        pytest.param({}, {}, [], id="none"),
        pytest.param({"a": 1}, {"a": 1.0}, [], id="numbers as JSON knows them"),
        pytest.param({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [1, 2], "b": 1}}, [], id="order of keys"),
        pytest.param({"b": 1, "a": 1}, {"b": 2, "a": 2}, ["a 1 -> 2", "b 1 -> 2"], id="sorted by path"),
        pytest.param({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": "1"}}}, ['a.b.c 1 -> "1"'], id="deep, and of another type"),
        pytest.param({"a": {"b": 1, "c": 2}}, {}, ["a.b 1 -> (unset)", "a.c 2 -> (unset)"], id="a branch is gone"),
        pytest.param({}, {"a": {"b": True}}, ["a.b (unset) -> true"], id="a branch is new"),
        pytest.param({"a": {}}, {}, [], id="an empty branch says nothing"),
        pytest.param({"a": {"b": 1}}, {"a": 2}, ["a (a dictionary) -> 2"], id="a value instead of a branch"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, ["a [1] -> [1, 2]"], id="a list"),
        pytest.param({"a": None}, {"a": {}}, ["a null -> (a dictionary)"], id="null is not an empty branch"),
        pytest.param({"a": "x" * 80}, {"a": ""}, [f'a "{"x" * 56}... -> ""'], id="a long value is cut"),
    ])
    def test_names_each_value_with_its_path(self, before: dict[str, Any], after: dict[str, Any], told: list[str]) -> None:
        assert differences(before, after) == told

    @pytest.mark.parametrize(("before", "after", "told"), [
        pytest.param({"registryPassword": "s3cret"}, {"registryPassword": "s3cret2"}, ["registryPassword (hidden) -> (hidden)"], id="by its name"),
        pytest.param({}, {"tokens": {"ci": "s3cret"}}, ["tokens.ci (unset) -> (hidden)"], id="by the name of a branch"),
        pytest.param({"auth": {"password": "s3cret"}}, {}, ["auth.password (hidden) -> (unset)"], id="in a branch that is gone"),
        pytest.param({}, {"auth": {"apiKey": "s3cret"}}, ["auth.apiKey (unset) -> (hidden)"], id="in a branch that is new"),
        pytest.param({"auth": {"password": "s3cret"}}, {"auth": None}, ["auth (a dictionary) -> null"], id="in a branch that becomes a value"),
        pytest.param({"env": [{"name": "TOKEN", "value": "s3cret"}]}, {"env": []}, ["env (a list of 1) -> []"], id="in a list of dictionaries"),
        pytest.param({"args": [["s3cret"]]}, {"args": [["s3cret"], ["b"]]}, ["args (a list of 1) -> (a list of 2)"], id="in a list of lists"),
    ])
    def test_shows_no_secret(self, before: dict[str, Any], after: dict[str, Any], told: list[str]) -> None:
        assert differences(before, after) == told
        assert "s3cret" not in str(told)


def test_a_release_as_helm_modules_take_it() -> None:
    assert WISH.as_dict() == {
        "name": "istiod", "namespace": "istio-system", "chart": "istiod", "repository": "https://charts.example", "version": "1.29.0",
        "values": {"pilot": {"replicas": 2}},
    }

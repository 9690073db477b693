# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Secret that no API server would store as intended is refused with the name of the key, without its value."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.secret_wish import fault

VALUE = "s3cr3t-v4lue"
AS_TEXT = "convert it with to_json or to_yaml, whichever its reader expects"


def wish(**parts):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}


@pytest.mark.parametrize(("parts", "told"), [
    pytest.param({"stringData": {"a.json": {"debug": True, "p": VALUE}}}, f"stringData.a.json is a mapping but must be text: {AS_TEXT}", id="mapping"),
    pytest.param({"stringData": {"hosts": [VALUE]}}, f"stringData.hosts is a list but must be text: {AS_TEXT}", id="list"),
    pytest.param({"stringData": {"flag": True}}, f"stringData.flag is true or false but must be text: put it in quotes, or {AS_TEXT}", id="boolean"),
    pytest.param({"stringData": {"port": 8080}}, f"stringData.port is a number but must be text: put it in quotes, or {AS_TEXT}", id="number"),
    pytest.param({"stringData": {"none": None}}, f"stringData.none is empty but must be text: {AS_TEXT}", id="empty"),
    pytest.param({"stringData": VALUE}, "stringData is text but must be a mapping of keys to text", id="all of it text"),
    pytest.param({"data": VALUE}, "data is text but must be a mapping of keys to text", id="all of data text"),
    pytest.param({"data": [{"key": "p", "value": VALUE}]}, "data is a list but must be a mapping of keys to text", id="a list of keys and values"),
    pytest.param({"data": {"p": {"inner": VALUE}}}, f"data.p is a mapping but must be text: {AS_TEXT}", id="a mapping in data"),
    pytest.param({"data": {"p": VALUE}}, "data.p is not base64: give plain text in stringData, or encode it with b64encode", id="plain text in data"),
    pytest.param({"data": {"p": "c2VjcmV0IQ"}}, "data.p is not base64: give plain text in stringData, or encode it with b64encode", id="cut off"),
])  # fmt: skip
def test_it_is_named_by_its_key(parts, told):
    assert fault(wish(**parts)) == told
    assert VALUE not in told


@pytest.mark.parametrize("parts", [
    pytest.param({}, id="nothing in it"),
    pytest.param({"stringData": {"a": "", "b": "true"}, "data": {"c": "", "d": "c2VjcmV0"}}, id="text"),
    pytest.param({"data": {"c": None}, "stringData": None}, id="no bytes"),
    pytest.param({"data": {"d": "c2Vj\ncmV0\r\n"}}, id="base64 in lines"),
])  # fmt: skip
def test_what_the_server_takes_is_let_pass(parts):
    assert fault(wish(**parts)) == ""


def test_of_other_kinds_nothing_is_asked():
    assert fault({**wish(data={"a": 1}), "kind": "ConfigMap"}) == ""

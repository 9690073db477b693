# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests in files: which forms are accepted, and the messages about others."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.manifest_file import load
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused

ONE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}
TWO = {**ONE, "metadata": {"name": "two"}}


@pytest.fixture
def file(tmp_path):
    def write(text, name="mesh.yml"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize(("text", "expected"), [
    pytest.param(json.dumps(ONE), [ONE], id="JSON"),
    pytest.param(f"---\n{json.dumps(ONE)}\n---\n# nothing\n---\n{json.dumps(TWO)}\n...\n", [ONE, TWO], id="documents, one of them empty"),
    pytest.param(f"{json.dumps(ONE)}\n---\n{json.dumps(TWO)}\n", [ONE, TWO], id="documents that begin like JSON"),
    pytest.param(json.dumps({"apiVersion": "v1", "kind": "List", "items": [ONE, TWO]}), [ONE, TWO], id="a List"),
    pytest.param(
        json.dumps({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "one"}, "data": {"a": "1"}}]}), [ONE], id="a list of a kind"
    ),
    pytest.param('{"kind": "AllowList", "apiVersion": "x/v1"}', [{"kind": "AllowList", "apiVersion": "x/v1"}], id="a kind that only sounds like one"),
    pytest.param("apiVersion: v1\nkind: ConfigMapList\nitems: null\n", [], id="a list of nothing"),
    pytest.param("", [], id="nothing"),
])  # fmt: skip
def test_what_is_in_a_file(file, text, expected):
    assert load(file(text)) == expected


def test_scalars_are_what_the_api_takes(file):
    text = "{date: 2026-01-01, time: 2026-01-01T10:00:00Z, none: ~, ports: 8080:80, clock: 12:30:45, yes: yes, int: 0x1f, "
    text += "mode: 0o440, old: 0440, name: 0o9, float: 1.5}"
    (found,) = load(file(text))
    assert found == {"date": "2026-01-01", "time": "2026-01-01T10:00:00Z", "ports": "8080:80", "clock": "12:30:45", True: True, "int": 31,
                     "mode": 288, "old": 288, "name": "0o9", "float": 1.5,
                     "none": None}  # fmt: skip
    assert load(file("{one: &a {b: 1}, two: {<<: *a}}")) == [{"one": {"b": 1}, "two": {"b": 1}}]


@pytest.mark.parametrize(("text", "told"), [
    pytest.param("a: 1\nb: [hunter2\nc: 3\n", r"is not valid YAML, line 3, column 2", id="a bracket"),
    pytest.param("password: *hunter2\n", r"is not valid YAML, line 1, column 11: found undefined alias", id="an alias"),
    pytest.param("a: 1\npassword: !hunter2 x\n", r"is not valid YAML, line 2, column 11: could not determine a constructor for the tag\.", id="a tag"),
    pytest.param("password: !!python/object/apply:os.system ['hunter2']\n", r"is not valid YAML, line 1", id="code"),
    pytest.param(b"password: hunter2 \xff\xfe\n", r"is not valid YAML\.", id="no text"),
    pytest.param("- hunter2\n", r"document 1 is a list, not a mapping\.", id="a list"),
    pytest.param("a: 1\n---\nhunter2\n", r"document 2 is a single value, not a mapping\.", id="a scalar"),
    pytest.param("kind: List\nitems: [{a: 1}, hunter2]\n", r"item 2 of the List in document 1 is not a mapping\.", id="an item"),
    pytest.param("data: {a: hunter2}\nkind: x\ndata: {b: 2}\n", r"is not valid YAML, line 1, column 1: the key data is given twice\.", id="twice"),
    pytest.param("a: 1\nb:\n  c: hunter2\n  c: 2\n", r"is not valid YAML, line 3, column 3: the key c is given twice\.", id="a key twice, deeper"),
    pytest.param('{"data": {"a": "hunter2", "a": "2"}}', r"is not valid JSON: the key a is given twice\.", id="a key twice in JSON"),
    pytest.param("$ANSIBLE_VAULT;1.1;AES256\n6162\n", r"is encrypted by ansible-vault", id="a vault"),
])  # fmt: skip
def test_a_wrong_file_is_one_sentence_without_its_content(file, text, told):
    path = file(text)
    with pytest.raises(Refused, match=told) as failed:
        load(path)
    assert path in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MeshError, match=rf"The file of manifests {tmp_path}/none.yml cannot be read: No such file or directory\."):
        load(f"{tmp_path}/none.yml")

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are read with the lines of their fields, and nothing of a file that cannot be read is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import marked
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused


def one(folder: Path, text: str, name: str = "a.yaml") -> marked.ReadFiles:
    (folder / name).write_text(text)
    return marked.read([str(folder / name)])


def test_each_object_has_the_lines_of_its_fields(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: A\n---\n# above\napiVersion: v1\nkind: B\nspec:\n  list:\n    - x: 1 # beside\n    - {y: 2}\n"
    first, second = one(tmp_path, text).documents
    assert (first.line(()), first.line(("kind",))) == (1, 2)
    assert [second.line(way) for way in ((), ("spec",), ("spec", "list", 0, "x"), ("spec", "list", 1, "y"))] == [5, 7, 9, 10]
    assert list(second.comments) == [(4, "above"), (9, "beside")]


def test_items_of_a_list_have_their_own_lines_and_json_has_lines_too(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n- apiVersion: v1\n  kind: B\n"
    assert [(each.manifest["kind"], each.line(("kind",))) for each in one(tmp_path, text).documents] == [("A", 5), ("B", 7)]
    (given,) = one(tmp_path, '{\n  "apiVersion": "v1",\n  "kind": "ConfigMapList",\n  "items": [\n {"metadata": {"name": "x"}}]}', "a.json").documents
    assert (given.manifest["kind"], given.line(("metadata", "name"))) == ("ConfigMap", 5)


def test_what_is_no_object_is_passed_over(tmp_path: Path) -> None:
    assert one(tmp_path, "replicas: 3\n---\n- a\n---\ntext\n---\nkind: Values\n").documents == []


def test_folders_are_read_through_without_hidden_names(tmp_path: Path) -> None:
    for name in ("b/a.yml", "a.sh", ".git/x.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("apiVersion: v1\nkind: A\n")
    result = marked.read([str(tmp_path)])
    assert [each.file for each in result.documents] == [str(tmp_path / "b/a.yml")]
    assert [each.file for each in result.scripts] == [str(tmp_path / "a.sh")]
    assert result.files == {str(tmp_path / name) for name in ("b/a.yml", "a.sh", "notes.txt")}


@pytest.mark.parametrize(("text", "line", "says"), [
    ("kind: Secret\napiVersion: v1\ndata: {password: hunter2: x}\n", 3, "is not valid YAML"),
    ("kind: A\nkind: B\n", 1, "the key kind is given twice"),
    ("apiVersion: v1\nkind: {{ .Values.kind }}\nhunter2: ]\n", 3, "render it first"),
    ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", 1, "is encrypted by ansible-vault"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_without_its_content(tmp_path: Path, text: str, line: int, says: str) -> None:
    result = one(tmp_path, text)
    ((file, at, why),) = result.unread
    assert (file, at) == (str(tmp_path / "a.yaml"), line)
    assert says in why
    assert "hunter2" not in why


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="neither a file nor a folder"):
        marked.read([str(tmp_path / "nothing")])


def test_no_repr_shows_content(tmp_path: Path) -> None:
    assert "hunter2" not in repr(one(tmp_path, "apiVersion: v1\nkind: Secret\nstringData: {a: hunter2} # hunter2\n"))

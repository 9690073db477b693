# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries that are cut out of a kubeconfig are those that the parser finds in the whole of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import kubeconfig_file
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.kubeconfig_file import KINDS, merged
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError

KUBECTL = """apiVersion: v1
clusters:
- cluster:
    certificate-authority: pki/ca.crt
    server: https://east.example:6443
  name: east
- cluster:
    server: https://west.example:6443
  name: arn:aws:eks:eu-west-1:1:cluster/west
contexts:
- context:
    cluster: east
    user: admin@east
  name: admin@east
current-context: admin@east
kind: Config
preferences: {}
users:
- name: admin@east
  user:
    token: t0
- name: west
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - get-token
      - name: no entry's name
      command: bin/login
      env: null
      installHint: Install it
        name: nor is this
      provideClusterInfo: false
""".replace("      - name: no entry's name\n", "      - name\n").replace("        name: nor is this\n", "        by following this\n")


def entries(path: str) -> dict[str, dict[str, Any]]:
    found = merged(path)
    return {kind: {name: found.entry(kind, name) for name in found.names(kind)} for kind in KINDS}


def by_the_parser(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    with monkeypatch.context() as patched:
        patched.setattr(kubeconfig_file, "_read", kubeconfig_file._parsed)
        return entries(str(path))


def cuts(content: str) -> bool:
    try:
        kubeconfig_file._cut("config", content.encode())
    except ValueError:
        return False
    return True


FLEET = {kind: [{"name": f"c{number}", kind[:-1]: {"server": "https://c", "token": f"t{number}"}} for number in range(50)] for kind in KINDS}
PLAIN = [
    pytest.param(KUBECTL, id="by kubectl"),
    pytest.param(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "preferences": {}, **FLEET}), id="by a program"),
    pytest.param(KUBECTL.replace("  name: admin@east\n", "  name:   admin@east  \n"), id="spaces around a name"),
    pytest.param(KUBECTL.replace("  name: east\n", "  name: 17\n"), id="a number for a name"),
    pytest.param(KUBECTL.replace("  name: east\n", "  name: east\n  name: second\n"), id="two names"),
    pytest.param(KUBECTL.replace("  name: east\n", "").replace("- name: west\n", "- name: admin@east\n"), id="none, and one twice"),
    pytest.param(KUBECTL + "clusters:\n- name: late\n  cluster:\n    server: https://late\n", id="a title twice"),
    pytest.param(KUBECTL.replace("contexts:\n", "contexts: null\nextensions:\n"), id="no contexts"),
]
OTHER = [
    pytest.param(KUBECTL.replace("  name: east\n", "  name: east\n    of two lines\n"), id="a name of two lines"),
    pytest.param(KUBECTL.replace("  name: east\n", "  name:\n    east\n"), id="a name below"),
    pytest.param(KUBECTL.replace("  name: east\n", "  name:\n"), id="an empty name"),
    pytest.param(KUBECTL.replace("    token: t0", '    token: "t0\\n"'), id="quoted"),
    pytest.param(KUBECTL.replace("clusters:\n", "clusters: # all of them\n"), id="comment"),
    pytest.param(KUBECTL.replace("    token: t0", "    token: |\n      t0"), id="a block of text"),
    pytest.param(KUBECTL.replace("\n  user:\n    token: t0", "\n  user: {token: t0}"), id="in one line"),
    pytest.param(KUBECTL.replace("\n  user:\n    token: t0", "\n  user: &u\n    token: t0") + "- name: a\n  user: *u\n", id="an anchor"),
    pytest.param("---\n" + KUBECTL, id="a document's mark"),
    pytest.param("\ufeff" + KUBECTL, id="a byte order mark"),
    pytest.param(KUBECTL.replace("\n", "\r\n"), id="carriage returns"),
    pytest.param(KUBECTL.replace("\n- ", "\n-\n  "), id="dashes of their own"),
    pytest.param("\n".join("  " + line if line[:1] in ("-", " ") else line for line in KUBECTL.splitlines()), id="indented lists"),
]


@pytest.mark.parametrize("content", [*PLAIN, *OTHER])
def test_the_same_entries_as_by_the_parser(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_bytes(content.encode())
    found = entries(str(path))
    assert found == by_the_parser(path, monkeypatch)
    assert found["users"]


@pytest.mark.parametrize("content", PLAIN)
def test_these_are_cut(content: str) -> None:
    assert cuts(content)


@pytest.mark.parametrize("content", OTHER)
def test_these_are_left_to_the_parser(content: str) -> None:
    assert not cuts(content)


@pytest.mark.parametrize("content", [
    pytest.param(KUBECTL.replace("    token: t0", "    token: t0: t1"), id="in an entry"),
    pytest.param(KUBECTL.replace("    token: t0", "    token: t0\n   key: t1"), id="its indentation"),
])  # fmt: skip
def test_a_broken_entry_is_told_without_its_content(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(MeshError) as raised:
        merged(str(path)).entry("users", "admin@east")
    assert str(raised.value) == f"The kubeconfig {path} is not valid YAML."


def test_a_broken_entry_does_not_keep_the_others_from_being_used(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECTL.replace("    token: t0", "    token: t0: t1"))
    assert merged(str(path)).entry("clusters", "east") == {"certificate-authority": str(tmp_path / "pki/ca.crt"), "server": "https://east.example:6443"}


def test_what_is_no_mapping_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for content in ("", "- name: east\n", "text\n"):
        path.write_text(content)
        with pytest.raises(MeshError, match=r"is empty\.$"):
            merged(str(path))

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a kubeconfig are found in every form of YAML."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach import kubeconfig_file
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.kubeconfig_file import KINDS, merged
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


FLEET = {kind: [{"name": f"c{number}", kind[:-1]: {"server": "https://c", "token": f"t{number}"}} for number in range(50)] for kind in KINDS}
WRITTEN = [
    pytest.param(KUBECTL, id="by kubectl"),
    pytest.param(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "preferences": {}, **FLEET}), id="by a program"),
    pytest.param(KUBECTL.replace("  name: admin@east\n", "  name:   admin@east  \n"), id="spaces around a name"),
    pytest.param(KUBECTL.replace("  name: east\n", "  name: 17\n"), id="a number for a name"),
    pytest.param(KUBECTL.replace("  name: east\n", "").replace("- name: west\n", "- name: admin@east\n"), id="none, and one twice"),
    pytest.param(KUBECTL.replace("contexts:\n", "contexts: null\nextensions:\n"), id="no contexts"),
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
    pytest.param(yaml.dump(yaml.safe_load(KUBECTL), Dumper=type("Nice", (yaml.SafeDumper,), {}), indent=4, default_flow_style=False), id="by to_nice_yaml"),
    pytest.param(json.dumps(yaml.safe_load(KUBECTL), indent="\t"), id="JSON with tabs"),
    pytest.param(json.dumps(yaml.safe_load(KUBECTL)).replace('"', ""), id="a mapping in one line"),
    pytest.param("\n".join("  " + line if line[:1] in ("-", " ") else line for line in KUBECTL.splitlines()), id="indented lists"),
]


@pytest.mark.parametrize("content", WRITTEN)
def test_the_entries_are_those_of_the_whole(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(content.encode())
    whole = yaml.safe_load(content) if content[0] != "{" or "\t" not in content else json.loads(content)
    expected: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        for entry in whole.get(kind) or []:
            if entry.get("name") is not None:
                expected.setdefault(kind, {}).setdefault(str(entry["name"]), set(entry[kind[:-1]]))
    found = {kind: {name: set(entry or {}) for name, entry in named.items()} for kind, named in entries(str(path)).items() if named}
    assert found == expected
    assert found["users"]


def test_as_text_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(KUBECTL.encode("utf-16"))
    assert list(entries(str(path))["users"]) == ["admin@east", "west"]


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, parsed = tmp_path / "config", []
    whole = kubeconfig_file._parsed
    monkeypatch.setattr(kubeconfig_file, "_parsed", lambda *what: parsed.append(what) or whole(*what))
    path.write_text(KUBECTL)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _turn: entries(str(path)), range(16)))
    assert all(one == found[0] for one in found)
    assert len(parsed) == 1
    path.write_text(KUBECTL.replace("t0", "another"))
    assert entries(str(path))["users"]["admin@east"] == {"token": "another"}
    entries(str(path))["users"]["admin@east"]["token"] = "altered by whoever got it"
    assert entries(str(path))["users"]["admin@east"] == {"token": "another"}
    assert len(parsed) == 2


@pytest.mark.parametrize("content", [
    pytest.param(KUBECTL.replace("    token: t0", "    token: t0: t1"), id="in an entry"),
    pytest.param(KUBECTL.replace("    token: t0", "    token: t0\n   key: t1"), id="its indentation"),
])  # fmt: skip
def test_a_broken_entry_is_told_without_its_content(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(MeshError) as raised:
        merged(str(path)).entry("users", "admin@east")
    assert str(raised.value) == f"The kubeconfig {path} is not valid YAML. `kubectl config view --kubeconfig {path}` names the line to mend."


def test_an_entry_that_cannot_be_made_does_not_keep_the_others_from_being_used(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECTL.replace("    token: t0", "    token: !!python/name:os.system t0"))
    assert merged(str(path)).entry("clusters", "east") == {"certificate-authority": str(tmp_path / "pki/ca.crt"), "server": "https://east.example:6443"}
    with pytest.raises(MeshError, match=r"is not valid YAML\. "):
        merged(str(path)).entry("users", "admin@east")


def test_what_is_no_mapping_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for content in ("", "- name: east\n", "text\n"):
        path.write_text(content)
        with pytest.raises(MeshError, match=r"is empty, or no kubeconfig: it has no contexts\. Put the file there, or name another one"):
            merged(str(path))

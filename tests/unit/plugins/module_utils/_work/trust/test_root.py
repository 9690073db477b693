# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a mesh's root. A message about one never shows content that was given in place of its path."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.manifest_file import load
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import signers
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.request import RootOptions
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.root import file

KEY = "-----BEGIN PRIVATE KEY-----\nMIGHsecret-word\n-----END PRIVATE KEY-----\n"
CONTENTS = [KEY, base64.b64encode(KEY.encode()).decode(), "secret-word" * 500, "secret-word\nand more"]


@pytest.mark.parametrize("content", CONTENTS)
def test_content_in_the_place_of_a_path_is_not_shown(content: str) -> None:
    found, (said,) = file(content, "root.private_key_file")
    assert found == b""
    assert said.startswith("root.private_key_file holds ")
    assert said.endswith("give a path, or give it as root.private_key")
    assert content not in said
    assert "secret-word" not in said


@pytest.mark.parametrize("content", CONTENTS)
def test_neither_that_of_a_vault_s_ca_nor_of_a_file_of_manifests(content: str) -> None:
    with pytest.raises(Refused, match=r"^root\.vault\.ca_cert holds .* itself") as told:
        signers.vault(RootOptions.of({"source": "vault", "vault": {"ca_cert": content}}))
    with pytest.raises(MeshError, match="^The file of manifests holds .* itself") as said:
        load(content)
    assert "secret-word" not in f"{told.value}{said.value}"


def test_a_file_is_found_by_home_and_variable_and_told_of_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(KEY)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert file("~/key", "root.private_key_file") == file("$HOME/key", "root.private_key_file") == (KEY.encode(), [])
    monkeypatch.chdir(tmp_path)
    (said,) = file("pki/key", "root.private_key_file")[1]
    where = f"It was looked for in {tmp_path}. Put the file there, or correct its path"
    assert said == f"root.private_key_file pki/key cannot be read: No such file or directory. {where}"

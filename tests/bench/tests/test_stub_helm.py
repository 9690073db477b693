# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from meshbench import stub_helm

RENDERED = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: b}
---
"""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stub receives. The real helm is missing here."""
    found: list[dict[str, Any]] = []
    monkeypatch.setenv("STUB_HELM", "/real/helm")
    monkeypatch.setenv("STUB_URL", "https://stub")
    monkeypatch.setenv("HELM_KUBECONTEXT", "c0001")
    monkeypatch.setattr(stub_helm, "_told", lambda command: RENDERED if command[1] == "template" else "name: istiod\nversion: 1.32.0\n")
    monkeypatch.setattr(stub_helm.urllib.request, "urlopen", lambda request, context: found.append(json.loads(request.data)) or io.BytesIO(b"{}"))
    return found


def test_an_upgrade_is_told_to_the_stub_as_the_real_helm_renders_it(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("revision: stable\n")
    assert stub_helm.main(["upgrade", "--install", "istiod-stable", "/charts/istiod", "--namespace=istio-system", f"--values={values}"]) == 0
    (told,) = sent
    assert {key: told[key] for key in ("cluster", "release", "namespace", "values")} == {
        "cluster": "c0001", "release": "istiod-stable", "namespace": "istio-system", "values": {"revision": "stable"},
    }
    assert told["chart"] == {"name": "istiod", "version": "1.32.0"}
    assert [one["metadata"] for one in told["objects"]] == [{"name": "a", "namespace": "istio-system"}, {"name": "b"}]


def test_nothing_is_there_before(sent: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert stub_helm.main(["list", "--output=json"]) == 0
    assert (capsys.readouterr().out, sent) == ("[]\n", [])


def test_what_needs_no_cluster_is_the_real_helms(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    class ReplacedError(Exception):
        """Stands for execv, after which nothing runs."""

    def execv(program: str, words: list[str]) -> None:
        raise ReplacedError(program, *words)

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(ReplacedError) as found:
        stub_helm.main(["version", "--short"])
    assert found.value.args == ("/real/helm", "/real/helm", "version", "--short")
    assert sent == []

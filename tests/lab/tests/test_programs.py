# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from meshlab import golang, paths, programs
from meshlab.errors import LabError
from meshlab.programs import PROGRAMS


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(paths.PROGRAMS, tmp_path / "programs")
    monkeypatch.setattr(paths, "PROGRAMS", tmp_path / "programs")
    return tmp_path / "programs"


def test_every_program_has_its_module() -> None:
    assert all((program.source / "go.mod").is_file() for program in PROGRAMS.values())


def test_key_is_stable_and_ignores_unrelated_files(copied: Path) -> None:
    program = PROGRAMS["kubernetes"]
    before = program.key
    (copied / "kubernetes" / "notes.md").write_text("unrelated")
    assert program.key == before


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_key_changes_with_what_is_built(copied: Path, file: str) -> None:
    program = PROGRAMS["kubernetes"]
    before = program.key
    with open(copied / "kubernetes" / file, "a", encoding="utf-8") as source:
        source.write("\n")
    assert program.key != before


def test_key_changes_with_the_stamps() -> None:
    program = PROGRAMS["helm"]
    assert dataclasses.replace(program, stamps=()).key != program.key


def test_helm_3_is_told_the_kubernetes_version_of_the_lab() -> None:
    _major, minor, _patch = programs.KUBERNETES_VERSION.split(".")
    assert f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={minor}" in PROGRAMS["helm"].ldflags


def test_the_key_of_a_program_is_its_own(copied: Path) -> None:
    """A change of Helm builds no Kubernetes anew."""
    before = {name: program.key for name, program in PROGRAMS.items()}
    with open(copied / "helm4" / "go.mod", "a", encoding="utf-8") as source:
        source.write("\n")
    assert [name for name, program in PROGRAMS.items() if program.key != before[name]] == ["helm4"]


def test_optional_programs_are_not_built_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(programs, "build", lambda program: asked.append(program.name) or Path("/x"))
    monkeypatch.setitem(PROGRAMS, "consul", programs.Program("consul", "tool", optional=True))
    programs.ensure()
    assert "consul" not in asked and set(asked) == set(PROGRAMS) - {"consul", "traffic", "node", "vault", "helm4", "istio-before"}


def test_charts_are_stamped_like_a_release() -> None:
    assert programs.stamped_chart("name: base\nversion: 1.0.0\nappVersion: 1.0.0\n", "Chart.yaml") == \
        "name: base\nversion: 1.32.0-lab\nappVersion: 1.32.0-lab\n"
    assert programs.stamped_chart("  hub: registry.istio.io/testing\n  tag: latest\n  other: latest\n", "values.yaml") == \
        "  hub: docker.io/istio\n  tag: 1.32.0-lab\n  other: latest\n"


@pytest.mark.parametrize(("text", "expected"), [("go1.26.8", (1, 26, 8)), ("go1.27", (1, 27, 0)), ("go1.26rc1", (1, 26, 0)), ("", ())])
def test_go_versions(text: str, expected: tuple[int, ...]) -> None:
    assert golang.version(text) == expected


def test_the_newest_demand_counts() -> None:
    assert golang.demanded(["module a\n\ngo 1.26\n", "module b\ngo 1.26.3\n"]) == (1, 26, 3)


def test_an_old_go_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(golang.wheels, "unpacked", lambda name, executable: Path("/cache/go-1"))
    assert golang.toolchain() == Path("/cache/go-1/go/bin/go")
    assert "is go1.19.8 and the programs ask for go1.26.0" in capsys.readouterr().err


def test_a_failing_build_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "go"
    broken.write_text("#!/bin/sh\necho 'example.com/x: dial tcp: i/o timeout' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("MESHOPS_CACHE", str(tmp_path))
    monkeypatch.setattr(programs.golang, "toolchain", lambda: broken)
    monkeypatch.setattr(programs.cache, "need_space", lambda *_: None)
    with pytest.raises(LabError, match="Building pause failed: example.com/x: dial tcp: i/o timeout"):
        programs.build(PROGRAMS["pause"])

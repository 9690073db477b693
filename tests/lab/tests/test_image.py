# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from meshlab import image, images
from meshlab.image import Image

LDD = """\tlinux-vdso.so.1 (0x00007ffc)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)
\tlibgone.so => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f)
"""


def small(tmp_path: Path) -> Image:
    program, data = tmp_path / "program", tmp_path / "data.json"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    data.write_text("{}")
    return Image(("docker.io/lab/x:1", "docker.io/lab/y:2"), {"/usr/bin/program": program, "/lib/data.json": data}, ["/usr/bin/program"], "1337:1337")


def test_libraries_named_by_ldd() -> None:
    assert set(image.libraries(LDD)) == {"/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"}


def test_libraries_lie_below_usr() -> None:
    assert image.merged("/lib64/ld.so") == "/usr/lib64/ld.so"
    assert image.merged("/library/x") == "/library/x"
    assert image.merged("/usr/bin/x") == "/usr/bin/x"


def test_layer_is_the_same_each_time(tmp_path: Path) -> None:
    assert image.layer(small(tmp_path)) == image.layer(small(tmp_path))


def test_layer_holds_files_users_and_places_to_write(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(image.layer(small(tmp_path)))) as layer:
        members = {member.name: member for member in layer}
        assert members["usr/bin/program"].mode == 0o755
        assert members["usr/lib/data.json"].mode == 0o644
        assert members["tmp"].mode == 0o1777 and members["tmp"].isdir()
        assert members["lib"].linkname == "usr/lib"
        assert b"istio-proxy:x:1337" in layer.extractfile("etc/passwd").read()


def test_archive_is_what_docker_save_writes(tmp_path: Path) -> None:
    image.write(small(tmp_path), tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        config = archive.extractfile(manifest["Config"]).read()
        layer = archive.extractfile(manifest["Layers"][0]).read()
    assert manifest["RepoTags"] == ["docker.io/lab/x:1", "docker.io/lab/y:2"]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    assert json.loads(config)["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert json.loads(config)["config"]["User"] == "1337:1337"


def test_databases_of_a_store_are_copied_and_the_rest_shared(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for path in ("content/blob", "metadata/meta.db"):
        (store / path).parent.mkdir(parents=True)
        (store / path).write_text("x")
    images.install(store, tmp_path / "cluster" / "containerd")
    copy = tmp_path / "cluster" / "containerd"
    assert (copy / "content/blob").samefile(store / "content/blob")
    assert not (copy / "metadata/meta.db").samefile(store / "metadata/meta.db")
    assert (copy / "metadata/meta.db").read_text() == "x"

# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consul in the lab, when it is asked for: two images, brought into clusters that run. A lab without them stays as it is, and one with them runs Istio too."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import cache, host, image, images, inside, paths, programs
from .errors import LabError
from .image import Image
from .progress import Progress
from .shell import run

VERSION = "1.22.3"
# Consul 1.22 names Envoy 1.33 to 1.35, and no registry of Python packages has those; with a bootstrap made beforehand it does not ask for the version.
ENVOY_VERSION = "1.40.0"
FORMAT = "1"
# What scripts in our manifests call, and what a person calls who looks into a pod.
APPLETS = ("sh", "cat", "chmod", "cp", "cut", "date", "env", "grep", "head", "id", "kill", "ls", "mkdir", "mv", "nc", "ps", "rm", "sed", "sleep", "tail",
           "test", "touch", "tr", "true", "wc", "wget")
USERS = {"etc/passwd": "root:x:0:0::/root:/bin/sh\nconsul:x:100:1000::/:/bin/sh\nenvoy:x:101:101::/:/bin/sh\n",
         "etc/group": "root:x:0:\nconsul:x:1000:\nenvoy:x:101:\n"}


def busybox() -> Path:
    """The machine's busybox, which needs no shell beside it."""
    found = shutil.which("busybox", path=host.search_path())
    if not found:
        raise LabError("`busybox` is not installed and the images of Consul need it: run `make lab-packages LAB_CONSUL=1` as root.")
    return Path(found).resolve()


def catalogue(binary: Path, envoy: Path, shell: Path) -> dict[str, Image]:
    """The images by the name of their archive. The first name of each is upstream's, and the second one says what it is made of."""
    links = {f"/bin/{applet}": "busybox" for applet in APPLETS}
    files = {"consul": {"/usr/bin/consul": binary, "/bin/busybox": shell}, "envoy": {"/usr/bin/envoy": envoy, "/bin/busybox": shell}}
    upstream = {"consul": f"docker.io/hashicorp/consul:{VERSION}", "envoy": f"docker.io/envoyproxy/envoy:v{ENVOY_VERSION}"}
    return {name: Image((upstream[name], f"docker.io/lab/{name}:{_key(parts, links)}"), parts, [f"/usr/bin/{name}"], texts=USERS, links=links)
            for name, parts in files.items()}


def _key(files: Mapping[str, Path], links: Mapping[str, str]) -> str:
    return cache.key([FORMAT, *sorted(files), *sorted(links)], image.with_libraries(files).values())


def archives() -> dict[str, Path]:
    """The archive of each image, by the name that says what it is made of; quick when the cache holds them."""
    host.check_root()
    found = catalogue(programs.build(programs.PROGRAMS["consul"]) / "consul", images.envoy(), busybox())

    def make(target: Path) -> None:
        cache.need_space(target, 1, "the images of Consul")
        with Progress("consul-images", lambda: "writing"):
            for name, one in found.items():
                image.write(one, target / f"{name}.tar")

    place = cache.made("consul-images", cache.key([one.names[1] for one in found.values()]), make)
    return {one.names[1]: place / f"{name}.tar" for name, one in found.items()}


def bring(made: Mapping[str, Path], clusters: Iterable[str]) -> None:
    """Bring the images into clusters that lack them."""
    for cluster in clusters if made else ():
        there = _names(cluster)
        for name, archive in made.items():
            if name not in there:
                inside.load_image(str(archive), [cluster])


def _names(cluster: str) -> set[str]:
    return set(run(["ctr", "--address", str(paths.state() / cluster / "containerd.sock"), "--namespace", "k8s.io", "images", "list", "--quiet"]).split())

